import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { RSI, SMA } from 'trading-signals';
import { runThroughJson as run } from '../../test/factories/series.ts';
import { rsiNext, rsiStart } from './rsi.ts';
import { smaNext, smaStart } from './sma.ts';

const closes = fc.array(fc.double({ min: 0.01, max: 200_000, noNaN: true }), { maxLength: 80 });

describe('sma', () => {
  it('averages the last values', () => {
    expect(run(smaStart(3), smaNext, [1, 2, 3, 7, 2])).toEqual([Number.NaN, Number.NaN, 2, 4, 4]);
  });

  it('refuses a period that is no whole number from 1', () => {
    expect(() => smaStart(0)).toThrow(/whole number from 1/);
    expect(() => smaStart(2.5)).toThrow(/2\.5/);
  });

  it('tells equal averages of different length for equal, whatever came before', () => {
    const values = [
      ...Array.from({ length: 50 }, (_, at) => 0.1 + at * 1.7),
      ...Array<number>(30).fill(0.1),
    ];
    expect(run(smaStart(10), smaNext, values).at(-1)).toBe(0.1);
    expect(run(smaStart(30), smaNext, values).at(-1)).toBe(0.1);
  });

  it('agrees with an independent library', () => {
    fc.assert(
      fc.property(closes, fc.integer({ min: 1, max: 20 }), (values, period) => {
        const other = new SMA(period);
        for (const [at, value] of run(smaStart(period), smaNext, values).entries()) {
          other.add(values[at] ?? 0);
          if (!Number.isNaN(value))
            expect(Math.abs(value - Number(other.getResult()))).toBeLessThan(1e-9 * 200_000);
        }
      }),
    );
  });
});

describe('rsi', () => {
  it('is reckoned by hand', () => {
    // Changes +2 −1 | +3: averages 1, 0.5 → 66.67; then (1 + 3) / 2, 0.5 / 2 → 100 × 2 / 2.25.
    const values = run(rsiStart(2), rsiNext, [10, 12, 11, 14]);
    expect(values.slice(0, 2)).toEqual([Number.NaN, Number.NaN]);
    expect(values[2]).toBeCloseTo(66.6667, 4);
    expect(values[3]).toBeCloseTo(88.8889, 4);
  });

  it('knows its ends: only gains 100, only losses 0, no move 50', () => {
    expect(run(rsiStart(2), rsiNext, [1, 2, 3]).at(-1)).toBe(100);
    expect(run(rsiStart(2), rsiNext, [3, 2, 1]).at(-1)).toBe(0);
    expect(run(rsiStart(2), rsiNext, [5, 5, 5]).at(-1)).toBe(50);
    expect(() => rsiStart(-1)).toThrow(/whole number from 1/);
  });

  it('agrees with an independent library', () => {
    const walk = fc.array(fc.integer({ min: -50, max: 50 }), { minLength: 30, maxLength: 120 });
    fc.assert(
      fc.property(walk, fc.integer({ min: 2, max: 20 }), (steps, period) => {
        let price = 10_000;
        const values = [price, ...steps.map((step) => (price += step || 1))];
        const other = new RSI(period);
        for (const [at, value] of run(rsiStart(period), rsiNext, values).entries()) {
          other.add(values[at] ?? 0);
          if (!Number.isNaN(value))
            expect(Math.abs(value - Number(other.getResult()))).toBeLessThan(1e-6);
        }
      }),
    );
  });
});
