/**
 * The summary of a backtest: every figure that reports print and optimisers aim at, reckoned from the result
 * alone. Shares are fractions (0.01 is one per cent). Money that is a fact is an exact decimal string; what is
 * estimated is float64. A figure is null where the run is too short for it; reports print `n/a`.
 */
import { KeelError } from '../core/errors.ts';
import { decimal, toDecimalString } from '../core/money.ts';
import type { IntentState } from '../core/order.ts';
import { activity, type Activity, type Fees, marketChange, totalFees } from './metrics/costs.ts';
import { type Drawdown, maxDrawdown } from './metrics/drawdown.ts';
import { DAY_MS, dailyReturns } from './metrics/returns.ts';
import {
  annualReturn,
  calmar,
  sharpe,
  sortino,
  tailRisk,
  type TailRisk,
  volatility,
} from './metrics/risk.ts';
import { tradeStatistics, type TradeStatistics } from './metrics/trade-statistics.ts';
import type { BacktestResult } from './result.ts';

/** JSON-safe. Beside what is named here it holds the figures of its parts, flat. */
export interface Summary extends TradeStatistics, Fees, Activity {
  readonly quote: string;
  /** Quote at the start, exact. */
  readonly startBalance: string;
  /** Worth at the last closes, exact. */
  readonly finalEquity: string;
  /** Final equity less start balance, exact. */
  readonly profit: string;
  /** Profit / start balance. */
  readonly totalReturn: number;
  /** Compound, over 365 days. Null for runs under 30 days. */
  readonly annualReturn: number | null;
  /** Annual, of daily returns × √365. Null for runs under 7 days. */
  readonly volatility: number | null;
  /** Annual, of daily returns, riskless rate 0. Null for runs under 7 days or without any variation. */
  readonly sharpe: number | null;
  /** Annual, of daily returns, target 0. Null for runs under 7 days or without a losing day. */
  readonly sortino: number | null;
  /** Annual return / maximum drawdown. Null for runs under 30 days or without a drawdown. */
  readonly calmar: number | null;
  readonly maxDrawdown: Drawdown;
  /** Of a day, at 95 %. Null for runs under 20 days. */
  readonly tailRisk: TailRisk | null;
  /** UTC days with a return, and how they ended; the best and the worst (null without one). */
  readonly days: number;
  readonly winningDays: number;
  readonly losingDays: number;
  readonly bestDay: number | null;
  readonly worstDay: number | null;
  /** Mean over symbols of last / first price − 1. Null without a market. */
  readonly marketChange: number | null;
  /** Quote lost to slippage, exact. */
  readonly slippagePaid: string;
  /** Funding received (+) or paid (−), in quote, exact. */
  readonly funding: string;
  /** Orders asked for, and how many ended in each state; states without an order are absent. */
  readonly orders: number;
  readonly ordersByState: Readonly<Partial<Record<IntentState, number>>>;
  readonly bars: number;
  readonly ambiguousBars: number;
  /** Final equity had each ambiguous bar gone for and against the strategy; null where there was none. */
  readonly bounds: { readonly best: string; readonly worst: string } | null;
}

/**
 * Reckons the summary of a result.
 * @throws KeelError INVALID_INPUT where the start balance is not above zero: nothing is a return on nothing
 */
export function summarise(result: BacktestResult): Summary {
  const { run, equity, trades, fills } = result;
  const startBalance = Number(run.wallet);
  if (!(startBalance > 0)) {
    throw new KeelError(
      'INVALID_INPUT',
      `the start balance is ${run.wallet} ${run.quote}: give one above zero`,
    );
  }
  const profit = decimal(run.finalEquity).minus(run.wallet);
  const daily = dailyReturns(equity, startBalance);
  const ascending = Float64Array.from(daily).sort();
  const annual = annualReturn(startBalance, Number(run.finalEquity), (run.to - run.from) / DAY_MS);
  const drawdown = maxDrawdown(equity, run.from, startBalance);
  return {
    quote: run.quote,
    startBalance: run.wallet,
    finalEquity: run.finalEquity,
    profit: toDecimalString(profit),
    totalReturn: profit.div(run.wallet).toNumber(),
    annualReturn: annual,
    volatility: volatility(daily),
    sharpe: sharpe(daily),
    sortino: sortino(daily),
    calmar: calmar(annual, drawdown.share),
    maxDrawdown: drawdown,
    tailRisk: tailRisk(daily),
    days: daily.length,
    winningDays: daily.filter((value) => value > 0).length,
    losingDays: daily.filter((value) => value < 0).length,
    bestDay: ascending.at(-1) ?? null,
    worstDay: ascending[0] ?? null,
    marketChange: marketChange(result.markets),
    ...tradeStatistics(trades),
    ...totalFees(fills),
    ...activity(fills, equity),
    slippagePaid: result.slippagePaid,
    funding: result.funding,
    orders: result.orders.length,
    ordersByState: countStates(result),
    bars: equity.at.length,
    ambiguousBars: result.ambiguousBars,
    bounds: result.bounds,
  };
}

function countStates({ orders }: BacktestResult): Partial<Record<IntentState, number>> {
  const counts: Partial<Record<IntentState, number>> = {};
  for (const { state } of orders) counts[state] = (counts[state] ?? 0) + 1;
  return counts;
}
