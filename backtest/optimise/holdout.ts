/** The search on the first part of the data, and its best on the part it has not seen. */
import { KeelError } from '../../core/errors.ts';
import type { Summary } from '../metrics.ts';
import { doubts, luckOf, type Luck } from './luck.ts';
import { scoreOf } from './objective.ts';
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

export interface Holdout {
  readonly inSample: Span;
  readonly outOfSample: Span;
  readonly search: Search;
  /** The best of the search, by their in-sample score. */
  readonly best: readonly Compared[];
  readonly luck: Luck;
  /** Sentences for people; empty where nothing speaks against the best. */
  readonly warnings: readonly string[];
}

/**
 * Optimises on the first part of `span` and runs the best on the rest, each from a fresh wallet. Throws as
 * `search`, and INVALID_INPUT for a share that is none.
 */
export async function optimise(
  pool: RunPool,
  target: Omit<SearchTarget, 'stretch'>,
  span: Span,
  options: HoldoutOptions,
  onProgress?: OnProgress,
): Promise<Holdout> {
  const { inSample: share } = options;
  if (!(share > 0 && share < 1)) {
    throw new KeelError(
      'INVALID_INPUT',
      `in-sample share ${String(share)}: give one above 0 and under 1, such as 0.7`,
    );
  }
  const middle = Math.round(span.from + (span.to - span.from) * share);
  const inSample = { from: span.from, to: middle };
  const outOfSample = { from: middle, to: span.to };
  const found = await search(pool, { ...target, stretch: inSample }, options, onProgress);
  const chosen = found.trials
    .filter(({ failure, score }) => failure === null && score !== null)
    .slice(0, options.best);
  const outcomes = await pool.run(
    chosen.map(({ parameters }) => ({ ...outOfSample, parameters, wants: 'summary' })),
  );
  const best = chosen.map((trial, index): Compared => {
    const outcome = outcomes[index];
    const summary = outcome?.ok === true ? outcome.answer.summary : null;
    return {
      trial,
      outOfSample: summary,
      outOfSampleScore: summary === null ? null : scoreOf(summary, options.objective, 0),
    };
  });
  const luck = luckOf(found);
  const warnings = warningsOf(luck, best[0], options);
  return { inSample, outOfSample, search: found, best, luck, warnings };
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
