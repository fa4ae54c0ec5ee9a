/** How far the best of many trials is to be believed. */
import { isClosed, tradeReturn } from '../metrics/trade-statistics.ts';
import type { BacktestResult } from '../result.ts';
import { deflatedSharpe, expectedMaximumSharpe, luckPValue } from '../statistics.ts';
import { standardDeviation } from '../metrics/risk.ts';
import { DAYS_PER_YEAR } from '../metrics/returns.ts';
import type { Search, Trial } from './search.ts';

export interface Luck {
  /** Trials that have a Sharpe ratio: what luck could choose from. */
  readonly trials: number;
  /** Probability, 0..1, that the best trial's Sharpe ratio is not luck; null where there are too few days. */
  readonly deflatedSharpe: number | null;
  /** Annual Sharpe ratio that the best of so many trials without any skill is expected to show. */
  readonly expectedByLuck: number | null;
}

/** Below, the best is commonly taken for luck. */
const CREDIBLE = 0.95;
/** Round trips under which figures of trades say little. */
const FEW_TRADES = 30;

export function luckOf({ trials }: Search): Luck {
  const sharpes = trials.flatMap(({ sharpeSample }) => sharpeSample?.sharpe ?? []);
  const sample = trials[0]?.sharpeSample ?? null;
  const variance = sharpes.length < 2 ? 0 : standardDeviation(sharpes) ** 2;
  return {
    trials: sharpes.length,
    deflatedSharpe: sample === null ? null : deflatedSharpe(sample, sharpes),
    expectedByLuck:
      sharpes.length === 0
        ? null
        : expectedMaximumSharpe(variance, sharpes.length) * Math.sqrt(DAYS_PER_YEAR),
  };
}

/** Permutations of signs: enough for three decimal places. */
const PERMUTATIONS = 10_000;

/** `luckPValue` of the closed trades of a run that nothing was chosen by. */
export function luckOfTrades({ trades }: BacktestResult, seed: number): number | null {
  return luckPValue(trades.filter(isClosed).map(tradeReturn), { runs: PERMUTATIONS, seed });
}

/** What makes the best trial doubtful, as sentences for people; empty where nothing does. */
export function doubts(luck: Luck, best: Trial): string[] {
  const { deflatedSharpe: credible, expectedByLuck } = luck;
  const found: string[] = [];
  if (credible === null) {
    found.push(
      'under 10 days with different returns: whether the best is luck cannot be told; give more data',
    );
  } else if (credible < CREDIBLE) {
    found.push(
      `the best of ${String(luck.trials)} trials is likely luck: its deflated Sharpe ratio is ${credible.toFixed(2)}, under ${String(CREDIBLE)}; ` +
        `trials without any skill would show a best Sharpe ratio of about ${(expectedByLuck ?? 0).toFixed(2)}`,
    );
  }
  const trades = best.summary?.roundTrips ?? 0;
  if (trades < FEW_TRADES) {
    found.push(`the best rests on ${String(trades)} round trips, under ${String(FEW_TRADES)}`);
  }
  return found;
}
