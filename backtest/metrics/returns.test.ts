import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createCurve } from '../../test/factories/backtest.ts';
import { waves, WAVES_FROM } from '../../test/factories/waves.ts';
import { dailyReturns, DAY_MS, periodReturns, periods, periodStart } from './returns.ts';

const MONDAY = Date.UTC(2024, 0, 1);

describe('periodReturns', () => {
  it('gives a bar that closes at midnight to the day that ends', () => {
    const curve = createCurve([110, 99], { from: MONDAY, barMs: DAY_MS });
    expect(periodReturns(curve, 100, 'day')).toEqual([
      {
        from: MONDAY,
        to: MONDAY + DAY_MS,
        startEquity: 100,
        endEquity: 110,
        return: 110 / 100 - 1,
      },
      {
        from: MONDAY + DAY_MS,
        to: MONDAY + 2 * DAY_MS,
        startEquity: 110,
        endEquity: 99,
        return: 99 / 110 - 1,
      },
    ]);
  });

  it('returns nothing on days without bars, and keeps them', () => {
    const curve = {
      at: Float64Array.of(MONDAY + 1, MONDAY + 3 * DAY_MS),
      value: Float64Array.of(110, 121),
    };
    expect(dailyReturns(curve, 100)).toEqual([110 / 100 - 1, 0, 121 / 110 - 1]);
  });

  it('ends with the day of ruin', () => {
    const curve = createCurve([50, -10, 20], { from: MONDAY, barMs: DAY_MS });
    expect(dailyReturns(curve, 100)).toEqual([-0.5, -1.2]);
  });

  it('knows no period without bars', () => {
    expect(periodReturns(createCurve([]), 100, 'month')).toEqual([]);
  });

  // pandas: s[:'2024-02-01'].iloc[-1] and so on, s as in waves.ts.
  it('agrees with pandas by month', () => {
    const months = periodReturns(waves(), 10_000, 'month');
    expect(months.map((row) => row.endEquity)).toEqual([
      expect.closeTo(10750.938389760551, 8),
      expect.closeTo(11009.98721286782, 8),
      expect.closeTo(13_092.85339171272, 8),
    ]);
    expect(months[0]?.from).toBe(Date.UTC(2024, 0, 1));
    expect(WAVES_FROM).toBeGreaterThan(Date.UTC(2024, 0, 1));
  });

  it('compounds to the total return in every period', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0.1, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 200 }),
        fc.constantFrom(...periods),
        fc.integer({ min: 0, max: 2e12 }),
        fc.integer({ min: 60_000, max: 40 * DAY_MS }),
        (values, period, from, barMs) => {
          const curve = createCurve(values, { from, barMs });
          const rows = periodReturns(curve, 100, period);
          const total = rows.reduce((product, row) => product * (1 + row.return), 1);
          expect(total / (values.at(-1)! / 100)).toBeCloseTo(1, 8);
          for (const row of rows) {
            expect(periodStart(row.from, period)).toBe(row.from);
            expect(periodStart(row.to - 1, period)).toBe(row.from);
          }
        },
      ),
      { numRuns: 50 },
    );
  });
});

describe('periodStart', () => {
  it('begins weeks on Monday', () => {
    const sunday = Date.UTC(2024, 0, 7, 23, 59);
    expect(periodStart(sunday, 'week')).toBe(MONDAY);
    expect(periodStart(MONDAY, 'week')).toBe(MONDAY);
  });

  it('begins years on the first of January', () => {
    expect(periodStart(Date.UTC(2024, 6, 9), 'year')).toBe(MONDAY);
  });
});
