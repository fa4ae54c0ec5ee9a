/**
 * Walk-forward analysis (Pardo, The Evaluation and Optimization of Trading Strategies, 2nd ed., 2008, ch. 11): optimise
 * on one stretch, trade the next with the best, move on. The traded stretches, put together, are what the way of
 * choosing parameters would have earned.
 */
import { KeelError } from '../../core/errors.ts';
import { Decimal, toDecimalString } from '../../core/money.ts';
import { summarise, type Summary } from '../metrics.ts';
import { DAY_MS } from '../metrics/returns.ts';
import { mean } from '../metrics/risk.ts';
import type { BacktestResult, EquityCurve, MarketSpan } from '../result.ts';
import { luckOfTrades } from './luck.ts';
import type { RunPool } from './run-pool.ts';
import {
  search,
  type OnProgress,
  type SearchOptions,
  type SearchTarget,
  type Trial,
} from './search.ts';
import type { Span } from './spans.ts';

export interface WalkForwardOptions extends SearchOptions {
  /** Number of traded stretches, from 1. */
  readonly windows: number;
  /** Length optimised on, as a share of that and the traded stretch after it; above 0 and under 1. */
  readonly inSample: number;
  /** Every search begins at the start of the data; else its window moves along. */
  readonly anchored: boolean;
}

export interface WalkForwardWindow {
  readonly inSample: Span;
  readonly outOfSample: Span;
  /** The best of the search; null where no trial had a score: then nothing is traded. */
  readonly best: Trial | null;
  /** What it did out of sample; null where it was not traded. */
  readonly summary: Summary | null;
}

export interface WalkForward {
  readonly windows: readonly WalkForwardWindow[];
  /** Out-of-sample stretches one after the other, each begun with the worth at the end of the one before. */
  readonly result: BacktestResult;
  readonly summary: Summary;
  /** Return a day out of sample / in sample, means of the windows; null where in sample it is not above 0. */
  readonly efficiency: number | null;
  /** Of the traded stretches' trades (see `luckPValue`); null without one. */
  readonly luckPValue: number | null;
}

/** The stretches. Throws INVALID_INPUT for numbers that cannot be. */
export function windowsOf(
  { from, to }: Span,
  options: Pick<WalkForwardOptions, 'windows' | 'inSample' | 'anchored'>,
): { readonly inSample: Span; readonly outOfSample: Span }[] {
  const { windows, inSample: share, anchored } = options;
  if (!Number.isInteger(windows) || windows < 1 || !(share > 0 && share < 1)) {
    throw new KeelError(
      'INVALID_INPUT',
      `${String(windows)} windows, in-sample share ${String(share)}: give a whole number from 1, and a share above 0 and under 1`,
    );
  }
  const parts = share / (1 - share);
  const length = (to - from) / (parts + windows);
  const begin = (index: number): number => Math.round(from + (parts + index) * length);
  return Array.from({ length: windows }, (_, index) => ({
    inSample: { from: anchored ? from : Math.round(from + index * length), to: begin(index) },
    outOfSample: { from: begin(index), to: index === windows - 1 ? to : begin(index + 1) },
  }));
}

/** Walks forward over `span`. Throws as `search`, and STRATEGY_FAILED where the best fails out of sample. */
export async function walkForward(
  pool: RunPool,
  target: Omit<SearchTarget, 'stretch'>,
  span: Span,
  wallet: string,
  options: WalkForwardOptions,
  onProgress?: OnProgress,
): Promise<WalkForward> {
  const windows: WalkForwardWindow[] = [];
  const results: BacktestResult[] = [];
  let worth = wallet;
  for (const [index, { inSample, outOfSample }] of windowsOf(span, options).entries()) {
    const told: OnProgress = (done, total) =>
      onProgress?.(index * total + done, options.windows * total);
    const { trials } = await search(pool, { ...target, stretch: inSample }, options, told);
    const best = trials.find(({ score }) => score !== null) ?? null;
    const result = best === null ? null : await trade(pool, best, outOfSample, worth);
    const summary = result === null ? null : summarise(result);
    windows.push({ inSample, outOfSample, best, summary });
    if (result === null) continue;
    results.push(result);
    worth = result.run.finalEquity;
    if (!(Number(worth) > 0)) break;
  }
  const result = stitch(results, options);
  return {
    windows,
    result,
    summary: summarise(result),
    efficiency: efficiencyOf(windows),
    luckPValue: luckOfTrades(result, options.seed),
  };
}

async function trade(
  pool: RunPool,
  { parameters }: Trial,
  stretch: Span,
  wallet: string,
): Promise<BacktestResult> {
  const [outcome] = await pool.run([{ ...stretch, parameters, wallet, wants: 'result' }]);
  if (outcome?.ok === true && outcome.answer.result !== undefined) return outcome.answer.result;
  const why = outcome?.ok === false ? outcome.message : 'no result';
  throw new KeelError(
    'STRATEGY_FAILED',
    `${JSON.stringify(parameters)} fails out of sample: ${why}`,
  );
}

/** One result of several that follow each other. Positions are not carried over: each begins flat. */
function stitch(
  results: readonly BacktestResult[],
  { objective, minTrades }: SearchOptions,
): BacktestResult {
  const [first] = results;
  const last = results.at(-1);
  if (first === undefined || last === undefined) {
    throw new KeelError(
      'INVALID_INPUT',
      `no window had a trial with a score: each is too short for ${objective}, or has fewer than ${String(minTrades)} round trips`,
    );
  }
  const sum = (of: (result: BacktestResult) => string): string =>
    toDecimalString(results.reduce((total, result) => total.plus(of(result)), new Decimal(0)));
  return {
    run: { ...first.run, to: last.run.to, finalEquity: last.run.finalEquity },
    orders: results.flatMap(({ orders }) => orders),
    fills: results.flatMap(({ fills }) => fills),
    trades: results.flatMap(({ trades }) => trades),
    equity: {
      at: column(results, 'at'),
      value: column(results, 'value'),
      invested: column(results, 'invested'),
    },
    markets: first.markets.map((market, index) => spanOfMarket(market, results, index)),
    ambiguousBars: results.reduce((total, { ambiguousBars }) => total + ambiguousBars, 0),
    bounds: null,
    slippagePaid: sum(({ slippagePaid }) => slippagePaid),
    funding: sum(({ funding }) => funding),
    notices: [...new Set(results.flatMap(({ notices }) => notices))],
  };
}

function column(results: readonly BacktestResult[], name: keyof EquityCurve): Float64Array {
  return Float64Array.from(results.flatMap(({ equity }) => [...equity[name]]));
}

function spanOfMarket(
  first: MarketSpan,
  results: readonly BacktestResult[],
  index: number,
): MarketSpan {
  return {
    ...first,
    bars: results.reduce((sum, { markets }) => sum + (markets[index]?.bars ?? 0), 0),
    lastPrice: results.at(-1)?.markets[index]?.lastPrice ?? first.lastPrice,
  };
}

function efficiencyOf(windows: readonly WalkForwardWindow[]): number | null {
  const pairs = windows.flatMap(({ best, summary, inSample, outOfSample }) => {
    const chosen = best?.summary ?? null;
    if (chosen === null || summary === null) return [];
    const aDay = (total: number, { from, to }: Span): number => (total * DAY_MS) / (to - from);
    return [
      {
        inside: aDay(chosen.totalReturn, inSample),
        outside: aDay(summary.totalReturn, outOfSample),
      },
    ];
  });
  const inside = mean(pairs.map((pair) => pair.inside));
  return inside > 0 ? mean(pairs.map((pair) => pair.outside)) / inside : null;
}
