import { describe, expect, it } from '@jest/globals';
import { defaultRegistry } from '../../strategies/registry.ts';
import { Forgetful } from '../../test/factories/strategies/cheats.ts';
import { createStudy } from '../../test/factories/studies.ts';
import { RunPool } from '../optimise/run-pool.ts';
import { spanOf } from '../optimise/spans.ts';
import type { Study } from '../optimise/study.ts';
import type { BaseStrategy } from '../../strategies/base-strategy.ts';
import { findLookahead } from './lookahead.ts';
import { analyseWarmUp, declaredWarmUp, type WarmUp } from './warm-up.ts';

/** Threads start slowly on a busy machine. */
describe('lookahead analysis', () => {
  it('finds the cheat: its signals are others where the data ends', async () => {
    const found = await findLookahead(createStudy('cheat', { bars: 300, interval: '1m' }), 10);
    expect(found.signals).toBeGreaterThan(50);
    expect(found.checked).toBe(10);
    // Every signal needs the next close, which the cut data has not.
    expect(found.biased).toHaveLength(10);
    expect(found.biased[0]!.instead).toEqual([]);
  });

  it('finds nothing in honest strategies, also in one that asks when told of orders', async () => {
    const honest = createStudy('sma-cross', { parameters: { fast: 5, slow: 20 } });
    const told: number[] = [];
    const found = await findLookahead(honest, 5, {}, (done) => told.push(done));
    expect(found).toMatchObject({ checked: 5, biased: [] });
    expect(told).toEqual([1, 2, 3, 4, 5]);
    const grid = createStudy('grid', { parameters: { spacing: 0.002 }, bars: 400 });
    expect(await findLookahead(grid, 12)).toMatchObject({ checked: 12, biased: [] });
    await expect(findLookahead(honest, 0)).rejects.toThrow(/whole number from 1/);
  });
});

describe('warm-up analysis', () => {
  const from = (study: Study) => spanOf(study.input).from + 800 * 60_000;

  async function analyse(
    study: Study,
    strategy: BaseStrategy,
    lengths?: number[],
  ): Promise<WarmUp> {
    const pool = new RunPool(study, { workers: 1 });
    try {
      const span = { ...spanOf(study.input), from: from(study) };
      return await analyseWarmUp(pool, study, span, declaredWarmUp(strategy, study), lengths);
    } finally {
      await pool.close();
    }
  }

  it('tells how much an average that remembers its start is off, and suggests a length', async () => {
    const study = createStudy('slow-average', { bars: 1200, interval: '1m' });
    const strategy = new Forgetful({ symbol: 'BTC/USDT' });
    const { declared, reference, runs, suggested } = await analyse(study, strategy, [2, 50, 700]);
    expect([declared, reference]).toEqual([2, 800]);
    expect(runs.map(({ bars }) => bars)).toEqual([2, 50, 700]);
    expect(runs[0]!.signalDifference).toBeGreaterThan(0);
    expect(runs[0]!.differsUntil).not.toBeNull();
    expect(runs[2]).toMatchObject({ signalDifference: 0, equityDifference: 0, differsUntil: null });
    expect([50, 700]).toContain(suggested);
  });

  it('finds the declared length enough where it is, and wants bars to compare with', async () => {
    const parameters = { fast: 5, slow: 20 };
    const study = createStudy('sma-cross', { bars: 1200, interval: '1m', parameters });
    const strategy = defaultRegistry().create('sma-cross', study.parameters);
    expect(await analyse(study, strategy)).toMatchObject({ declared: 20, suggested: 20 });
    await expect(analyse(study, strategy, [0.5])).rejects.toThrow(/whole number/);
    await expect(analyse(study, strategy, [40, 800])).rejects.toThrow(
      /a warm-up of 800 bars: there are 800 before the traded time/,
    );
    const short = { ...study.input, series: study.input.series };
    const pool = new RunPool(study, { workers: 1 });
    await expect(analyseWarmUp(pool, study, spanOf(short), 20)).rejects.toThrow(
      /0 bars before the traded time/,
    );
    await pool.close();
  });
});
