/**
 * Risk and reward figures of a series of daily returns. The riskless rate is 0. A figure is null where the
 * sample is too small for it to mean anything, or where it would divide by nothing; each says its rule.
 */
import { DAYS_PER_YEAR } from './returns.ts';

/** Daily returns below which volatility, Sharpe and Sortino are null: a week. */
export const LEAST_DAYS = 7;
/** Daily returns below which value at risk is null: a 5 % tail holds one day in twenty. */
export const LEAST_TAIL_DAYS = 20;
/** Length in days below which nothing is raised to a year's power. */
export const LEAST_YEAR_DAYS = 30;

/** Arithmetic mean; NaN of nothing. */
export function mean(values: readonly number[]): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum / values.length;
}

/** Sample standard deviation (n − 1); NaN of fewer than two values. */
export function standardDeviation(values: readonly number[]): number {
  const centre = mean(values);
  let squares = 0;
  for (const value of values) squares += (value - centre) ** 2;
  return Math.sqrt(squares / (values.length - 1));
}

/** Whether a deviation is a rounding error of values that are all the same. */
function isNothing(deviation: number, centre: number): boolean {
  return deviation <= 1e-12 * Math.abs(centre);
}

/**
 * The value below which the share `probability` (0..1) of the values lies, linear between neighbours: type 7 of
 * Hyndman & Fan, "Sample quantiles in statistical packages", 1996 (numpy's default). NaN of nothing.
 */
export function quantile(values: readonly number[], probability: number): number {
  return sortedQuantile(Float64Array.from(values).sort(), probability);
}

/** `quantile` of values already ascending. */
export function sortedQuantile(ascending: ArrayLike<number>, probability: number): number {
  const place = (ascending.length - 1) * probability;
  const below = Math.floor(place);
  const low = ascending[below] ?? Number.NaN;
  const high = ascending[below + 1] ?? low;
  return low + (high - low) * (place - below);
}

/**
 * Compound annual growth rate: (end / start)^(365 / days) − 1, −1 where all is lost (Bacon, Practical Portfolio
 * Performance, 2nd ed., ch. 2). Null for runs under 30 days: a good week is no annual return.
 */
export function annualReturn(start: number, end: number, days: number): number | null {
  if (days < LEAST_YEAR_DAYS) return null;
  return end <= 0 ? -1 : (end / start) ** (DAYS_PER_YEAR / days) - 1;
}

/** Annual volatility: sample standard deviation of daily returns × √365 (Bacon, ch. 4). Null under 7 days. */
export function volatility(daily: readonly number[]): number | null {
  if (daily.length < LEAST_DAYS) return null;
  return standardDeviation(daily) * Math.sqrt(DAYS_PER_YEAR);
}

/**
 * Sharpe ratio of one period, not annualised: mean / sample standard deviation (Sharpe, "The Sharpe ratio",
 * Journal of Portfolio Management, 1994; riskless rate 0). Null for fewer than two returns or where all are equal.
 */
export function periodSharpe(returns: readonly number[]): number | null {
  if (returns.length < 2) return null;
  const centre = mean(returns);
  const deviation = standardDeviation(returns);
  return isNothing(deviation, centre) ? null : centre / deviation;
}

/** Annual Sharpe ratio: that of daily returns × √365. Null under 7 days or where all returns are equal. */
export function sharpe(daily: readonly number[]): number | null {
  const ratio = daily.length < LEAST_DAYS ? null : periodSharpe(daily);
  return ratio === null ? null : ratio * Math.sqrt(DAYS_PER_YEAR);
}

/**
 * Annual Sortino ratio with target 0: mean / √(mean of min(r, 0)²) × √365, the mean over all days (Sortino &
 * Price, "Performance measurement in a downside risk framework", Journal of Investing, 1994). Null under 7 days
 * or without a losing day.
 */
export function sortino(daily: readonly number[]): number | null {
  if (daily.length < LEAST_DAYS) return null;
  const downside = Math.sqrt(mean(daily.map((value) => Math.min(value, 0) ** 2)));
  return downside === 0 ? null : (mean(daily) / downside) * Math.sqrt(DAYS_PER_YEAR);
}

/**
 * Calmar ratio over the whole run: annual return / maximum drawdown (Young, "Calmar ratio: a smoother tool",
 * Futures, 1991, there over 36 months). Null where the annual return is, or without a drawdown.
 */
export function calmar(annual: number | null, drawdownShare: number): number | null {
  return annual === null || drawdownShare === 0 ? null : annual / drawdownShare;
}

export interface TailRisk {
  /** Loss of a day that one day in twenty passes, as a share of equity: 0.03 is three per cent. Negative: a gain. */
  readonly valueAtRisk: number;
  /** Mean loss of the days at or beyond it. */
  readonly conditionalValueAtRisk: number;
}

/**
 * Historical daily value at risk and expected shortfall at 95 %: minus the 5 % quantile of daily returns, and
 * minus the mean of those at or below it (Rockafellar & Uryasev, "Optimization of conditional value-at-risk",
 * Journal of Risk, 2000). Null under 20 days.
 */
export function tailRisk(daily: readonly number[]): TailRisk | null {
  if (daily.length < LEAST_TAIL_DAYS) return null;
  const threshold = quantile(daily, 0.05);
  const beyond = daily.filter((value) => value <= threshold);
  return { valueAtRisk: -threshold, conditionalValueAtRisk: -mean(beyond) };
}
