/**
 * How much of a result may be luck: the probability that a Sharpe ratio is real, also after many trials, and
 * that the trades' mean return is. Sharpe ratios here are those of one period (`periodSharpe`), not annualised.
 */
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { KeelError } from '../core/errors.ts';
import { mean, periodSharpe, standardDeviation } from './metrics/risk.ts';
import { normalCdf, normalQuantile } from './normal-distribution.ts';

export interface SharpeSample {
  /** Of one period. */
  readonly sharpe: number;
  /** Number of returns it was reckoned from. */
  readonly observations: number;
  /** Third standardised moment of the returns: 0 where they are symmetric. */
  readonly skewness: number;
  /** Fourth standardised moment, not the excess: 3 where they are normal. */
  readonly kurtosis: number;
}

/** Returns below which the probability of a Sharpe ratio is null. */
const LEAST_OBSERVATIONS = 10;

/** What the probability of a Sharpe ratio depends on. Null under 10 returns or where all are equal. */
export function sharpeSample(returns: readonly number[]): SharpeSample | null {
  const sharpe = periodSharpe(returns);
  if (sharpe === null || returns.length < LEAST_OBSERVATIONS) return null;
  const centre = mean(returns);
  const variance = mean(returns.map((value) => (value - centre) ** 2));
  return {
    sharpe,
    observations: returns.length,
    skewness: mean(returns.map((value) => (value - centre) ** 3)) / variance ** 1.5,
    kurtosis: mean(returns.map((value) => (value - centre) ** 4)) / variance ** 2,
  };
}

/**
 * Probabilistic Sharpe ratio: the probability, 0..1, that the true Sharpe ratio is above `benchmark`. Bailey &
 * López de Prado, "The Sharpe ratio efficient frontier", Journal of Risk, 2012.
 * @param benchmark a Sharpe ratio of one period too
 */
export function probabilisticSharpe(sample: SharpeSample, benchmark = 0): number {
  const { sharpe, observations, skewness, kurtosis } = sample;
  const variance = 1 - skewness * sharpe + ((kurtosis - 1) / 4) * sharpe ** 2;
  return normalCdf(((sharpe - benchmark) * Math.sqrt(observations - 1)) / Math.sqrt(variance));
}

const EULER_MASCHERONI = 0.577_215_664_901_532_9;

/**
 * The Sharpe ratio that the best of so many trials without any skill is expected to reach. Bailey & López de
 * Prado, "The deflated Sharpe ratio", Journal of Portfolio Management, 2014. 0 for one trial.
 * @param variance of the Sharpe ratios (of one period) of all trials
 * @param trials independent ones; those that resemble each other count less
 */
export function expectedMaximumSharpe(variance: number, trials: number): number {
  if (!(variance >= 0) || !(trials >= 1)) {
    throw new KeelError(
      'INVALID_INPUT',
      `variance ${String(variance)} of ${String(trials)} trials: give a variance of 0 or more and at least 1 trial`,
    );
  }
  if (trials === 1) return 0;
  const highest =
    (1 - EULER_MASCHERONI) * normalQuantile(1 - 1 / trials) +
    EULER_MASCHERONI * normalQuantile(1 - 1 / (trials * Math.E));
  return Math.sqrt(variance) * highest;
}

/**
 * Deflated Sharpe ratio: the probability, 0..1, that the chosen trial's true Sharpe ratio is above what the best
 * of all trials would show by luck (Bailey & López de Prado, 2014). Below 0.95 is commonly taken for luck.
 * @param trialSharpes of one period, of every trial that was made, the chosen one too; at least one
 */
export function deflatedSharpe(sample: SharpeSample, trialSharpes: readonly number[]): number {
  const variance = trialSharpes.length < 2 ? 0 : standardDeviation(trialSharpes) ** 2;
  return probabilisticSharpe(sample, expectedMaximumSharpe(variance, trialSharpes.length));
}

/**
 * How probable it is, 0..1, that trades without an edge return so much or more on average: a permutation test
 * that flips the signs of the returns (Fisher, The Design of Experiments, 1935), counted as (hits + 1) /
 * (runs + 1) after Phipson & Smyth, "Permutation p-values should never be zero", 2010. It takes returns without
 * an edge for symmetric about zero. Null without a return.
 * @param returns of the trades
 * @param options.runs number of permutations
 * @param options.seed a 32-bit integer; the same seed gives the same answer on every machine
 */
export function luckPValue(
  returns: readonly number[],
  options: { readonly runs: number; readonly seed: number },
): number | null {
  const { runs, seed } = checkedRandom(options);
  if (returns.length === 0) return null;
  const random = xoroshiro128plus(seed);
  const observed = returns.reduce((sum, value) => sum + value, 0);
  // Sums of the same numbers in another order of signs differ by rounding; those are ties.
  const tie = 1e-12 * returns.reduce((sum, value) => sum + Math.abs(value), 0);
  let hits = 0;
  for (let run = 0; run < runs; run += 1) {
    let sum = 0;
    for (const value of returns) sum += uniformInt(random, 0, 1) === 1 ? value : -value;
    if (sum >= observed - tie) hits += 1;
  }
  return (hits + 1) / (runs + 1);
}

/** Refuses numbers of runs and seeds that cannot be. Throws KeelError INVALID_INPUT. */
export function checkedRandom<T extends { readonly runs: number; readonly seed: number }>(
  options: T,
): T {
  const { runs, seed } = options;
  if (!Number.isInteger(runs) || runs < 1) {
    throw new KeelError('INVALID_INPUT', `${String(runs)} runs: give a whole number from 1`);
  }
  if (!Number.isInteger(seed) || seed !== (seed | 0)) {
    throw new KeelError(
      'INVALID_INPUT',
      `seed ${String(seed)}: give a whole number from -2147483648 to 2147483647`,
    );
  }
  return options;
}
