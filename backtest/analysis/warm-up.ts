/**
 * How long must a strategy be warmed before it trades as one that has run for ever? It is run over the same time
 * with ever more bars before it; the longest is what the others are held against.
 */
import { firstBarFrom } from '../../core/bar-series.ts';
import { KeelError } from '../../core/errors.ts';
import type { BaseStrategy } from '../../strategies/base-strategy.ts';
import { intervalMs } from '../../core/time.ts';
import type { RunPool } from '../optimise/run-pool.ts';
import type { Span } from '../optimise/spans.ts';
import type { AskedSignal, RunAnswer, Study } from '../optimise/study.ts';

export interface WarmUpRun {
  /** Bars of the data before the first traded one. */
  readonly bars: number;
  readonly signals: number;
  /** Signals that only this run or only the longest has, of those that either has; 0.01 is one per cent. */
  readonly signalDifference: number;
  /** |final equity / that of the longest − 1|. */
  readonly equityDifference: number;
  /** Time of the last signal that differs, ms UTC; null where none does. */
  readonly differsUntil: number | null;
}

export interface WarmUp {
  /** Bars that the strategy asks for, as live reads them. */
  readonly declared: number;
  /** The longest, which the others are compared with. */
  readonly reference: number;
  /** Ascending; the declared length among them. */
  readonly runs: readonly WarmUpRun[];
  /** The shortest from which on all runs equal the longest; null where none but the longest itself does. */
  readonly suggested: number | null;
}

/** The declared length, and multiples of it. */
const MULTIPLES = [1, 2, 4, 8, 16];

/** Bars of the data before the first traded one that the feeds of a strategy ask for; the largest of its symbols. */
export function declaredWarmUp(strategy: BaseStrategy, { input }: Study): number {
  const base = input.series[0]?.interval ?? '1m';
  return Math.max(
    ...strategy
      .feeds()
      .map(({ warmup, interval }) => Math.ceil((warmup * intervalMs(interval)) / intervalMs(base))),
  );
}

/**
 * Runs over `span` with each length, by default the declared one times 1, 2, 4, 8 and 16, as far as there are bars
 * before it, and all of them as the reference. Throws INVALID_INPUT where there are no more bars before the span
 * than the strategy asks for or a given length has, and STRATEGY_FAILED where a run fails.
 */
export async function analyseWarmUp(
  pool: RunPool,
  study: Study,
  span: Span,
  declared: number,
  lengths?: readonly number[],
): Promise<WarmUp> {
  const reference = Math.min(
    ...study.input.series.map((series) => firstBarFrom(series, span.from)),
  );
  const long = lengths?.find((bars) => bars >= reference);
  if (long !== undefined) {
    throw new KeelError(
      'INVALID_INPUT',
      `a warm-up of ${String(long)} bars: there are ${String(reference)} before the traded time, and all of them are the reference; give fewer, or trade a later time range`,
    );
  }
  const tried = [...new Set([declared, ...(lengths ?? MULTIPLES.map((times) => times * declared))])]
    .filter((bars) => bars < reference)
    .sort((a, b) => a - b);
  if (!tried.includes(declared)) {
    throw new KeelError(
      'INVALID_INPUT',
      `there are ${String(reference)} bars before the traded time and the strategy asks for ${String(declared)}: there must be more; trade a later time range`,
    );
  }
  const bad = tried.find((bars) => !Number.isInteger(bars) || bars < 0);
  if (bad !== undefined) {
    throw new KeelError(
      'INVALID_INPUT',
      `a warm-up of ${String(bad)} bars: give a whole number from 0`,
    );
  }
  const outcomes = await pool.run(
    [...tried, reference].map((warmupBars) => ({
      ...span,
      parameters: {},
      warmupBars,
      wants: 'signals',
    })),
  );
  const answers = outcomes.map((outcome) => {
    if (outcome.ok) return outcome.answer;
    throw new KeelError('STRATEGY_FAILED', outcome.message);
  });
  const longest = answers.at(-1);
  const runs = tried.flatMap((bars, index) => {
    const answer = answers[index];
    return answer === undefined || longest === undefined ? [] : [compare(bars, answer, longest)];
  });
  const lastOff = runs.findLastIndex(
    ({ signalDifference, equityDifference }) => signalDifference > 0 || equityDifference > 0,
  );
  return { declared, reference, runs, suggested: runs[lastOff + 1]?.bars ?? null };
}

function compare(bars: number, answer: RunAnswer, longest: RunAnswer): WarmUpRun {
  const [ours, theirs] = [answer.signals ?? [], longest.signals ?? []];
  const differing = [...missing(ours, theirs), ...missing(theirs, ours)];
  const either = ours.length + missing(theirs, ours).length;
  const equity = Number(longest.summary.finalEquity);
  return {
    bars,
    signals: ours.length,
    signalDifference: either === 0 ? 0 : differing.length / either,
    equityDifference: Math.abs(Number(answer.summary.finalEquity) / equity - 1),
    differsUntil: differing.length === 0 ? null : Math.max(...differing.map(({ at }) => at)),
  };
}

/** Those of `some` that `others` has not. */
function missing(some: readonly AskedSignal[], others: readonly AskedSignal[]): AskedSignal[] {
  const byTime = Map.groupBy(others, ({ at }) => at);
  return some.filter(
    (signal) => !(byTime.get(signal.at) ?? []).some((other) => alike(other, signal)),
  );
}

/** Their quantities aside: after one other trade the equity is another, and every size that is a share of it. */
function alike(a: AskedSignal, b: AskedSignal): boolean {
  return (
    a.symbol === b.symbol &&
    a.side === b.side &&
    a.type === b.type &&
    a.price === b.price &&
    a.tag === b.tag
  );
}
