import { describe, expect, it } from '@jest/globals';
import { defaultRegistry } from '../../strategies/registry.ts';
import { Faulty } from '../../test/factories/strategies/cheats.ts';
import { createStudy } from '../../test/factories/studies.ts';
import { bothRuns, optimise } from './holdout.ts';
import { RunPool, type PoolOptions } from './run-pool.ts';
import { Course, search, type SearchOptions, type Trial } from './search.ts';
import { searchSpace } from './space.ts';
import { spanOf } from './spans.ts';
import { answer, type Study } from './study.ts';
import { summarise } from '../metrics.ts';
import { luckOfTrades } from './luck.ts';
import { walkForward, windowsOf } from './walk-forward.ts';

/** Threads start slowly on a busy machine. */
const sma = defaultRegistry().get('sma-cross');
const study = createStudy('sma-cross');
const target = { strategy: sma, parameters: study.parameters };
const span = spanOf(study.input);
const options: SearchOptions = {
  space: searchSpace(sma, ['fast=3..30', 'slow=10..60'], []),
  sampler: 'tpe',
  objective: 'sharpe',
  minTrades: 5,
  trials: 24,
  seed: 5,
};

async function pooled<T>(
  work: (pool: RunPool) => Promise<T>,
  poolOptions: PoolOptions = {},
  over: Study = study,
): Promise<T> {
  const pool = new RunPool(over, poolOptions);
  try {
    return await work(pool);
  } finally {
    await pool.close();
  }
}

describe('a search', () => {
  it('is the same on one thread and on two, and ranks what a run by hand gives', async () => {
    const progress: number[] = [];
    const run = (pool: RunPool) =>
      search(pool, { ...target, stretch: {} }, options, (done) => progress.push(done));
    const one = await pooled(run, { workers: 1 });
    expect(await pooled(run, { workers: 2 })).toEqual(one);
    expect(one.trials).toHaveLength(24);
    expect(one.rejected).toBeGreaterThan(0);
    expect(progress.slice(0, 24)).toEqual(Array.from({ length: 24 }, (_, index) => index + 1));
    const scores = one.trials.map(({ score }) => score ?? -Infinity);
    expect(scores).toEqual(scores.toSorted((a, b) => b - a));
    const best = one.trials[0]!;
    const byHand = answer(defaultRegistry(), study, { ...best, wants: 'summary' });
    expect([best.score, best.summary]).toEqual([byHand.summary.sharpe, byHand.summary]);
  });

  it('goes on where a strategy throws or ends its thread; all failing is an error', async () => {
    const faulty = createStudy('faulty', { bars: 100, interval: '1m' });
    const progress: [number, number][] = [];
    const run = (pool: RunPool, space: string) =>
      search(
        pool,
        { strategy: Faulty, parameters: faulty.parameters, stretch: {} },
        { ...options, space: searchSpace(Faulty, [space], []), sampler: 'grid' },
        (done, total) => progress.push([done, total]),
      );
    await pooled(
      async (pool) => {
        const { trials, failed } = await run(pool, 'level=0..4');
        expect(progress.at(-1)).toEqual([5, 5]);
        expect(failed).toBe(2);
        const failures = trials.filter(({ failure }) => failure !== null);
        expect(failures.map(({ parameters, failure }) => [parameters['level'], failure])).toEqual([
          [1, expect.stringContaining('level 1 is broken')],
          [2, 'its thread ended'],
        ]);
        await expect(run(pool, 'level=1,2')).rejects.toThrow(
          /all 2 trials failed.*level 1 is broken/,
        );
        await expect(run(pool, 'level=7,8')).rejects.toThrow(/refuses every point/);
      },
      { workers: 1 },
      faulty,
    );
  });

  it('ends its threads on a signal', async () => {
    const controller = new AbortController();
    const running = pooled(
      (pool) =>
        search(pool, { ...target, stretch: {} }, options, () => {
          controller.abort(new Error('interrupted'));
        }),
      { workers: 1, signal: controller.signal },
    );
    await expect(running).rejects.toThrow('interrupted');
    expect(() => new RunPool(study, { workers: 0 })).toThrow(/whole number from 1/);
  });
});

