/** EMA, MACD, ATR and rate of change. */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ATR, EMA, MACD, ROC } from 'trading-signals';
import { runThroughJson } from '../../test/factories/series.ts';
import { atrNext, atrStart } from './atr.ts';
import { emaNext, emaStart } from './ema.ts';
import { macdNext, macdStart } from './macd.ts';
import { rateOfChangeNext, rateOfChangeStart } from './rate-of-change.ts';

const price = fc.double({ min: 0.01, max: 200_000, noNaN: true });
const prices = fc.array(price, { maxLength: 120 });
const period = fc.integer({ min: 1, max: 25 });
const bars = fc.array(
  fc.tuple(price, price, price).map((of) => {
    const [low = 0, close = 0, high = 0] = of.toSorted((a, b) => a - b);
    return { open: low, low, close, high };
  }),
  { maxLength: 120 },
);

/** Known values agree to 1e-9 of the largest input, unknown ones are NaN here and null there. */
function expectAgreement(
  ours: readonly number[],
  theirs: readonly (number | null)[],
  inputs: readonly number[],
): void {
  expect(ours).toHaveLength(theirs.length);
  for (const [at, value] of ours.entries()) {
    const other = theirs[at] ?? Number.NaN;
    if (Number.isNaN(other)) expect(value).toBeNaN();
    else expect(Math.abs(value - other)).toBeLessThan(1e-9 * Math.max(...inputs));
  }
}

describe('ema', () => {
  it('is reckoned by hand: 2 / (3 + 1) of the way to each value', () => {
    const values = runThroughJson(emaStart(3), emaNext, [10, 20, 11, 13]);
    expect(values).toEqual([Number.NaN, Number.NaN, 13, 13]);
  });

  it('of one value is that value', () => {
    expect(runThroughJson(emaStart(1), emaNext, [3, 5])).toEqual([3, 5]);
  });

  it('agrees with an independent library', () => {
    fc.assert(
      fc.property(prices, period, (values, length) => {
        const other = new EMA(length);
        const theirs = values.map((value) => {
          other.add(value);
          return other.isStable ? other.getResultOrThrow() : null;
        });
        expectAgreement(runThroughJson(emaStart(length), emaNext, values), theirs, values);
      }),
    );
  });
});

describe('macd', () => {
  it('is unknown until the slow average, its signal until as many lines', () => {
    const values = runThroughJson(macdStart(1, 3, 2), macdNext, [10, 20, 11, 13]);
    expect(values[1]).toEqual({ line: Number.NaN, signal: Number.NaN, histogram: Number.NaN });
    expect(values[2]).toEqual({ line: -2, signal: Number.NaN, histogram: Number.NaN });
    // Signal: −2, then 2/3 of the way to 0.
    expect(values[3]?.line).toBe(0);
    expect(values[3]?.signal).toBeCloseTo(-2 / 3, 12);
    expect(values[3]?.histogram).toBeCloseTo(2 / 3, 12);
  });

  it('refuses periods out of order', () => {
    expect(() => macdStart(26, 12, 9)).toThrow(/26 and 12/);
    expect(() => macdStart(12, 26, 0)).toThrow(/whole number from 1/);
  });

  it('agrees with an independent library', () => {
    fc.assert(
      fc.property(prices, period, period, period, (values, fast, more, signal) => {
        const slow = fast + more;
        const other = new MACD(new EMA(fast), new EMA(slow), new EMA(signal));
        const ours = runThroughJson(macdStart(fast, slow, signal), macdNext, values);
        for (const [at, value] of values.entries()) {
          const theirs = other.add(value);
          // Differences of averages: the error is relative to these, not to what is left of them.
          const close = 1e-9 * Math.max(...values.slice(0, at + 1));
          const line = ours[at]?.line ?? 0;
          if (theirs === null) expect(line).toBeNaN();
          else expect(Math.abs(line - theirs.macd)).toBeLessThan(close);
          const histogram = ours[at]?.histogram ?? 0;
          if (at + 1 < slow + signal - 1) expect(histogram).toBeNaN();
          else expect(Math.abs(histogram - (theirs?.histogram ?? NaN))).toBeLessThan(close);
        }
      }),
    );
  });
});

describe('atr', () => {
  it('is reckoned by hand, gaps in it', () => {
    const values = runThroughJson(atrStart(2), atrNext, [
      { high: 12, low: 10, close: 11 },
      // From the last close, 11, up to 15.
      { high: 15, low: 14, close: 14 },
      // From the last close, 14, down to 9: (3 + 5) / 2.
      { high: 10, low: 9, close: 10 },
    ]);
    expect(values).toEqual([Number.NaN, 3, 4]);
    expect(() => atrStart(0)).toThrow(/true ranges is not possible/);
  });

  it('agrees with an independent library', () => {
    fc.assert(
      fc.property(bars, period, (series, length) => {
        const other = new ATR(length);
        const theirs = series.map((bar) => other.add(bar));
        const highs = series.map(({ high }) => high);
        expectAgreement(runThroughJson(atrStart(length), atrNext, series), theirs, highs);
      }),
    );
  });
});

describe('rate of change', () => {
  it('is a fraction of the value so long before', () => {
    const start = rateOfChangeStart(2);
    expect(runThroughJson(start, rateOfChangeNext, [10, 20, 15, 10, 30])).toEqual([
      ...[Number.NaN, Number.NaN],
      ...[0.5, -0.5, 1],
    ]);
    expect(() => rateOfChangeStart(1.5)).toThrow(/1\.5/);
  });

  it('agrees with an independent library', () => {
    fc.assert(
      fc.property(prices, period, (values, length) => {
        const other = new ROC(length);
        const theirs = values.map((value) => other.add(value));
        const ours = runThroughJson(rateOfChangeStart(length), rateOfChangeNext, values);
        for (const [at, value] of ours.entries()) expect(value).toBe(theirs[at] ?? Number.NaN);
      }),
    );
  });
});
