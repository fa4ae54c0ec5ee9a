import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createCurve } from '../../test/factories/backtest.ts';
import { waves, WAVES_FROM } from '../../test/factories/waves.ts';
import { drawdownCurve, maxDrawdown } from './drawdown.ts';

describe('maxDrawdown', () => {
  it('is nothing where equity never fell', () => {
    expect(maxDrawdown(createCurve([100, 120]), 0, 100)).toEqual({
      share: 0,
      amount: 0,
      largestAmount: 0,
      from: null,
      to: null,
      recoveredAt: null,
      longestUnderwaterMs: 0,
      underwaterShare: 0,
    });
  });

  it('counts a fall from the start balance', () => {
    const curve = createCurve([90, 80, 95], { from: 0, barMs: 10 });
    expect(maxDrawdown(curve, 0, 100)).toEqual({
      share: 0.2,
      amount: 20,
      largestAmount: 20,
      from: 0,
      to: 20,
      recoveredAt: null,
      longestUnderwaterMs: 30,
      underwaterShare: 1,
    });
  });

  it('tells the deepest share from the largest amount', () => {
    const curve = createCurve([50, 100, 1000, 700, 1000], { from: 0, barMs: 10 });
    expect(maxDrawdown(curve, 0, 100)).toEqual({
      share: 0.5,
      amount: 50,
      largestAmount: 300,
      from: 0,
      to: 10,
      recoveredAt: 20,
      longestUnderwaterMs: 20,
      underwaterShare: 0.8,
    });
  });

  it('counts the time under water from the last touch of the peak', () => {
    const curve = createCurve([100, 100, 90, 100], { from: 0, barMs: 10 });
    expect(maxDrawdown(curve, 0, 100)).toMatchObject({ from: 20, to: 30, recoveredAt: 40 });
  });

  // pandas: dd = (e.cummax()-e)/e.cummax(); dd.max(), dd.idxmax(), e[:to].idxmax(), first e[to:] >= e[peak];
  // the gaps between points with e >= e.cummax() that have points between them.
  it('agrees with pandas', () => {
    expect(maxDrawdown(waves(), WAVES_FROM, 10_000)).toEqual({
      share: expect.closeTo(0.1873677613207238, 12),
      amount: expect.closeTo(2116.6089160736774, 8),
      largestAmount: expect.closeTo(2144.4905674473357, 8),
      from: Date.UTC(2024, 0, 20),
      to: Date.UTC(2024, 0, 27, 12),
      recoveredAt: Date.UTC(2024, 1, 2, 4),
      longestUnderwaterMs: (14 * 24 + 4) * 3_600_000,
      underwaterShare: expect.closeTo(0.9975, 12),
    });
  });

  it('lies within 0..1 and agrees with the curve while equity is positive', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0.01, max: 1e6, noNaN: true })), (values) => {
        const curve = createCurve(values, { from: 0, barMs: 10 });
        const drawdown = maxDrawdown(curve, 0, 100);
        expect(drawdown.share).toBeGreaterThanOrEqual(0);
        expect(drawdown.share).toBeLessThan(1);
        expect(drawdown.underwaterShare).toBeLessThanOrEqual(1);
        expect(drawdown.longestUnderwaterMs).toBeLessThanOrEqual(values.length * 10);
        const deepest = drawdownCurve(curve.value, 100).reduce((a, b) => Math.min(a, b), 0);
        expect(drawdown.share).toBeCloseTo(-deepest, 12);
      }),
    );
  });
});
