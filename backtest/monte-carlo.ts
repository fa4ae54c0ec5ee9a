/**
 * What else might have come out: a run's trades in another order, or drawn again, and its days drawn again in
 * blocks. Each simulated path compounds its returns from the start balance. Seeded, so that it repeats.
 */
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import type { RandomGenerator } from 'pure-rand/types/RandomGenerator';
import { KeelError } from '../core/errors.ts';
import { sortedQuantile } from './metrics/risk.ts';
import { isClosed } from './metrics/trade-statistics.ts';
import type { BacktestResult } from './result.ts';
import { checkedRandom } from './statistics.ts';

export const resamplings = ['shuffle', 'bootstrap', 'block-bootstrap'] as const;
/**
 * `shuffle`: the same returns in another order. The end stays the same, the drawdown does not.
 * `bootstrap`: as many returns drawn with replacement (Efron, "Bootstrap methods", 1979).
 * `block-bootstrap`: drawn in blocks of random length that keep runs of good and bad days together (Politis &
 * Romano, "The stationary bootstrap", 1994).
 */
export type Resampling = (typeof resamplings)[number];

export interface MonteCarloOptions {
  readonly resampling: Resampling;
  /** Number of simulated paths, from 1. */
  readonly runs: number;
  /** A 32-bit integer. */
  readonly seed: number;
  /** Mean length of a block; for `block-bootstrap` only. The cube root of the number of returns if not given. */
  readonly blockLength?: number;
}

/** Values that 5, 50 and 95 % of the paths lie below. */
export interface Percentiles {
  readonly p5: number;
  readonly p50: number;
  readonly p95: number;
}

export interface MonteCarlo {
  readonly resampling: Resampling;
  readonly runs: number;
  readonly seed: number;
  /** Returns a path has. */
  readonly length: number;
  /** In quote. */
  readonly finalEquity: Percentiles;
  /** Maximum drawdown at the ends of the periods or trades, 0..1. */
  readonly maxDrawdown: Percentiles;
  /** Share of the paths that end below the start balance. */
  readonly lossProbability: number;
}

/**
 * What each closed trade returned on the worth of the account when it was entered, by exit: what `shuffle` and
 * `bootstrap` draw from. Trades held at the same time are taken one after the other.
 */
export function tradeReturnsOnEquity(result: BacktestResult): number[] {
  const wallet = Number(result.run.wallet);
  return result.trades
    .filter(isClosed)
    .sort((a, b) => a.exitAt - b.exitAt)
    .map((trade) => Number(trade.pnl) / worthAt(result, trade.entryAt, wallet));
}

/** Worth at the last close up to `time`. */
function worthAt({ equity }: BacktestResult, time: number, wallet: number): number {
  let low = 0;
  let high = equity.at.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((equity.at[middle] ?? Infinity) <= time) low = middle + 1;
    else high = middle;
  }
  return equity.value[low - 1] ?? wallet;
}

/** One resampling of `returns`, written to `path`. */
function resample(
  returns: Float64Array,
  path: Float64Array,
  resampling: Resampling,
  blockLength: number,
  random: RandomGenerator,
): void {
  const last = returns.length - 1;
  if (resampling === 'shuffle') {
    // Fisher & Yates, as in Durstenfeld, 1964.
    path.set(returns);
    for (let index = last; index > 0; index -= 1) {
      const other = uniformInt(random, 0, index);
      const kept = path[index] ?? 0;
      path[index] = path[other] ?? 0;
      path[other] = kept;
    }
    return;
  }
  const newBlock = resampling === 'bootstrap' ? 1 : 1 / blockLength;
  let from = 0;
  for (let index = 0; index <= last; index += 1) {
    const jumps = index === 0 || newBlock === 1 || uniformFloat64(random) < newBlock;
    from = jumps ? uniformInt(random, 0, last) : (from + 1) % returns.length;
    path[index] = returns[from] ?? 0;
  }
}

function percentiles(values: Float64Array): Percentiles {
  const ascending = values.toSorted();
  return {
    p5: sortedQuantile(ascending, 0.05),
    p50: sortedQuantile(ascending, 0.5),
    p95: sortedQuantile(ascending, 0.95),
  };
}

/**
 * Simulates paths from the returns of a run's trades (`tradeReturnsOnEquity`) or days (`dailyReturns`). A path
 * that loses everything stays at zero. Null for fewer than two returns.
 * @throws KeelError INVALID_INPUT for runs, a seed or a block length that cannot be
 */
export function monteCarlo(
  returns: readonly number[],
  startBalance: number,
  options: MonteCarloOptions,
): MonteCarlo | null {
  const { resampling, runs, seed } = checkedRandom(options);
  const blockLength = options.blockLength ?? Math.cbrt(returns.length);
  if (!(blockLength >= 1) && returns.length > 0) {
    throw new KeelError(
      'INVALID_INPUT',
      `block length ${String(blockLength)}: give 1 or more, in returns`,
    );
  }
  if (returns.length < 2) return null;
  const random = xoroshiro128plus(seed);
  const source = Float64Array.from(returns);
  const path = new Float64Array(source.length);
  const ends = new Float64Array(runs);
  const drawdowns = new Float64Array(runs);
  let losses = 0;
  for (let run = 0; run < runs; run += 1) {
    resample(source, path, resampling, blockLength, random);
    let equity = startBalance;
    let peak = startBalance;
    let deepest = 0;
    for (const value of path) {
      equity = Math.max(0, equity * (1 + value));
      peak = Math.max(peak, equity);
      deepest = Math.max(deepest, 1 - equity / peak);
    }
    ends[run] = equity;
    drawdowns[run] = deepest;
    if (equity < startBalance) losses += 1;
  }
  return {
    resampling,
    runs,
    seed,
    length: returns.length,
    finalEquity: percentiles(ends),
    maxDrawdown: percentiles(drawdowns),
    lossProbability: losses / runs,
  };
}
