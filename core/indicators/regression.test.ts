import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { getCorrelation, getLinearRegression } from 'trading-signals';
import {
  exactDecimal,
  relativeError,
  runThroughJson,
  windows,
} from '../../test/factories/series.ts';
import { Decimal } from '../money.ts';
import {
  type Regression,
  regressionNext,
  regressionStart,
  type RegressionState,
} from './regression.ts';

type Pair = readonly [number, number];

function run(pairs: readonly Pair[], period: number): Regression[] {
  const next = (state: RegressionState, [x, y]: Pair): Regression => regressionNext(state, x, y);
  return runThroughJson(regressionStart(period), next, pairs);
}

/** In 40 digits, from the definitions. */
function exactly(window: readonly Pair[]): Regression {
  const sum = (of: (pair: Pair) => Decimal): Decimal =>
    window.reduce((total, pair) => total.plus(of(pair)), new Decimal(0));
  const n = window.length;
  const meanX = sum(([x]) => exactDecimal(x)).div(n);
  const meanY = sum(([, y]) => exactDecimal(y)).div(n);
  const dx = ([x]: Pair): Decimal => exactDecimal(x).minus(meanX);
  const dy = ([, y]: Pair): Decimal => exactDecimal(y).minus(meanY);
  const xx = sum((pair) => dx(pair).pow(2));
  const yy = sum((pair) => dy(pair).pow(2));
  const xy = sum((pair) => dx(pair).mul(dy(pair)));
  const slope = xy.div(xx);
  const off = (pair: Pair): Decimal => dy(pair).minus(slope.mul(dx(pair)));
  const deviation = sum((pair) => off(pair).pow(2))
    .div(n)
    .sqrt();
  return {
    slope: slope.toNumber(),
    intercept: meanY.minus(slope.mul(meanX)).toNumber(),
    correlation: xy.div(xx.mul(yy).sqrt()).toNumber(),
    score: off(window[n - 1] ?? [0, 0])
      .div(deviation)
      .toNumber(),
  };
}

const step = fc.integer({ min: -1000, max: 1000 });
const pairs = fc.array(fc.tuple(step, step), { maxLength: 60 });
const period = fc.integer({ min: 4, max: 15 });

function expectExact(series: readonly Pair[], length: number): void {
  const spans = windows(series, length);
  for (const [at, got] of run(series, length).entries()) {
    const span = spans[at] ?? [];
    if (span.length === 0 || span.every(([x]) => x === span[0]?.[0])) {
      expect(Object.values(got)).toEqual(Array(4).fill(Number.NaN));
      continue;
    }
    const exact = exactly(span);
    expect(Math.abs(got.slope - exact.slope)).toBeLessThan(
      1e-9 * Math.max(Math.abs(exact.slope), 1),
    );
    if (Number.isNaN(exact.correlation)) {
      expect(got.correlation).toBeNaN();
      expect(got.score).toBeNaN();
      continue;
    }
    expect(Math.abs(got.correlation - exact.correlation)).toBeLessThan(1e-9);
    // Near ±1 the residuals are what rounding leaves of large numbers.
    if (Math.abs(exact.correlation) < 0.999) {
      expect(Math.abs(got.score - exact.score)).toBeLessThan(1e-9 * length);
    }
  }
}

describe('regression', () => {
  it('is reckoned by hand', () => {
    // Line 1 + x through (0, 1), (1, 3), (2, 3) and (3, 4)? Means 1.5 and 2.75, slope 4.5 / 5.
    const got = run(
      [
        [9, 9],
        [0, 1],
        [1, 3],
        [2, 3],
        [3, 4],
      ],
      4,
    ).at(-1);
    expect(got?.slope).toBeCloseTo(0.9, 12);
    expect(got?.intercept).toBeCloseTo(1.4, 12);
    expect(got?.correlation).toBeCloseTo(4.5 / Math.sqrt(5 * 4.75), 12);
    // The newest is 4 − 4.1 off, and the residuals −0.4, 0.7, −0.2, −0.1 have variance 0.7 / 4.
    expect(got?.score).toBeCloseTo(-0.1 / Math.sqrt(0.7 / 4), 10);
  });

  it('is exact to 1e-9 for any pairs', () => {
    fc.assert(
      fc.property(pairs, period, (series, length) => {
        expectExact(series, length);
      }),
    );
  });

  it('is exact to 1e-9 for large values that differ little', () => {
    fc.assert(
      fc.property(pairs, period, (series, length) => {
        expectExact(
          series.map(([x, y]) => [1e9 + x * 1e-3, 2e9 + y * 1e-3]),
          length,
        );
      }),
    );
  });

  it('tells a perfect line, and values that do not move', () => {
    const line = run(
      [
        [1, 10],
        [2, 12],
        [3, 14],
        [7, 22],
      ],
      4,
    ).at(-1);
    expect(line).toMatchObject({ slope: 2, intercept: 8, correlation: 1, score: Number.NaN });
    const still = run(
      [
        [1, 5],
        [2, 5],
        [3, 5],
      ],
      3,
    ).at(-1);
    expect(still).toMatchObject({ slope: 0, correlation: Number.NaN, score: Number.NaN });
    expect(
      run(
        [
          [1, 5],
          [1, 6],
          [1, 7],
        ],
        3,
      ).at(-1)?.slope,
    ).toBeNaN();
    expect(() => regressionStart(2)).toThrow(/through 2 pairs.*from 3/);
  });

  it('agrees with an independent library', () => {
    const moving = fc.array(step, { minLength: 12, maxLength: 40 });
    fc.assert(
      fc.property(moving, (values) => {
        fc.pre(new Set(values).size > 1);
        const theirs = getLinearRegression(values);
        const index = values.map((_, at) => at);
        const ours = run(
          values.map((value, at) => [at, value]),
          values.length,
        ).at(-1);
        expect(relativeError(ours?.slope ?? 0, theirs.slope)).toBeLessThan(1e-6);
        expect(ours?.correlation).toBeCloseTo(getCorrelation(index, values), 9);
      }),
    );
  });
});
