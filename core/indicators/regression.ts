/**
 * Least-squares line y = intercept + slope × x through the last pairs of values, and how far the newest pair is off
 * it, in O(1) a pair amortised, with JSON state changed in place. G. Vidyamurthy, "Pairs Trading" (2004), chapters 5
 * to 7, fits logarithms of prices so. Sums are kept as in deviation.ts, which says why.
 */
import { checkPeriod } from './period.ts';

/** Sums over pairs, of differences from the reference pair. */
type Sums = { x: number; y: number; xx: number; xy: number; yy: number };

export type RegressionState = {
  readonly period: number;
  readonly xs: number[];
  readonly ys: number[];
  /** Place of the next pair. */
  at: number;
  /** A pair of the window. */
  referenceX: number;
  referenceY: number;
  /** Of this round. */
  readonly round: Sums;
  /** By place, of the last round's pairs from there on. Empty until a round is full. */
  readonly tails: Sums[];
};

/** What the last `period` pairs say; every member is NaN until there are so many, and while x does not move. */
export interface Regression {
  readonly slope: number;
  readonly intercept: number;
  /** Pearson's, within −1..1; NaN while y does not move. */
  readonly correlation: number;
  /**
   * The newest y less the line at the newest x, in standard deviations of the residuals (population: divided by
   * `period`). NaN when all pairs are on the line.
   */
  readonly score: number;
}

/** Below this share of y's own variance a residual variance is rounding. */
const NO_RESIDUAL = 1e-12;

const nothing = (): Sums => ({ x: 0, y: 0, xx: 0, xy: 0, yy: 0 });

/** Throws INVALID_INPUT unless `period` is a whole number from 3: two pairs are always on a line. */
export function regressionStart(period: number): RegressionState {
  checkPeriod(period, (given) => `a regression through ${given} pairs`, 3);
  return {
    period,
    xs: [],
    ys: [],
    at: 0,
    referenceX: 0,
    referenceY: 0,
    round: nothing(),
    tails: [],
  };
}

/** Takes in one pair. */
export function regressionNext(state: RegressionState, x: number, y: number): Regression {
  const { xs, ys, at, round, period } = state;
  if (xs.length === 0) {
    state.referenceX = x;
    state.referenceY = y;
  }
  xs[at] = x;
  ys[at] = y;
  add(round, x - state.referenceX, y - state.referenceY);
  state.at = at + 1;
  if (state.at === period) beginRound(state, x, y);
  return regressionAt(state, x, y);
}

function add(sums: Sums, x: number, y: number): void {
  sums.x += x;
  sums.y += y;
  sums.xx += x * x;
  sums.xy += x * y;
  sums.yy += y * y;
}

function beginRound(state: RegressionState, newestX: number, newestY: number): void {
  const { period, xs, ys, tails } = state;
  const sums = nothing();
  while (tails.length < period) tails.push(nothing());
  for (let place = period - 1; place >= 0; place -= 1) {
    add(sums, (xs[place] ?? 0) - newestX, (ys[place] ?? 0) - newestY);
    Object.assign(tails[place] ?? {}, sums);
  }
  Object.assign(state, { at: 0, referenceX: newestX, referenceY: newestY });
  Object.assign(state.round, nothing());
}

const UNKNOWN: Regression = {
  slope: Number.NaN,
  intercept: Number.NaN,
  correlation: Number.NaN,
  score: Number.NaN,
};

function regressionAt(state: RegressionState, x: number, y: number): Regression {
  const { period, round } = state;
  const tail = state.tails[state.at];
  if (tail === undefined) return UNKNOWN;
  const sumX = round.x + tail.x;
  const sumY = round.y + tail.y;
  const xx = Math.max(round.xx + tail.xx - (sumX * sumX) / period, 0);
  const xy = round.xy + tail.xy - (sumX * sumY) / period;
  const yy = Math.max(round.yy + tail.yy - (sumY * sumY) / period, 0);
  if (xx === 0) return UNKNOWN;
  const slope = xy / xx;
  const residual = yy - slope * xy;
  // From the means, reckoned by the references: the means themselves are rounded to the size of the values.
  const offX = x - state.referenceX - sumX / period;
  const offY = y - state.referenceY - sumY / period;
  return {
    slope,
    intercept: y - offY - slope * (x - offX),
    correlation: yy === 0 ? Number.NaN : Math.min(Math.max(xy / Math.sqrt(xx * yy), -1), 1),
    score:
      residual <= NO_RESIDUAL * yy
        ? Number.NaN
        : (offY - slope * offX) / Math.sqrt(residual / period),
  };
}
