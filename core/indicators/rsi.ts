/**
 * Wilder's relative strength index as a reducer with JSON state. J. Welles Wilder, "New Concepts in
 * Technical Trading Systems" (1978): RSI = 100 − 100 / (1 + average gain / average loss). The first averages
 * are plain means over `period` changes; after that average = (average × (period − 1) + change) / period.
 */
import { KeelError } from '../errors.ts';

export type RsiState = {
  readonly period: number;
  readonly previous: number | null;
  /** Changes seen so far, up to `period`. */
  readonly seen: number;
  /** Sums of gains and losses until `period` changes were seen, averages from then on. */
  readonly gain: number;
  readonly loss: number;
};

/** Throws INVALID_INPUT unless `period` is a whole number from 1. */
export function rsiStart(period: number): RsiState {
  if (!Number.isInteger(period) || period < 1) {
    throw new KeelError(
      'INVALID_INPUT',
      `an RSI over ${String(period)} changes is not possible; use a whole number from 1`,
    );
  }
  return { period, previous: null, seen: 0, gain: 0, loss: 0 };
}

/**
 * Takes in one close. `value` is within 0..100, null until `period` changes (`period` + 1 closes) were seen,
 * and 50 when the price never moved.
 */
export function rsiNext(state: RsiState, close: number): { state: RsiState; value: number | null } {
  const { period, previous } = state;
  if (previous === null) return { state: { ...state, previous: close }, value: null };

  const change = close - previous;
  const up = Math.max(change, 0);
  const down = Math.max(-change, 0);
  const warm = state.seen >= period;
  let gain = warm ? (state.gain * (period - 1) + up) / period : state.gain + up;
  let loss = warm ? (state.loss * (period - 1) + down) / period : state.loss + down;
  const seen = warm ? period : state.seen + 1;
  if (!warm && seen === period) {
    gain /= period;
    loss /= period;
  }
  const next: RsiState = { period, previous: close, seen, gain, loss };
  if (seen < period) return { state: next, value: null };
  const value = gain + loss === 0 ? 50 : (100 * gain) / (gain + loss);
  return { state: next, value };
}
