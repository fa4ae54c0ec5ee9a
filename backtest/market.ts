/** One symbol in a backtest: its recorded bars with a cursor, and its instrument as scaled integers. */
import { KeelError } from '../core/errors.ts';
import { lotLimits } from '../core/filters.ts';
import type { Instrument } from '../core/instrument.ts';
import { intervalMs } from '../core/time.ts';
import type { SourceSlot } from '../strategies/feed-book.ts';
import { type BarSeries, firstBarFrom } from '../core/bar-series.ts';
import { placesOf, PriceScale, toFixedPoint } from './fixed-point.ts';
import type { Scaled } from './scaled.ts';
import type { SeriesBar } from './series-bar.ts';

/** Fees are rounded to so many places; a fee in base needs them in a quantity. */
export const FEE_PLACES = 8;

const MOST_PLACES = 15;

/** A series is run again and again in a sweep, and its columns do not change. */
const placesOfSeries = new WeakMap<Float64Array, number>();

/** Digits after the point that every price of a column fits in. Throws INVALID_INPUT for one that is no price. */
function placesOfColumn(column: Float64Array, symbol: string): number {
  const known = placesOfSeries.get(column) ?? countPlaces(column, symbol);
  placesOfSeries.set(column, known);
  return known;
}

function countPlaces(column: Float64Array, symbol: string): number {
  let places = 0;
  let index = firstBeyond(column, 1, 0);
  while (index < column.length) {
    const price = column[index] ?? Number.NaN;
    if (fits(price, 10 ** places)) index += 1;
    else places += 1;
    if (places > MOST_PLACES) {
      throw new KeelError(
        'INVALID_INPUT',
        `${symbol} has a price of ${String(price)}; prices are numbers above zero with at most ${String(MOST_PLACES)} places`,
      );
    }
    index = firstBeyond(column, 10 ** places, index);
  }
  return places;
}

/**
 * Index from `from` on of the first price that may be no multiple of 1 / factor; the length where there is none. A
 * loop of its own, with nothing in it that changes but the index: it passes over every price of a run, at a third of
 * the cost of `fits`, which it is too strict for only from 2^52 on, where doubles have no halves.
 */
function firstBeyond(column: Float64Array, factor: number, from: number): number {
  for (let index = from; index < column.length; index += 1) {
    const price = column[index] ?? 0;
    if (Math.floor(price * factor + 0.5) / factor !== price) return index;
  }
  return column.length;
}

/** Whether a price is a multiple of 1 / factor. */
function fits(price: number, factor: number): boolean {
  return Math.round(price * factor) / factor === price;
}

/** Digits after the point that every price of the bars fits in. Throws INVALID_INPUT for one that is no price. */
export function pricePlaces({ open, high, low, close, symbol }: BarSeries): number {
  return Math.max(...[open, high, low, close].map((column) => placesOfColumn(column, symbol)));
}

export class Market {
  /** Its place among the markets of the run. */
  readonly index: number;
  readonly symbol: string;
  readonly instrument: Instrument;
  readonly series: BarSeries;
  readonly lengthMs: number;
  /** Undefined where the strategy has no feed of it. */
  readonly source: SourceSlot | undefined;
  /** The bar at the cursor; one object for the whole run. */
  readonly bar: SeriesBar;
  readonly prices: PriceScale;
  readonly quantityPlaces: number;
  readonly isContract: boolean;
  /** The last price known: the open while a bar forms, then its close. */
  price = Number.NaN;
  /** By which contracts are marked: the last close, before there is one the price. */
  mark = Number.NaN;
  /** Index of the bar that forms next, and its open time; Infinity at the end. */
  cursor = 0;
  // A field that is declared without a value is undefined at first, and no plain double ever after.
  nextAt = Infinity;

  /** What binds orders at market, and limit orders: as scaled integers. */
  readonly lots: Readonly<Record<'market' | 'limit', Lots>>;
  readonly minNotional: Scaled;
  /** True where every price with that many places is on the tick. */
  readonly everyPriceOnTick: boolean;

  readonly #notionalUnit: number;
  #quantityText = '0';
  #quantity: Scaled = 0;

  constructor(
    bar: SeriesBar,
    instrument: Instrument,
    source: SourceSlot | undefined,
    index: number,
  ) {
    const { series } = bar;
    this.index = index;
    this.bar = bar;
    this.symbol = series.symbol;
    this.series = series;
    this.instrument = instrument;
    this.source = source;
    this.lengthMs = intervalMs(series.interval);
    this.isContract = instrument.contract !== undefined;
    const tickPlaces = placesOf(instrument.priceTick);
    const places = Math.max(tickPlaces, pricePlaces(series));
    this.prices = new PriceScale(places);
    this.everyPriceOnTick =
      toFixedPoint(instrument.priceTick, places) === 1 && places === tickPlaces;
    const limits = {
      market: lotLimits(instrument, 'market'),
      limit: lotLimits(instrument, 'limit'),
    };
    this.quantityPlaces = Math.max(
      FEE_PLACES,
      ...Object.values(limits).flatMap(({ step, min }) => [placesOf(step), placesOf(min)]),
    );
    this.lots = { market: this.#lots(limits.market), limit: this.#lots(limits.limit) };
    this.#notionalUnit = 10 ** this.notionalPlaces;
    this.minNotional = toFixedPoint(instrument.minNotional, this.notionalPlaces);
    this.#moveTo(0);
  }

  /** Of price × quantity. */
  get notionalPlaces(): number {
    return this.prices.places + this.quantityPlaces;
  }

  /** A notional as a double, in quote. */
  notionalNumber(notional: Scaled): number {
    return Number(notional) / this.#notionalUnit;
  }

  /** The bar at the cursor begins: its open is the price. */
  open(): void {
    const { bar } = this;
    bar.moveTo(this.cursor);
    this.price = bar.open;
    if (Number.isNaN(this.mark)) this.mark = bar.open;
  }

  /** The bar at the cursor is over: its close is the price. */
  close(): void {
    this.price = this.bar.close;
    this.mark = this.price;
    this.#moveTo(this.cursor + 1);
  }

  /** Stands `bars` before the first bar that opens at `at` or later. */
  skipTo(at: number, bars: number): void {
    this.#moveTo(Math.max(firstBarFrom(this.series, at) - bars, 0));
  }

  #moveTo(index: number): void {
    const { length, openAt } = this.series;
    this.cursor = index;
    // Not read beyond the end, and not by a conditional expression: either takes an allocation a bar.
    if (index < length) this.nextAt = openAt[index] ?? Infinity;
    else this.nextAt = Infinity;
  }

  /** As a scaled integer; the last one is remembered, for most strategies ask for the same size again and again. */
  quantity(text: string): Scaled {
    if (text === '0') return 0;
    if (text !== this.#quantityText) {
      this.#quantity = toFixedPoint(text, this.quantityPlaces);
      this.#quantityText = text;
    }
    return this.#quantity;
  }

  #lots({ step, min, max }: ReturnType<typeof lotLimits>): Lots {
    return { step: this.quantity(step), min: this.quantity(min), max: this.quantity(max) };
  }
}

export interface Lots {
  readonly step: Scaled;
  readonly min: Scaled;
  readonly max: Scaled;
}
