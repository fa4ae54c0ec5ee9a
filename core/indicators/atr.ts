/**
 * Wilder's average true range, O(1) a bar, with JSON state changed in place. J. Welles Wilder, "New Concepts in
 * Technical Trading Systems" (1978): true range = max(high, previous close) − min(low, previous close). The first
 * average is the plain mean of `period` ranges; after that average += (range − average) / period.
 */
import { checkPeriod } from './period.ts';

export type AtrState = {
  readonly period: number;
  previousClose: number | null;
  /** Ranges seen so far, up to `period`. */
  seen: number;
  /** Sum of ranges until `period` were seen, their average from then on. */
  range: number;
};

/** Throws INVALID_INPUT unless `period` is a whole number from 1. */
export function atrStart(period: number): AtrState {
  checkPeriod(period, (given) => `an average over ${given} true ranges`);
  return { period, previousClose: null, seen: 0, range: 0 };
}

/**
 * Takes in one bar and returns the average in the unit of the price, NaN until `period` bars were seen. The
 * first bar has no close before it: its range is high − low.
 */
export function atrNext(
  state: AtrState,
  bar: { readonly high: number; readonly low: number; readonly close: number },
): number {
  const { period, previousClose } = state;
  state.previousClose = bar.close;
  const before = previousClose ?? bar.low;
  const range = Math.max(bar.high, before) - Math.min(bar.low, before);
  if (state.seen >= period) {
    state.range += (range - state.range) / period;
    return state.range;
  }
  state.range += range;
  state.seen += 1;
  if (state.seen < period) return Number.NaN;
  state.range /= period;
  return state.range;
}
