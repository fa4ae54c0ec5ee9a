/**
 * Simple moving average, O(1) a value. Its state is JSON, changed in place, so a strategy that is restored
 * from its checkpoint goes on bit by bit as if it had never stopped (docs/decisions/0001-indicators.md).
 */
import { checkPeriod } from './period.ts';

export type SmaState = {
  readonly period: number;
  /** The last `period` values, a ring once it is full; `at` is the place of the oldest. */
  readonly window: number[];
  at: number;
  /** Of the window, with what rounding took from it: see `smaNext`. */
  sum: number;
  lost: number;
};

/** Throws INVALID_INPUT unless `period` is a whole number from 1. */
export function smaStart(period: number): SmaState {
  checkPeriod(period, (given) => `an average over ${given} values`);
  return { period, window: [], at: 0, sum: 0, lost: 0 };
}

/**
 * Takes in one value and returns the average of the last `period`, NaN until so many were seen.
 *
 * What rounding takes from the running sum is kept beside it (D. Knuth, "The Art of Computer Programming" 2,
 * 4.2.2, theorem B, gives the error of one addition exactly): a plain sum drifts, and the averages of equal
 * values would differ.
 */
export function smaNext(state: SmaState, value: number): number {
  const { period, window, at, sum } = state;
  const full = window.length === period;
  const oldest = full ? (window[at] ?? 0) : 0;
  if (full) window[at] = value;
  else window.push(value);
  state.at = at + 1 === period ? 0 : at + 1;

  const grown = sum + value;
  const part = grown - sum;
  const total = grown - oldest;
  const taken = total - grown;
  state.lost +=
    sum - (grown - part) + (value - part) + (grown - (total - taken)) - (oldest + taken);
  state.sum = total;
  return window.length < period ? Number.NaN : (total + state.lost) / period;
}
