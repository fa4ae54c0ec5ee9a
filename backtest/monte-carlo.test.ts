import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createCurve, createResult, createTrade } from '../test/factories/backtest.ts';
import { T0 } from '../test/factories/market.ts';
import { monteCarlo, resamplings, tradeReturnsOnEquity } from './monte-carlo.ts';

const HOUR = 3_600_000;
const RETURNS = Array.from({ length: 120 }, (_, i) => 0.002 + 0.02 * Math.sin(i * 1.3));

describe('monteCarlo', () => {
  it('ends where the run ended however its returns are shuffled', () => {
    const end = RETURNS.reduce((equity, value) => equity * (1 + value), 1000);
    const outcome = monteCarlo(RETURNS, 1000, { resampling: 'shuffle', runs: 300, seed: 1 });
    expect(outcome?.finalEquity.p5).toBeCloseTo(end, 6);
    expect(outcome?.finalEquity.p95).toBeCloseTo(end, 6);
    expect(outcome!.maxDrawdown.p95).toBeGreaterThan(outcome!.maxDrawdown.p5);
  });

  // Of n draws, log equity has mean n·E[log(1+r)] and variance n·Var[log(1+r)].
  it('spreads bootstrapped ends as the central limit theorem says', () => {
    const logs = RETURNS.map((value) => Math.log1p(value));
    const centre = logs.reduce((sum, value) => sum + value, 0) / logs.length;
    const spread = Math.sqrt(logs.reduce((sum, value) => sum + (value - centre) ** 2, 0));
    const outcome = monteCarlo(RETURNS, 1000, { resampling: 'bootstrap', runs: 5000, seed: 3 });
    const middle = 120 * centre;
    expect(Math.log(outcome!.finalEquity.p50 / 1000)).toBeCloseTo(middle, 1);
    expect(Math.log(outcome!.finalEquity.p5 / 1000)).toBeCloseTo(middle - 1.645 * spread, 1);
    expect(Math.log(outcome!.finalEquity.p95 / 1000)).toBeCloseTo(middle + 1.645 * spread, 1);
  });

  it('keeps runs of bad days together in blocks: drawdowns are deeper', () => {
    const streaks = RETURNS.map((_, i) => (i % 40 < 20 ? 0.01 : -0.01));
    const options = { runs: 500, seed: 5 } as const;
    const drawn = monteCarlo(streaks, 1000, { ...options, resampling: 'bootstrap' });
    const blocks = monteCarlo(streaks, 1000, {
      ...options,
      resampling: 'block-bootstrap',
      blockLength: 20,
    });
    expect(blocks!.maxDrawdown.p50).toBeGreaterThan(1.5 * drawn!.maxDrawdown.p50);
  });

  it('repeats from its seed, and not from another', () => {
    for (const resampling of resamplings) {
      const outcome = (seed: number) => monteCarlo(RETURNS, 1000, { resampling, runs: 50, seed });
      expect(outcome(1)).toEqual(outcome(1));
      expect(outcome(1)?.maxDrawdown).not.toEqual(outcome(2)?.maxDrawdown);
    }
  });

  it('stays at zero once all is lost', () => {
    const outcome = monteCarlo([-1.5, 0.5], 1000, { resampling: 'shuffle', runs: 20, seed: 1 });
    expect(outcome).toMatchObject({ finalEquity: { p5: 0, p95: 0 }, lossProbability: 1 });
  });

  it('orders its percentiles and keeps drawdowns within 0..1', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: -2, max: 2, noNaN: true }), { minLength: 2, maxLength: 30 }),
        fc.constantFrom(...resamplings),
        fc.integer(),
        (returns, resampling, seed) => {
          const outcome = monteCarlo(returns, 1000, { resampling, runs: 20, seed })!;
          for (const { p5, p50, p95 } of [outcome.finalEquity, outcome.maxDrawdown]) {
            expect(p5).toBeLessThanOrEqual(p50);
            expect(p50).toBeLessThanOrEqual(p95);
          }
          expect(outcome.maxDrawdown.p5).toBeGreaterThanOrEqual(0);
          expect(outcome.maxDrawdown.p95).toBeLessThanOrEqual(1);
        },
      ),
    );
  });

  it('says nothing of a single return', () => {
    expect(monteCarlo([0.1], 1000, { resampling: 'shuffle', runs: 5, seed: 1 })).toBeNull();
    expect(monteCarlo([], 1000, { resampling: 'shuffle', runs: 5, seed: 1 })).toBeNull();
  });

  it('refuses blocks shorter than one return', () => {
    const options = { resampling: 'block-bootstrap', runs: 5, seed: 1, blockLength: 0 } as const;
    expect(() => monteCarlo(RETURNS, 1000, options)).toThrow('block length 0: give 1 or more');
  });
});

describe('tradeReturnsOnEquity', () => {
  it('is P&L on the worth at the entry, by exit', () => {
    const equity = createCurve([10_000, 20_000, 25_000]);
    const trades = [
      createTrade({ entryAt: T0 + 2 * HOUR, exitAt: T0 + 3 * HOUR, pnl: '200' }),
      createTrade({ entryAt: T0, exitAt: T0 + HOUR, pnl: '100' }),
      createTrade({ exitAt: null, exitPrice: null, pnl: null }),
    ];
    expect(tradeReturnsOnEquity(createResult({ equity, trades }))).toEqual([0.01, 0.01]);
  });
});
