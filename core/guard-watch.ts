/**
 * What a price calls for from the guards of its symbol: the risk monitor's decisions, without its clock and
 * its doors. The guard's own machine (guard-plan.ts) checks each again under the locks of its position.
 */
import type { Guard, GuardMessage } from './guard.ts';
import { betterPrice, isWorthRatchet, reachesProfit, reachesStop } from './guard-levels.ts';
import type { Instrument } from './instrument.ts';
import type { Kline } from './kline.ts';
import type { MarketData } from './market-data.ts';
import { decimal } from './money.ts';

/** Prices seen in one go, in quote: of a tick all are the same, of a bar `last` is its close. */
export interface Quote {
  /** Market milliseconds: `high` and `low` are of the time from `from` to `at`, `last` is of `at`. */
  readonly from: number;
  readonly at: number;
  readonly last: string;
  readonly high: string;
  readonly low: string;
}

export type PriceMessage = Extract<GuardMessage, { kind: 'trigger' | 'ratchet' }>;

export function tickQuote({ timestamp, price }: MarketData): Quote {
  return { from: timestamp, at: timestamp, last: price, high: price, low: price };
}

/**
 * A bar counts by its high and low where closed bars are the only prices. Where ticks came since it opened
 * they have told what happened in it, and it counts by its close.
 * @param tickedAt market time of the symbol's newest tick, if there was any
 */
export function barQuote(bar: Kline, tickedAt: number | undefined): Quote {
  const { openAt, closeAt, close, high, low } = bar;
  const ticked = tickedAt !== undefined && tickedAt >= openAt;
  return ticked
    ? { from: closeAt, at: closeAt, last: close, high: close, low: close }
    : { from: openAt, at: closeAt, last: close, high, low };
}

/**
 * The quote as it counts against levels that stand since `since` (market ms): extremes that may be older than
 * they are do not count, and a price that is older does not at all (null).
 */
export function quoteSince(quote: Quote, since: number): Quote | null {
  if (quote.at < since) return null;
  const { at, last } = quote;
  return quote.from >= since ? quote : { from: at, at, last, high: last, low: last };
}

/** True while the venue itself acts on the stop: then its price is not ours to watch. */
export function restsAtVenue({ state, order }: Pick<Guard, 'state' | 'order'>): boolean {
  return state === 'armed' && order?.kind === 'stop' && !order.withdrawn;
}

/** The level of the guard that `quote` has reached; of two in one bar the stop, for nobody knows which was first. */
export function triggerOf(
  guard: Guard,
  quote: Quote,
): Extract<PriceMessage, { kind: 'trigger' }> | null {
  const { side, levels, generation, state, exit } = guard;
  if (side === null || exit !== null || state === 'closing' || state === 'ended') return null;
  const [worst, best] = side === 'long' ? [quote.low, quote.high] : [quote.high, quote.low];
  if (reachesStop(levels, worst, side) && !restsAtVenue(guard)) {
    return { kind: 'trigger', level: 'stop', generation, price: worst };
  }
  if (reachesProfit(levels, best, side)) {
    return { kind: 'trigger', level: 'takeProfit', generation, price: best };
  }
  return null;
}

/**
 * The step by which a trailing stop follows; null while the best price is not worth replacing the stop.
 * @param best the best price for the position that the monitor has seen
 */
export function ratchetOf(
  guard: Guard,
  best: string,
  instrument: Pick<Instrument, 'priceTick'>,
): Extract<PriceMessage, { kind: 'ratchet' }> | null {
  const { spec, side, levels, generation, state, exit, bestPrice } = guard;
  if (side === null || exit !== null || state === 'closing' || state === 'ended') return null;
  const better = !decimal(best).eq(bestPrice) && betterPrice(best, bestPrice, side) === best;
  if (!better || !isWorthRatchet(spec, levels, best, side, instrument)) return null;
  return { kind: 'ratchet', generation, price: best };
}

/** True when the guard has nothing more to learn from `message`: it acted, or its levels are others by now. */
export function hasReacted(guard: Guard, message: PriceMessage): boolean {
  if (guard.generation !== message.generation || guard.exit !== null) return true;
  if (guard.state === 'ended' || guard.state === 'closing') return true;
  return message.kind === 'trigger' && message.level === 'stop' && restsAtVenue(guard);
}

/** The trigger anew where the levels moved before the guard heard it, and its price has reached the new one too. */
export function retold(guard: Guard, message: PriceMessage): PriceMessage | null {
  if (message.kind !== 'trigger') return null;
  const { price } = message;
  const again = triggerOf(guard, { from: 0, at: 0, last: price, high: price, low: price });
  return again?.level === message.level ? again : null;
}
