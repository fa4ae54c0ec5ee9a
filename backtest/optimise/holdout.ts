/** The search on the first part of the data, and its best on the part it has not seen. */
import { KeelError } from '../../core/errors.ts';
import type { Summary } from '../metrics.ts';
import type { BacktestResult } from '../result.ts';
import { doubts, luckOf, type Luck } from './luck.ts';
import { scoreOf, type Objective } from './objective.ts';
import type { RunPool } from './run-pool.ts';
import {
  search,
  type OnProgress,
  type Search,
  type SearchOptions,
  type SearchTarget,
  type Trial,
} from './search.ts';
import type { Span } from './spans.ts';

export interface HoldoutOptions extends SearchOptions {
  /** In-sample part of the time, above 0 and under 1. */
  readonly inSample: number;
  /** How many of the best are shown on both parts. */
  readonly best: number;
}

export interface Compared {
  readonly trial: Trial;
  /** Null where it failed there. */
  readonly outOfSample: Summary | null;
  readonly outOfSampleScore: number | null;
}

export interface Holdout extends Parts {
  readonly search: Search;
  /** The best of the search, by their in-sample score. */
  readonly best: readonly Compared[];
  readonly luck: Luck;
  /** Sentences for people; empty where nothing speaks against the best. */
  readonly warnings: readonly string[];
}

/** The part that is searched on, and the rest. */
export interface Parts {
  readonly inSample: Span;
  readonly outOfSample: Span;
}

/** Throws INVALID_INPUT for a share that is not above 0 and under 1. */
export function partsOf({ from, to }: Span, share: number): Parts {
  if (!(share > 0 && share < 1)) {
    throw new KeelError(
      'INVALID_INPUT',
      `in-sample share ${String(share)}: give one above 0 and under 1, such as 0.7`,
    );
  }
  const middle = Math.round(from + (to - from) * share);
  return { inSample: { from, to: middle }, outOfSample: { from: middle, to } };
}

/**
 * Optimises on the first part of `span` and runs the best on the rest, each from a fresh wallet. Throws as
 * `search` and `partsOf`.
 */
export async function optimise(
  pool: RunPool,
  target: Omit<SearchTarget, 'stretch'>,
  span: Span,
  options: HoldoutOptions,
  onProgress?: OnProgress,
): Promise<Holdout> {
  const parts = partsOf(span, options.inSample);
  const found = await search(pool, { ...target, stretch: parts.inSample }, options, onProgress);
  const outcomes = await pool.run(
    bestOf(found, options.best).map(({ parameters }) => ({
      ...parts.outOfSample,
      parameters,
      wants: 'summary',
    })),
  );
  const outside = outcomes.map((outcome) => (outcome.ok ? outcome.answer.summary : null));
  return holdoutOf(parts, found, outside, options);
}

export interface BothRuns {
  readonly inSample: BacktestResult;
  readonly outOfSample: BacktestResult;
}

/** The best, whole, on what it was chosen by and on the rest; null where there is none or it fails. */
export async function bothRuns(
  pool: RunPool,
  { inSample, outOfSample, best: [first] }: Holdout,
): Promise<BothRuns | null> {
  if (first === undefined) return null;
  const { parameters } = first.trial;
  const [inside, outside] = (
    await pool.run(
      [inSample, outOfSample].map((part) => ({ ...part, parameters, wants: 'result' as const })),
    )
  ).map((outcome) => (outcome.ok ? outcome.answer.result : undefined));
  return inside === undefined || outside === undefined
    ? null
    : { inSample: inside, outOfSample: outside };
}

/** Those with a score, `most` at most. */
export function bestOf({ trials }: Search, most: number): Trial[] {
  return trials.filter(({ score }) => score !== null).slice(0, most);
}

/** @param outside out-of-sample summaries of `bestOf(search)`, null where the run failed */
export function holdoutOf(
  parts: Parts,
  found: Search,
  outside: readonly (Summary | null)[],
  options: HoldoutOptions,
): Holdout {
  const best = bestOf(found, options.best).map((trial, index): Compared => {
    const summary = outside[index] ?? null;
    return {
      trial,
      outOfSample: summary,
      outOfSampleScore: summary === null ? null : scoreOf(summary, options.objective, 0),
    };
  });
  const luck = luckOf(found);
  const warnings = warningsOf(luck, best[0], options);
  return { ...parts, search: found, best, luck, warnings };
}

/** A finished study as it is stored and printed: JSON-safe. */
export interface StudyReport extends Omit<Holdout, 'search'> {
  readonly seed: number;
  readonly objective: Objective;
  readonly rejected: number;
  readonly failed: number;
  /** Best first. */
  readonly trials: readonly Pick<Trial, 'number' | 'parameters' | 'score' | 'failure'>[];
}

export function reportOf(
  { search: found, ...rest }: Holdout,
  { seed, objective }: Pick<SearchOptions, 'seed' | 'objective'>,
): StudyReport {
  const { rejected, failed } = found;
  const trials = found.trials.map(({ number, parameters, score, failure }) => ({
    ...{ number, parameters, score, failure },
  }));
  return { ...rest, seed, objective, rejected, failed, trials };
}

/** Of its in-sample score, what the best should at least keep. */
const KEPT = 0.5;

function warningsOf(luck: Luck, best: Compared | undefined, options: HoldoutOptions): string[] {
  if (best === undefined) {
    return [
      `no trial has a score: each is too short for ${options.objective}, or has fewer than ${String(options.minTrades)} round trips`,
    ];
  }
  const warnings = doubts(luck, best.trial);
  const { outOfSample, outOfSampleScore } = best;
  const score = best.trial.score ?? 0;
  if (outOfSample === null) warnings.push('the best fails out of sample');
  else if (outOfSample.totalReturn < 0 && (best.trial.summary?.totalReturn ?? 0) > 0) {
    warnings.push('the best earns in sample and loses out of sample: it does not carry over');
  } else if (outOfSampleScore !== null && score > 0 && outOfSampleScore < KEPT * score) {
    warnings.push(
      `the best keeps less than half of its ${options.objective} out of sample: ${score.toFixed(2)} became ${outOfSampleScore.toFixed(2)}`,
    );
  }
  return warnings;
}