describe('a course', () => {
  type Tried = Pick<Trial, 'parameters' | 'score'>;
  const SEARCHES = [
    { ...options, trials: 36 },
    { ...options, sampler: 'random', trials: 30 },
    { ...options, space: searchSpace(sma, ['fast=3..6', 'slow=5..20:5'], []), sampler: 'grid' },
    // More trials than the space has points.
    { ...options, space: searchSpace(sma, ['fast=3..6', 'slow=5..20:5'], []), trials: 18 },
  ] as const;

  /** Tries all, with any score, by the course that `courseFor` hands out at each step. */
  function tryAll(courseFor: (step: number) => Course): { tried: Tried[]; rejected: number } {
    const tried: Tried[] = [];
    for (let step = 0; ; step += 1) {
      const course = courseFor(step);
      const points = course.next(tried);
      if (points.length === 0) return { tried, rejected: course.rejected };
      for (const parameters of points) {
        const score = (Number(parameters['fast']) * 7 + Number(parameters['slow']) * 5) % 23;
        tried.push({ parameters, score });
      }
    }
  }

  it.each(SEARCHES)('goes on where another was cut off: $sampler, $trials trials', (searched) => {
    const make = () => new Course(target, searched);
    const whole = make();
    const { tried, rejected } = tryAll(() => whole);
    expect(tried.length).toBeGreaterThan(5);
    // A fresh one at every step, and two that take turns.
    expect(tryAll(make)).toEqual({ tried, rejected });
    const turns = [make(), make()];
    expect(tryAll((step) => turns[step % 2]!)).toEqual({ tried, rejected });
    // Asked again what it was asked before: its answer was lost.
    expect(whole.next([])).toEqual(make().next([]));
    expect(whole.next(tried)).toEqual([]);
    expect([whole.next(tried), whole.rejected]).toEqual([[], rejected]);
  });

  it.each([
    { sampler: 'grid', trials: 60, total: 13 },
    { sampler: 'tpe', trials: 60, total: 13 },
    { sampler: 'random', trials: 9, total: 9 },
  ] as const)('$sampler of 16 points, of which 3 are refused: $total trials', (searched) => {
    // Slow must be above fast: 5 and 5, 6 and 5, 7 and 5 are refused.
    const space = searchSpace(sma, ['fast=4..7', 'slow=5..20:5'], []);
    const course = new Course(target, { ...options, ...searched, space });
    expect(tryAll(() => course).tried).toHaveLength(searched.total);
    expect(course.total).toBe(searched.total);
  });

  it('has as many trials as are allowed where the space has no end', () => {
    const space = searchSpace(sma, ['quantity=1..2'], []);
    expect(new Course(target, { ...options, space }).total).toBe(options.trials);
  });

  it('refuses trials of another course', () => {
    const tried = { parameters: { fast: 3, slow: 10 }, score: 1 };
    expect(() => new Course(target, options).next([tried])).toThrow(/of another one/);
  });
});

describe('out of sample', () => {
  it('the best are run on what the search has not seen, and luck is named', async () => {
    const { found, runs } = await pooled(async (pool) => {
      const holdout = await optimise(pool, target, span, { ...options, inSample: 0.7, best: 3 });
      return { found: holdout, runs: await bothRuns(pool, holdout) };
    });
    const { inSample, outOfSample, best, luck, warnings } = found;
    expect(inSample.to).toBe(outOfSample.from);
    expect((inSample.to - span.from) / (span.to - span.from)).toBeCloseTo(0.7, 6);
    expect(best).toHaveLength(3);
    const [first] = best;
    const byHand = answer(defaultRegistry(), study, {
      ...outOfSample,
      parameters: first!.trial.parameters,
      wants: 'summary',
    });
    expect(first!.outOfSample).toEqual(byHand.summary);
    expect(summarise(runs!.inSample)).toEqual(first!.trial.summary);
    expect(summarise(runs!.outOfSample)).toEqual(byHand.summary);
    // The bars are a random walk: whatever is found is luck.
    expect(luck.trials).toBe(24);
    expect(luck.deflatedSharpe).toBeLessThan(0.95);
    expect(warnings[0]).toMatch(/of 24 trials is likely luck: its deflated Sharpe ratio is 0\./);
  });

  it('walks forward: windows follow each other, and their equity is one curve', async () => {
    const settings = { ...options, sampler: 'random', trials: 4, minTrades: 0 } as const;
    const walk = { windows: 3, inSample: 0.6, anchored: false };
    const { windows, result, summary, efficiency, luckPValue } = await pooled((pool) =>
      walkForward(pool, target, span, '10000', { ...settings, ...walk }),
    );
    expect(windows).toHaveLength(3);
    expect(result.run).toMatchObject({ wallet: '10000', to: span.to });
    expect(result.run.from).toBeGreaterThanOrEqual(windows[0]!.outOfSample.from);
    const times = [...result.equity.at];
    expect(times).toEqual([...new Set(times)].sort((a, b) => a - b));
    expect(result.equity.value.at(-1)).toBeCloseTo(Number(result.run.finalEquity), 6);
    const compounded = windows.reduce((worth, one) => worth * (1 + one.summary!.totalReturn), 1);
    expect(1 + summary.totalReturn).toBeCloseTo(compounded, 10);
    expect(efficiency === null || Number.isFinite(efficiency)).toBe(true);
    expect(luckPValue).toBe(luckOfTrades(result, options.seed));
    expect(luckPValue).toBeGreaterThan(0.05);
  });

  it('windows roll or are anchored', () => {
    const at = (anchored: boolean) =>
      windowsOf({ from: 0, to: 40 }, { windows: 2, inSample: 0.5, anchored }).map((one) => [
        one.inSample.from,
        one.inSample.to,
        one.outOfSample.to,
      ]);
    expect(windowsOf({ from: 0, to: 30 }, { windows: 1, inSample: 0.5, anchored: true })).toEqual([
      { inSample: { from: 0, to: 15 }, outOfSample: { from: 15, to: 30 } },
    ]);
    expect(at(false)).toEqual([
      [0, 13, 27],
      [13, 27, 40],
    ]);
    expect(at(true).map(([from]) => from)).toEqual([0, 0]);
    expect(() => windowsOf(span, { windows: 0, inSample: 0.5, anchored: true })).toThrow(/windows/);
  });
});
