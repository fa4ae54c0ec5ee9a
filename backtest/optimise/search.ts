/** The search for the parameters with the best score over one stretch of time. */
import { KeelError } from '../../core/errors.ts';
import type { StrategyClass } from '../../strategies/base-strategy.ts';
import type { Summary } from '../metrics.ts';
import { checkedRandom, type SharpeSample } from '../statistics.ts';
import { scoreOf, type Objective } from './objective.ts';
import type { RunOutcome, RunPool } from './run-pool.ts';
import type { Told } from './parzen.ts';
import { samplerOf, type SamplerName } from './sampler.ts';
import type { Dimension, Point } from './space.ts';
import type { Parameters } from './study.ts';

export interface SearchOptions {
  readonly space: readonly Dimension[];
  readonly sampler: SamplerName;
  readonly objective: Objective;
  /** Round trips below which a trial has no score. */
  readonly minTrades: number;
  /** Most trials; a grid may have fewer points, and is refused where it has more. */
  readonly trials: number;
  /** A 32-bit integer; the same seed gives the same trials, whatever the number of threads. */
  readonly seed: number;
}

export interface Trial {
  /** In the order tried, from 1. */
  readonly number: number;
  readonly parameters: Point;
  /** Null where it failed, and where it has too few trades or days. */
  readonly score: number | null;
  /** Null where it failed. */
  readonly summary: Summary | null;
  /** Of daily returns. */
  readonly sharpeSample: SharpeSample | null;
  /** What the strategy threw. */
  readonly failure: string | null;
}

export interface Search {
  /** Best first; those without a score last, in the order tried. */
  readonly trials: readonly Trial[];
  /** Points that the strategy's configuration refuses, such as fast above slow. */
  readonly rejected: number;
  readonly failed: number;
}

/** A stretch of time to trade, ms UTC; open ends reach as far as the data. */
export interface Stretch {
  readonly from?: number;
  readonly to?: number;
}

export interface SearchTarget {
  readonly strategy: StrategyClass;
  /** Of the study. */
  readonly parameters: Parameters;
  readonly stretch: Stretch;
}

/** @param done trials so far, of `total` at most */
export type OnProgress = (done: number, total: number) => void;

/**
 * Tries points of the space and ranks them. A trial that fails is recorded and the search goes on.
 * @throws KeelError INVALID_INPUT for a space or numbers that cannot be, and where no point is acceptable;
 * STRATEGY_FAILED where every trial failed, with the first message
 */
export async function search(
  pool: RunPool,
  { strategy, parameters, stretch }: SearchTarget,
  options: SearchOptions,
  onProgress?: OnProgress,
): Promise<Search> {
  const { trials: most, seed, space, objective, minTrades } = options;
  checkedRandom({ runs: most, seed });
  const accepts = (point: Point): boolean =>
    strategy.config.safeParse({ ...parameters, ...point }).success;
  const sampler = samplerOf(options.sampler, { space, accepts, seed, most });
  const trials: Trial[] = [];
  let told: readonly Told[] = [];
  let done = 0;
  for (;;) {
    const points = sampler.ask(Math.min(sampler.batch, most - trials.length), told);
    if (points.length === 0) break;
    const requests = points.map((point) => ({
      ...stretch,
      parameters: point,
      wants: 'summary' as const,
    }));
    const outcomes = await pool.run(requests, () => onProgress?.((done += 1), most));
    for (const [index, point] of points.entries()) {
      trials.push(trialOf(trials.length + 1, point, outcomes[index], objective, minTrades));
    }
    told = trials.map((trial) => ({ point: trial.parameters, score: trial.score }));
  }
  const failed = trials.filter(({ failure }) => failure !== null).length;
  checkTrials(trials, failed, sampler.rejected);
  const value = ({ score }: Trial): number => score ?? -Infinity;
  // Not a − b: that is NaN for two without a score.
  const ranked = trials.toSorted((a, b) =>
    value(a) === value(b) ? a.number - b.number : value(b) > value(a) ? 1 : -1,
  );
  return { trials: ranked, rejected: sampler.rejected, failed };
}

function checkTrials(trials: readonly Trial[], failed: number, rejected: number): void {
  if (trials.length === 0) {
    throw new KeelError(
      'INVALID_INPUT',
      `the strategy's configuration refuses every point of the space (${String(rejected)} were tried): give another space`,
    );
  }
  if (failed < trials.length) return;
  throw new KeelError(
    'STRATEGY_FAILED',
    `all ${String(failed)} trials failed; the first: ${trials[0]?.failure ?? ''}`,
  );
}

function trialOf(
  number: number,
  parameters: Point,
  outcome: RunOutcome | undefined,
  objective: Objective,
  minTrades: number,
): Trial {
  if (outcome?.ok !== true) {
    const failure = outcome?.message ?? 'it was not run';
    return { number, parameters, score: null, summary: null, sharpeSample: null, failure };
  }
  const { summary, sharpeSample } = outcome.answer;
  const score = scoreOf(summary, objective, minTrades);
  return { number, parameters, score, summary, sharpeSample, failure: null };
}
