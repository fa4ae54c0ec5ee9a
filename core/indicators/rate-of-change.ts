/** Rate of change over so many values, O(1) a value, with JSON state changed in place. */
import { checkPeriod } from './period.ts';

export type RateOfChangeState = {
  readonly period: number;
  /** The last `period` values, a ring once it is full; `at` is the place of the oldest. */
  readonly window: number[];
  at: number;
};

/** Throws INVALID_INPUT unless `period` is a whole number from 1. */
export function rateOfChangeStart(period: number): RateOfChangeState {
  checkPeriod(period, (given) => `a change over ${given} values`);
  return { period, window: [], at: 0 };
}

/**
 * Takes in one value and returns by which fraction it is above the one `period` before it (0.1 is 10 %), NaN until
 * there is one.
 */
export function rateOfChangeNext(state: RateOfChangeState, value: number): number {
  const { period, window, at } = state;
  if (window.length < period) {
    window.push(value);
    return Number.NaN;
  }
  const before = window[at] ?? Number.NaN;
  window[at] = value;
  state.at = at + 1 === period ? 0 : at + 1;
  return (value - before) / before;
}
