/**
 * Simple moving average as a reducer. Its state is JSON, so a strategy that is restored from its checkpoint
 * goes on bit by bit as if it had never stopped (docs/decisions/0001-indicators.md).
 */
import { KeelError } from '../errors.ts';

/** The last `period` values at most, oldest first. */
export type SmaState = {
  readonly period: number;
  readonly window: readonly number[];
};

/** Throws INVALID_INPUT unless `period` is a whole number from 1. */
export function smaStart(period: number): SmaState {
  if (!Number.isInteger(period) || period < 1) {
    throw new KeelError(
      'INVALID_INPUT',
      `an average over ${String(period)} values is not possible; use a whole number from 1`,
    );
  }
  return { period, window: [] };
}

/**
 * Takes in one value. `value` is null until `period` values were seen. The window is summed afresh, oldest
 * first: a running sum would drift by rounding and depend on where it began.
 */
export function smaNext(state: SmaState, close: number): { state: SmaState; value: number | null } {
  const window = [...state.window, close].slice(-state.period);
  const next = { period: state.period, window };
  if (window.length < state.period) return { state: next, value: null };
  let total = 0;
  for (const value of window) total += value;
  return { state: next, value: total / state.period };
}
