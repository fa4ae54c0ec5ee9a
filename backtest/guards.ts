/**
 * The exits that guard a position in a backtest: stop-loss, take-profit and trailing stop, from the same levels
 * as live (core/guard-levels.ts). A level that the bar's path meets closes the whole position at the market at
 * that price. Live, a stop rests at the venue and does the same; a take-profit and a trailing stop act on the
 * prices the risk monitor sees, so they may be a little later there.
 */
import { plainNumber } from '../core/money.ts';
import { guardLevels, type GuardExit, type GuardLevels, sideOf } from '../core/guard-levels.ts';
import type { StopSpec } from '../core/stops.ts';
import { firstTouch, type Distance, type Path, type Touch } from './bar-walk.ts';
import type { Books } from './books.ts';
import type { Market } from './market.ts';
import type { Order } from './order.ts';
import type { Scaled } from './scaled.ts';

export interface GuardTouch extends Touch {
  readonly exit: GuardExit;
}

interface Guard {
  readonly spec: StopSpec;
  /** Best price for the position since it opened. */
  best: number;
  levels: GuardLevels;
  /** The stop and the take-profit as doubles; null where there is none. */
  stop: number | null;
  profit: number | null;
}

export class Guards {
  readonly #books: Books;
  readonly #guards = new Map<Market, Guard>();

  constructor(books: Books) {
    this.#books = books;
  }

  guards(market: Market): boolean {
    return this.#guards.size > 0 && this.#guards.has(market);
  }

  /** A position was opened or changed by a fill of the order, at a price of its market's scale. */
  onFill({ market, reducing, request }: Order, price: Scaled): void {
    const spec = reducing ? undefined : request.stops;
    const known = this.#guards.get(market);
    if (spec === undefined && known === undefined) return;
    const { quantity } = this.#books.holding(market);
    if (quantity === 0) {
      this.#guards.delete(market);
      return;
    }
    const chosen = spec ?? known?.spec;
    if (chosen === undefined) return;
    const guard: Guard = {
      spec: chosen,
      best: known?.best ?? Number(price) / market.prices.factor,
      levels: { stop: null, stopKind: null, takeProfit: null },
      stop: null,
      profit: null,
    };
    this.#guards.set(market, guard);
    this.#level(market, guard);
  }

  end(market: Market): void {
    this.#guards.delete(market);
  }

  /**
   * The first level met from `from` on. A trailing stop follows the best price up to there, corner by corner.
   */
  reached(market: Market, path: Path, from: Distance): GuardTouch | null {
    const guard = this.#guards.get(market);
    if (guard === undefined) return null;
    const long = this.#books.holding(market).quantity > 0;
    let walked = 0;
    for (let leg = 0; leg < 3; leg += 1) {
      const begin = path[leg] ?? 0;
      const end = path[leg + 1] ?? 0;
      const stretch: Path = [begin, end, end, end];
      const length = Math.abs(end - begin);
      if (walked + length >= from) {
        const skipped = Math.max(from - walked, 0);
        const touch = this.#within(guard, stretch, skipped, long, market.prices.factor);
        if (touch !== null) return { ...touch, distance: walked + touch.distance };
        this.#follow(market, guard, end, long);
      }
      walked += length;
    }
    return null;
  }

  /** Both levels where the bar's range holds both, and which the path meets first; null otherwise. */
  bothReached(
    market: Market,
    path: Path,
  ): { readonly stop: number; readonly profit: number; readonly first: 'stop' | 'profit' } | null {
    const guard = this.#guards.get(market);
    if (guard === undefined) return null;
    const { stop, profit } = guard;
    if (stop === null || profit === null) return null;
    const [low, high] = stop < profit ? [stop, profit] : [profit, stop];
    if (!(Math.min(...path) <= low && Math.max(...path) >= high)) return null;
    const long = this.#books.holding(market).quantity > 0;
    const first =
      this.#within(guard, path, 0, long, market.prices.factor)?.exit === 'take-profit'
        ? 'profit'
        : 'stop';
    return { stop, profit, first };
  }

  /** Whether the bar's range holds either level, as they stand. */
  anyReached(market: Market, path: Path): boolean {
    const guard = this.#guards.get(market);
    if (guard === undefined) return false;
    const long = this.#books.holding(market).quantity > 0;
    return this.#within(guard, path, 0, long, market.prices.factor) !== null;
  }

  #within(
    guard: Guard,
    stretch: Path,
    from: Distance,
    long: boolean,
    unit: number,
  ): GuardTouch | null {
    const { stop, profit, levels } = guard;
    const loss =
      stop === null ? null : firstTouch(stretch, from, stop, long ? 'falls' : 'rises', unit);
    const gain =
      profit === null ? null : firstTouch(stretch, from, profit, long ? 'rises' : 'falls', unit);
    if (loss !== null && (gain === null || loss.distance <= gain.distance)) {
      return { ...loss, exit: levels.stopKind ?? 'stop-loss' };
    }
    return gain === null ? null : { ...gain, exit: 'take-profit' };
  }

  #follow(market: Market, guard: Guard, price: number, long: boolean): void {
    const better = long ? price > guard.best : price < guard.best;
    if (!better) return;
    guard.best = price;
    if (guard.spec.trailing !== undefined) this.#level(market, guard);
  }

  #level(market: Market, guard: Guard): void {
    const { quantity, averageCost } = this.#books.position(market.symbol);
    const side = sideOf(quantity);
    if (side === null || averageCost === null) return;
    guard.levels = guardLevels(
      guard.spec,
      { side, averageCost, best: plainNumber(guard.best) },
      market.instrument,
    );
    guard.stop = guard.levels.stop === null ? null : Number(guard.levels.stop);
    guard.profit = guard.levels.takeProfit === null ? null : Number(guard.levels.takeProfit);
  }
}
