/**
 * Mean and standard deviation of the last values, as of Bollinger's bands, in O(1) a value amortised, with JSON
 * state changed in place.
 *
 * A running sum of squares from which old values are taken away loses all its digits once a large value has passed,
 * or when the values are large and differ little. So nothing is ever taken away. The window is a ring, filled round
 * by round. When a round begins, the sums over each tail of the last one are reckoned; at any place the window is
 * what this round brought, and the tail of the last round from there. And what is summed is the difference from
 * one value of the window: their squares are then at most `period` times as large as those around the mean, so the
 * variance's relative rounding error stays of the order of period² × 10⁻¹⁶, whatever the values.
 */
import { checkPeriod } from './period.ts';

export type DeviationState = {
  readonly period: number;
  readonly values: number[];
  /** Place of the next value. */
  at: number;
  /** A value of the window. */
  reference: number;
  /** Of this round: Σ (value − reference), and of its squares. */
  sum: number;
  squares: number;
  /** By place, of the last round's values from there on. Empty until a round is full. */
  readonly tailSum: number[];
  readonly tailSquares: number[];
};

/** Throws INVALID_INPUT unless `period` is a whole number from 1. */
export function deviationStart(period: number): DeviationState {
  checkPeriod(period, (given) => `a standard deviation of ${given} values`);
  return {
    period,
    values: [],
    at: 0,
    reference: 0,
    sum: 0,
    squares: 0,
    tailSum: [],
    tailSquares: [],
  };
}

/** Takes in one value and returns `deviationOf`. */
export function deviationNext(state: DeviationState, value: number): number {
  const { values, at } = state;
  if (values.length === 0) state.reference = value;
  const difference = value - state.reference;
  values[at] = value;
  state.at = at + 1;
  state.sum += difference;
  state.squares += difference * difference;
  if (state.at === state.period) beginRound(state, value);
  return deviationOf(state);
}

function beginRound(state: DeviationState, newest: number): void {
  const { period, values, tailSum, tailSquares } = state;
  let sum = 0;
  let squares = 0;
  // Forwards first: an array that is filled from its end is slow for ever.
  while (tailSum.length < period) tailSquares[tailSum.push(0) - 1] = 0;
  for (let place = period - 1; place >= 0; place -= 1) {
    const difference = (values[place] ?? 0) - newest;
    sum += difference;
    squares += difference * difference;
    tailSum[place] = sum;
    tailSquares[place] = squares;
  }
  state.reference = newest;
  state.at = 0;
  state.sum = 0;
  state.squares = 0;
}

/** The mean of the last `period` values, NaN until so many were seen. */
export function meanOf(state: DeviationState): number {
  const { period, at, reference, sum, tailSum } = state;
  return reference + (sum + (tailSum[at] ?? Number.NaN)) / period;
}

/** Their population standard deviation (divided by `period`), 0 for equal values, NaN until there are `period`. */
export function deviationOf(state: DeviationState): number {
  const { period, at, tailSum, tailSquares } = state;
  const sum = state.sum + (tailSum[at] ?? Number.NaN);
  const squares = state.squares + (tailSquares[at] ?? Number.NaN);
  return Math.sqrt(Math.max(squares - (sum * sum) / period, 0) / period);
}
