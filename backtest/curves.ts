/**
 * The curves of a run, one point a clock tick. Worth is noted as it goes; when the points were, and how much was
 * invested, is reckoned from the bars and fills when it is asked for.
 */
import { firstBarFrom } from '../core/bar-series.ts';
import type { Books } from './books.ts';
import type { VenueFill } from './fill-log.ts';
import { movedBy } from './holding.ts';
import type { Market } from './market.ts';
import type { EquityCurve } from './result.ts';
import { plus, type Scaled } from './scaled.ts';

/** The worth of the books at each tick; grows as the run goes. */
export class WorthLog {
  #values: Float64Array;
  #length = 0;

  /** @param expected ticks, more or less */
  constructor(expected: number) {
    this.#values = new Float64Array(expected);
  }

  /** Takes the books at the markets' prices as the point of the tick that just closed. */
  add(books: Books): void {
    const end = this.#length;
    if (end === this.#values.length) this.#grow();
    let worth = books.flowNumber;
    for (const { quantityNumber, market } of books.holdings) {
      if (quantityNumber !== 0) worth += quantityNumber * market.price;
    }
    this.#values[end] = worth;
    this.#length = end + 1;
  }

  /** A view of what was added. */
  get values(): Float64Array {
    return this.#values.subarray(0, this.#length);
  }

  #grow(): void {
    const next = new Float64Array(Math.max(2 * this.#values.length, 16));
    next.set(this.#values);
    this.#values = next;
  }
}

export class Curves implements EquityCurve {
  readonly value: Float64Array;
  /** `openAt` of the ticks whose closes are the points. */
  readonly opens: Float64Array;
  readonly #markets: readonly Market[];
  readonly #fills: () => readonly VenueFill[];
  #at: Float64Array | undefined;
  #invested: Float64Array | undefined;

  /**
   * @param value worth at each tick
   * @param from the first tick is that of the first bar that opens there or later; ms UTC, or -Infinity
   * @param fills oldest first
   */
  constructor(
    value: Float64Array,
    markets: readonly Market[],
    from: number,
    fills: () => readonly VenueFill[],
  ) {
    this.value = value;
    this.opens = ticksOf(markets, from, value.length);
    this.#markets = markets;
    this.#fills = fills;
  }

  get at(): Float64Array {
    this.#at ??= this.#closes();
    return this.#at;
  }

  get invested(): Float64Array {
    this.#invested ??= this.#reckonInvested();
    return this.#invested;
  }

  #closes(): Float64Array {
    const { opens } = this;
    const lengthMs = this.#markets[0]?.lengthMs ?? 0;
    const closes = new Float64Array(opens.length);
    for (let point = 0; point < opens.length; point += 1) {
      closes[point] = (opens[point] ?? 0) + lengthMs;
    }
    return closes;
  }

  #reckonInvested(): Float64Array {
    const invested = new Float64Array(this.opens.length);
    for (const market of this.#markets) {
      const fills = this.#fills().filter((fill) => fill.market === market);
      addInvested(invested, market, this.opens, fills);
    }
    return invested;
  }
}

/** Adds |quantity| × last close of one market, at each tick. */
function addInvested(
  invested: Float64Array,
  market: Market,
  opens: Float64Array,
  fills: readonly VenueFill[],
): void {
  const { series, quantityPlaces } = market;
  const unit = 10 ** quantityPlaces;
  let held: Scaled = 0;
  let next = 0;
  let bar = firstBarFrom(series, opens[0] ?? 0) - 1;
  for (let point = 0; point < opens.length; point += 1) {
    const opensAt = opens[point] ?? 0;
    while ((series.openAt[bar + 1] ?? Infinity) <= opensAt) bar += 1;
    const nextOpensAt = opens[point + 1] ?? Infinity;
    for (let fill = fills[next]; fill !== undefined && fill.at < nextOpensAt; fill = fills[next]) {
      held = plus(held, movedBy(fill, market));
      next += 1;
    }
    if (held === 0) continue;
    const quantity = Math.abs(Number(held) / unit);
    invested[point] = (invested[point] ?? 0) + quantity * (series.close[bar] ?? 0);
  }
}

/**
 * Open times of a run's ticks: of every bar of any of its markets, each once. A view of the bars' own column where
 * there is one market.
 */
function ticksOf(markets: readonly Market[], from: number, count: number): Float64Array {
  const next = markets.map(({ series }) => firstBarFrom(series, from));
  const [only] = markets;
  if (only !== undefined && markets.length === 1) {
    const [first = 0] = next;
    return only.series.openAt.subarray(first, first + count);
  }
  const ticks = new Float64Array(count);
  for (let tick = 0; tick < count; tick += 1) {
    let at = Infinity;
    for (const [index, { series }] of markets.entries()) {
      at = Math.min(at, series.openAt[next[index] ?? 0] ?? Infinity);
    }
    ticks[tick] = at;
    for (const [index, { series }] of markets.entries()) {
      const bar = next[index] ?? 0;
      if (series.openAt[bar] === at) next[index] = bar + 1;
    }
  }
  return ticks;
}
