/**
 * Round trips of a backtest, from flat to flat: `roundTrips` of core/trade.ts in scaled integers, with the bars a
 * trade lived through read from the series. A property test holds both to the same figures.
 */
import type { Trade } from '../core/trade.ts';
import { firstBarFrom } from '../core/bar-series.ts';
import { fromFixedPoint, unitOf } from './fixed-point.ts';
import { Holding } from './holding.ts';
import { FEE_PLACES, type Market } from './market.ts';
import type { VenueFill } from './fill-log.ts';
import { divideHalfEven, magnitude, minus, negative, plus, type Scaled, times } from './scaled.ts';

const PRICE_PLACES = 18;

interface Building {
  readonly long: boolean;
  readonly entryAt: number;
  readonly entryTag: string;
  readonly realisedBefore: Scaled;
  entered: Scaled;
  enteredQuote: Scaled;
  left: Scaled;
  leftQuote: Scaled;
  /** As money. */
  fees: Scaled;
}

/** All trades, by entry. @param moneyPlaces of the books the fills were made for */
export function tradesOf(
  fills: readonly VenueFill[],
  moneyPlaces: number,
  markets: readonly Market[],
): Trade[] {
  return markets
    .flatMap((market) => {
      const own = markets.length === 1 ? fills : fills.filter((fill) => fill.market === market);
      return new TradeBuilder(market, moneyPlaces).build(own);
    })
    .sort((a, b) => a.entryAt - b.entryAt);
}

class TradeBuilder {
  readonly #market: Market;
  readonly #money: number;
  readonly #holding: Holding;
  readonly #trades: Trade[] = [];
  readonly #feeUnit: Scaled;
  #open: Building | null = null;

  constructor(market: Market, moneyPlaces: number) {
    this.#market = market;
    this.#money = moneyPlaces;
    this.#holding = new Holding(market, moneyPlaces);
    this.#feeUnit = unitOf(moneyPlaces - FEE_PLACES);
  }

  build(fills: readonly VenueFill[]): Trade[] {
    for (const whole of fills) {
      for (const fill of this.#cutAtZero(whole)) this.#take(fill);
    }
    if (this.#open !== null) this.#finish(this.#open, null);
    return this.#trades;
  }

  #take(fill: VenueFill): void {
    const holding = this.#holding;
    const open = (this.#open ??= this.#begin(fill));
    holding.apply(fill);
    const quote = times(fill.price, fill.quantity);
    const enters = (fill.side === 'buy') === open.long;
    if (enters) {
      open.entered = plus(open.entered, fill.quantity);
      open.enteredQuote = plus(open.enteredQuote, quote);
    } else {
      open.left = plus(open.left, fill.quantity);
      open.leftQuote = plus(open.leftQuote, quote);
    }
    open.fees = plus(open.fees, this.#feeInQuote(fill));
    // What is below the step cannot be sold: it goes into the next trade.
    if (!enters && magnitude(holding.quantity) < this.#market.lots.limit.step) {
      this.#finish(open, fill);
      this.#open = null;
    }
  }

  #begin(fill: VenueFill): Building {
    return {
      long: fill.side === 'buy',
      entryAt: fill.at,
      entryTag: fill.tag,
      realisedBefore: this.#holding.realised,
      entered: 0,
      enteredQuote: 0,
      left: 0,
      leftQuote: 0,
      fees: 0,
    };
  }

  #finish(trade: Building, exit: VenueFill | null): void {
    const { symbol, quantityPlaces } = this.#market;
    const exitAt = exit?.at ?? null;
    this.#trades.push({
      symbol,
      tradeNumber: this.#trades.length + 1,
      side: trade.long ? 'long' : 'short',
      entryAt: trade.entryAt,
      exitAt,
      entryTag: trade.entryTag,
      exitTag: exit?.tag ?? null,
      quantity: fromFixedPoint(trade.entered, quantityPlaces),
      entryPrice: this.#average(trade.enteredQuote, trade.entered),
      exitPrice: exit === null ? null : this.#average(trade.leftQuote, trade.left),
      pnl:
        exit === null
          ? null
          : fromFixedPoint(minus(this.#holding.realised, trade.realisedBefore), this.#money),
      fees: fromFixedPoint(trade.fees, this.#money),
      ...this.#excursions(trade, exitAt),
    });
  }

  /** Worst and best unrealised P&L of the trade's quantity over the bars it lived through. */
  #excursions(trade: Building, exitAt: number | null): Pick<Trade, 'mae' | 'mfe'> {
    const { series, prices, lengthMs } = this.#market;
    // Bars that close after the entry and open before the exit.
    const first = firstBarFrom(series, trade.entryAt - lengthMs + 1);
    const end = exitAt === null ? series.length : firstBarFrom(series, exitAt);
    if (first >= end) return { mae: null, mfe: null };
    let low = Infinity;
    let high = -Infinity;
    for (let index = first; index < end; index += 1) {
      low = Math.min(low, series.low[index] ?? low);
      high = Math.max(high, series.high[index] ?? high);
    }
    const fall = minus(times(prices.read(low), trade.entered), trade.enteredQuote);
    const rise = minus(times(prices.read(high), trade.entered), trade.enteredQuote);
    const [worst, best] = trade.long ? [fall, rise] : [negative(rise), negative(fall)];
    return { mae: this.#amount(worst < 0 ? worst : 0), mfe: this.#amount(best > 0 ? best : 0) };
  }

  #amount(notional: Scaled): string {
    return fromFixedPoint(notional, this.#market.notionalPlaces);
  }

  #average(quote: Scaled, quantity: Scaled): string {
    const scale = unitOf(PRICE_PLACES);
    const top = times(quote, scale);
    const bottom = times(quantity, unitOf(this.#market.prices.places));
    return fromFixedPoint(divideHalfEven(top, bottom), PRICE_PLACES);
  }

  #feeInQuote({ fee, feeAsset, price }: VenueFill): Scaled {
    const { instrument, prices } = this.#market;
    if (feeAsset === instrument.quote) return times(fee, this.#feeUnit);
    if (feeAsset !== instrument.base) return 0;
    return times(times(fee, price), unitOf(this.#money - FEE_PLACES - prices.places));
  }

  /** A fill that crosses zero, cut in two at zero, its fee in proportion; any other fill as it is. */
  #cutAtZero(fill: VenueFill): VenueFill[] {
    const held = this.#holding.quantity;
    const closes = held !== 0 && held < 0 === (fill.side === 'buy');
    if (!closes || fill.quantity <= magnitude(held)) return [fill];
    const fee = divideHalfEven(times(fill.fee, magnitude(held)), fill.quantity);
    return [
      { ...fill, quantity: magnitude(held), fee },
      { ...fill, quantity: minus(fill.quantity, magnitude(held)), fee: minus(fill.fee, fee) },
    ];
  }
}
