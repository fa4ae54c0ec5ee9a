/** The search for the parameters with the best score over one stretch of time. */
import { KeelError } from '../../core/errors.ts';
import type { StrategyClass } from '../../strategies/base-strategy.ts';
import type { Summary } from '../metrics.ts';
import { checkedRandom, type SharpeSample } from '../statistics.ts';
import { scoreOf, type Objective } from './objective.ts';
import type { RunOutcome, RunPool } from './run-pool.ts';
import type { Told } from './parzen.ts';
import { samplerOf, type Sampler, type SamplerName } from './sampler.ts';
import { pointsOf, type Dimension, type Point } from './space.ts';
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
 * What a search tries next. It depends on the options and on the trials so far and on nothing else: a search that
 * was cut off goes on with any other course of the same options, and tries what it would have tried.
 */
export class Course {
  readonly #begin: () => Sampler;
  readonly #most: number;
  readonly #points: number;
  #sampler: Sampler;
  #asked = 0;
  #over = false;

  /** Throws INVALID_INPUT for a space or numbers that cannot be. */
  constructor({ strategy, parameters }: Omit<SearchTarget, 'stretch'>, options: SearchOptions) {
    const { trials: most, seed, space } = options;
    checkedRandom({ runs: most, seed });
    const accepts = (point: Point): boolean =>
      strategy.config.safeParse({ ...parameters, ...point }).success;
    this.#begin = () => samplerOf(options.sampler, { space, accepts, seed, most });
    this.#most = most;
    this.#points = pointsOf(space);
    this.#sampler = this.#begin();
  }

  /** Points that the strategy's configuration refused so far. */
  get rejected(): number {
    return this.#sampler.rejected;
  }

  /** Trials there can be, by what is known so far: a space may have fewer points than trials are allowed. */
  get total(): number {
    return Math.min(this.#most, this.#points - this.rejected);
  }

  /**
   * The points after `trials`, which are all that the course gave so far, in order; none when the search is over.
   * Throws CONFLICT for trials of another course.
   */
  next(trials: readonly Pick<Trial, 'parameters' | 'score'>[]): Point[] {
    const told = trials.map(({ parameters, score }) => ({ point: parameters, score }));
    if (this.#asked > told.length) {
      this.#sampler = this.#begin();
      this.#asked = 0;
      this.#over = false;
    }
    while (this.#asked < told.length && !this.#over) this.#ask(told.slice(0, this.#asked));
    if (this.#asked === told.length) return this.#ask(told);
    throw new KeelError(
      'CONFLICT',
      `${String(told.length)} trials are no whole number of batches of this search: they are of another one`,
    );
  }

  #ask(told: readonly Told[]): Point[] {
    if (this.#over) return [];
    const most = Math.min(this.#sampler.batch, this.#most - this.#asked);
    const points = this.#sampler.ask(most, told);
    this.#asked += points.length;
    this.#over = points.length === 0;
    return points;
  }
}

/**
 * Tries points of the space and ranks them. A trial that fails is recorded and the search goes on.
 * @throws KeelError as `Course` and `ranked`
 */
export async function search(
  pool: RunPool,
  { stretch, ...target }: SearchTarget,
  options: SearchOptions,
  onProgress?: OnProgress,
): Promise<Search> {
  const course = new Course(target, options);
  const trials: Trial[] = [];
  let done = 0;
  for (;;) {
    const points = course.next(trials);
    if (points.length === 0) return ranked(trials, course.rejected);
    const requests = points.map((point) => ({
      ...stretch,
      parameters: point,
      wants: 'summary' as const,
    }));
    const outcomes = await pool.run(requests, () => onProgress?.((done += 1), course.total));
    for (const [index, point] of points.entries()) {
      trials.push(trialOf(trials.length + 1, point, outcomes[index], options));
    }
  }
}

/**
 * The trials, best first. Throws INVALID_INPUT where there is none, and STRATEGY_FAILED where every one failed, with
 * the first message.
 */
export function ranked(trials: readonly Trial[], rejected: number): Search {
  const failed = trials.filter(({ failure }) => failure !== null).length;
  checkTrials(trials, failed, rejected);
  const value = ({ score }: Trial): number => score ?? -Infinity;
  // Not a − b: that is NaN for two without a score.
  const best = trials.toSorted((a, b) =>
    value(a) === value(b) ? a.number - b.number : value(b) > value(a) ? 1 : -1,
  );
  return { trials: best, rejected, failed };
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

/** What came of a point. Without an outcome it failed. */
export function trialOf(
  number: number,
  parameters: Point,
  outcome: RunOutcome | undefined,
  { objective, minTrades }: Pick<SearchOptions, 'objective' | 'minTrades'>,
): Trial {
  if (outcome?.ok !== true) {
    const failure = outcome?.message ?? 'it was not run';
    return { number, parameters, score: null, summary: null, sharpeSample: null, failure };
  }
  const { summary, sharpeSample } = outcome.answer;
  const score = scoreOf(summary, objective, minTrades);
  return { number, parameters, score, summary, sharpeSample, failure: null };
}
