/**
 * A sweep of 500 moving-average pairs over 100 thousand bars on all cores, against the same on one.
 * `node test/bench/sweep.ts` prints the seconds, without servers.
 */
import { availableParallelism } from 'node:os';
import { RunPool } from '../../backtest/optimise/run-pool.ts';
import type { RunRequest } from '../../backtest/optimise/study.ts';
import { createStudy } from '../factories/studies.ts';
import { median, type Ratio } from './ratio.ts';

const BARS = 100_000;
const RUNS = 500;

/** Runs a second. Starting the threads is part of a sweep. */
async function rate(workers: number): Promise<number> {
  const requests = Array.from({ length: RUNS }, (_, index): RunRequest => {
    const fast = 5 + (index % 25);
    return {
      parameters: { fast, slow: 40 + 5 * Math.floor(index / 25) },
      wants: 'summary',
    };
  });
  const pool = new RunPool(createStudy('sma-cross', { bars: BARS, interval: '1m' }), { workers });
  const startedAt = performance.now();
  const outcomes = await pool.run(requests);
  const seconds = (performance.now() - startedAt) / 1000;
  await pool.close();
  const failed = outcomes.find((outcome) => !outcome.ok);
  if (failed?.ok === false) throw new Error(failed.message);
  return RUNS / seconds;
}

export async function benchSweep(): Promise<Ratio> {
  return {
    name: `sweep on ${String(availableParallelism())} cores against one`,
    unit: 'runs/s',
    keel: [await rate(availableParallelism())],
    baseline: [await rate(1)],
  };
}

if (import.meta.main) {
  const { name, keel, baseline } = await benchSweep();
  const seconds = (rates: readonly number[]): string => (RUNS / median(rates)).toFixed(1);
  process.stdout.write(
    `${name}: ${String(RUNS)} runs in ${seconds(keel)} s and ${seconds(baseline)} s, ratio ${(median(keel) / median(baseline)).toFixed(2)}\n`,
  );
}
