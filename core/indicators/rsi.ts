/**
 * Wilder's relative strength index, O(1) a value, with JSON state changed in place. J. Welles Wilder, "New
 * Concepts in Technical Trading Systems" (1978): RSI = 100 − 100 / (1 + average gain / average loss). The
 * first averages are plain means over `period` changes; after that
 * average = (average × (period − 1) + change) / period.
 */
import { checkPeriod } from './period.ts';

export type RsiState = {
  readonly period: number;
  previous: number | null;
  /** Changes seen so far, up to `period`. */
  seen: number;
  /** Sums of gains and losses until `period` changes were seen, averages from then on. */
  gain: number;
  loss: number;
};

/** Throws INVALID_INPUT unless `period` is a whole number from 1. */
export function rsiStart(period: number): RsiState {
  checkPeriod(period, (given) => `an RSI over ${given} changes`);
  return { period, previous: null, seen: 0, gain: 0, loss: 0 };
}

/**
 * Takes in one close. The index is within 0..100, NaN until `period` changes (`period` + 1 closes) were
 * seen, and 50 when the price never moved.
 */
export function rsiNext(state: RsiState, close: number): number {
  const { period, previous } = state;
  state.previous = close;
  if (previous === null) return Number.NaN;

  const change = close - previous;
  const up = Math.max(change, 0);
  const down = Math.max(-change, 0);
  if (state.seen >= period) {
    state.gain = (state.gain * (period - 1) + up) / period;
    state.loss = (state.loss * (period - 1) + down) / period;
  } else {
    state.gain += up;
    state.loss += down;
    state.seen += 1;
    if (state.seen < period) return Number.NaN;
    state.gain /= period;
    state.loss /= period;
  }
  const { gain, loss } = state;
  return gain + loss === 0 ? 50 : (100 * gain) / (gain + loss);
}
