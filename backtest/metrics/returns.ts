/**
 * Returns from an equity curve: by UTC day for the risk figures, by day, week, month or year for tables. The
 * first period starts from the start balance and the last ends at the last bar, so both may be short; a period
 * without bars returns 0. Hence the returns compound to the total return.
 */
import type { EquityCurve } from '../result.ts';

export const DAY_MS = 86_400_000;
/** Crypto trades every day: a year has 365 of them, and daily figures are annualised by 365 and √365. */
export const DAYS_PER_YEAR = 365;

export const periods = ['day', 'week', 'month', 'year'] as const;
export type Period = (typeof periods)[number];

export interface PeriodReturn {
  /** First millisecond, UTC. Weeks begin on Monday (ISO 8601). */
  readonly from: number;
  /** First millisecond of the next period, UTC. */
  readonly to: number;
  /** Worth in quote before its first bar and after its last. */
  readonly startEquity: number;
  readonly endEquity: number;
  /** endEquity / startEquity − 1; 0.01 is one per cent. */
  readonly return: number;
}

/** First millisecond of the period that holds `at`, ms UTC. */
export function periodStart(at: number, period: Period): number {
  const day = Math.floor(at / DAY_MS) * DAY_MS;
  const date = new Date(day);
  switch (period) {
    case 'day':
      return day;
    case 'week':
      return day - ((date.getUTCDay() + 6) % 7) * DAY_MS;
    case 'month':
      return Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), 1);
    case 'year':
      return Date.UTC(date.getUTCFullYear(), 0, 1);
  }
}

function nextPeriod(start: number, period: Period): number {
  const date = new Date(start);
  switch (period) {
    case 'day':
      return start + DAY_MS;
    case 'week':
      return start + 7 * DAY_MS;
    case 'month':
      return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1);
    case 'year':
      return Date.UTC(date.getUTCFullYear() + 1, 0, 1);
  }
}

/**
 * The returns of every period from the first bar to the last, oldest first; empty without bars. A bar that
 * closes at midnight belongs to the day that ends. After the worth has fallen to zero or below there is nothing
 * left to earn a return on: the period of ruin is the last.
 * @param startBalance worth in quote before the first bar, above zero
 */
export function periodReturns(
  curve: Pick<EquityCurve, 'at' | 'value'>,
  startBalance: number,
  period: Period,
): PeriodReturn[] {
  const rows: PeriodReturn[] = [];
  const { at, value } = curve;
  const first = at[0];
  if (first === undefined) return rows;
  let from = periodStart(first - 1, period);
  let equity = startBalance;
  let bar = 0;
  while (bar < at.length && equity > 0) {
    const to = nextPeriod(from, period);
    const startEquity = equity;
    for (; (at[bar] ?? Infinity) <= to; bar += 1) equity = value[bar] ?? equity;
    rows.push({ from, to, startEquity, endEquity: equity, return: equity / startEquity - 1 });
    from = to;
  }
  return rows;
}

/** The returns of the UTC days, oldest first: what Sharpe, Sortino, volatility and value at risk read. */
export function dailyReturns(
  curve: Pick<EquityCurve, 'at' | 'value'>,
  startBalance: number,
): number[] {
  return periodReturns(curve, startBalance, 'day').map((row) => row.return);
}
