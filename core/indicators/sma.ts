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
 * The running sum is compensated (A. Neumaier, "Rundungsfehleranalyse einiger Verfahren zur Summation
 * endlicher Summen", ZAMM 54, 1974): a plain one drifts by rounding, and averages of equal values would differ.
 */
export function smaNext(state: SmaState, value: number): number {
  const { period, window } = state;
  if (window.length < period) {
    window.push(value);
    add(state, value);
    return window.length < period ? Number.NaN : (state.sum + state.lost) / period;
  }
  const { at } = state;
  const oldest = window[at] ?? 0;
  window[at] = value;
  state.at = at + 1 === period ? 0 : at + 1;
  add(state, value);
  add(state, -oldest);
  return (state.sum + state.lost) / period;
}

function add(state: SmaState, value: number): void {
  const { sum } = state;
  const total = sum + value;
  state.lost += Math.abs(sum) >= Math.abs(value) ? sum - total + value : value - total + sum;
  state.sum = total;
}
