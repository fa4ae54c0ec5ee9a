/**
 * Moving average convergence and divergence, O(1) a value, with JSON state changed in place. Gerald Appel,
 * "Technical Analysis: Power Tools for Active Investors" (2005): line = fast EMA − slow EMA, signal = EMA of the
 * line, histogram = line − signal.
 */
import { emaNext, emaStart, type EmaState } from './ema.ts';
import { KeelError } from '../errors.ts';

export type MacdState = {
  readonly fast: EmaState;
  readonly slow: EmaState;
  readonly signal: EmaState;
};

/** In the unit of the values; each is NaN until its averages are known. */
export interface Macd {
  readonly line: number;
  readonly signal: number;
  readonly histogram: number;
}

/** Throws INVALID_INPUT unless the periods are whole numbers from 1 and `fast` is below `slow`. */
export function macdStart(fast: number, slow: number, signal: number): MacdState {
  const state = { fast: emaStart(fast), slow: emaStart(slow), signal: emaStart(signal) };
  if (fast < slow) return state;
  throw new KeelError(
    'INVALID_INPUT',
    `a MACD needs a fast period below the slow one, not ${String(fast)} and ${String(slow)}`,
  );
}

/** Takes in one value. The signal begins with the first line that is known. */
export function macdNext(state: MacdState, value: number): Macd {
  const line = emaNext(state.fast, value) - emaNext(state.slow, value);
  const signal = Number.isNaN(line) ? Number.NaN : emaNext(state.signal, line);
  return { line, signal, histogram: line - signal };
}
