/**
 * Exponential moving average, O(1) a value, with JSON state changed in place: average += (value − average) ×
 * 2 / (period + 1), begun with the first value. The weighting is from Robert G. Brown, "Smoothing, Forecasting
 * and Prediction of Discrete Time Series" (1963); 2 / (period + 1) gives the weights the same mean age as those
 * of a simple average of that period.
 */
import { checkPeriod } from './period.ts';

export type EmaState = {
  readonly period: number;
  /** Values seen so far, up to `period`. */
  seen: number;
  average: number;
};

/** Throws INVALID_INPUT unless `period` is a whole number from 1. */
export function emaStart(period: number): EmaState {
  checkPeriod(period, (given) => `an average over ${given} values`);
  return { period, seen: 0, average: 0 };
}

/** Takes in one value and returns the average, NaN until `period` values were seen. */
export function emaNext(state: EmaState, value: number): number {
  const { period, seen } = state;
  if (seen === 0) state.average = value;
  else state.average += ((value - state.average) * 2) / (period + 1);
  if (seen < period) state.seen = seen + 1;
  return state.seen < period ? Number.NaN : state.average;
}
