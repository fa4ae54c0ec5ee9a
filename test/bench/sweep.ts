/**
 * A sweep of 500 moving-average pairs over 100 thousand bars with a thread a core, against one thread on one core:
 * each in a process of its own, the latter kept to its core (`taskset`), since V8 compiles and collects beside the
 * thread that works. Where there is no `taskset` the baseline has the other cores for that, and the figure's name
 * says so. `node test/bench/sweep.ts` prints the figure, without servers; with a number of threads, their rate.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { RunPool } from '../../backtest/optimise/run-pool.ts';
import type { RunRequest } from '../../backtest/optimise/study.ts';
import { createStudy } from '../factories/studies.ts';
import { median, type Ratio } from './ratio.ts';

const BARS = 100_000;
const RUNS = 500;
const ROUNDS = 3;
const SELF = fileURLToPath(import.meta.url);
const ONE_CORE = ['taskset', '--cpu-list', '0'];

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

function rateOfChild(workers: number, prefix: readonly string[]): number {
  const [program, ...args] = [
    ...prefix,
    process.execPath,
    SELF,
    String(workers),
  ];
  return Number(execFileSync(program, args, { encoding: 'utf8' }));
}

export function benchSweep(): Ratio {
  const cores = availableParallelism();
  const pinned = spawnSync(ONE_CORE[0] ?? '', ['--version']).status === 0;
  const rates: { keel: number[]; baseline: number[] } = { keel: [], baseline: [] };
  for (let round = 0; round < ROUNDS; round += 1) {
    rates.baseline.push(rateOfChild(1, pinned ? ONE_CORE : []));
    rates.keel.push(rateOfChild(cores, []));
  }
  return {
    name: `sweep on ${String(cores)} cores against one ${pinned ? 'core' : 'thread, not kept to its core'}`,
    unit: 'runs/s',
    ...rates,
  };
}

if (import.meta.main) {
  const [threads] = process.argv.slice(2);
  if (threads === undefined) {
    const { name, keel, baseline } = benchSweep();
    process.stdout.write(`${name}: ratio ${(median(keel) / median(baseline)).toFixed(2)}\n`);
  } else process.stdout.write(String(await rate(Number(threads))));
}
