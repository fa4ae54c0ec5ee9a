/** The day's summary: bars, signals, orders by status, fills, fees, P&L per strategy, open positions. */
import type { EquityPoint, PositionRecord, Repositories } from '../../adapters/repositories.ts';
import { decimal, toDecimalString } from '../../core/money.ts';
import type { OrderView } from '../../core/order.ts';
import { cents } from '../tables.ts';
import { allOrders } from './audit.ts';

export interface StrategySummary {
  readonly strategyId: string;
  readonly signals: number;
  readonly ordersByStatus: Readonly<Record<string, number>>;
  readonly fills: number;
  readonly fees: Readonly<Record<string, string>>;
  readonly roundTrips: number;
  readonly allocation: string;
  readonly equity: EquityPoint | undefined;
  readonly positions: readonly PositionRecord[];
}

/** Sums up the orders of the given strategy runs (strategy id → run id). */
export async function summarise(
  repositories: Repositories,
  runs: ReadonlyMap<string, string>,
): Promise<StrategySummary[]> {
  const orders = await allOrders(repositories);
  const equity = await repositories.portfolio.latestEquity();
  return Promise.all(
    [...runs].map(async ([strategyId, runId]) => {
      const mine = orders.filter((order) => order.runId === runId);
      const fills = await Promise.all(
        mine.map((order) => repositories.orders.orderFills(order.orderId)),
      );
      const trades = await repositories.portfolio.trades(strategyId);
      const since = Math.min(...mine.map((order) => order.eventTime));
      return {
        strategyId,
        signals: (await repositories.strategies.signalIds(runId)).length,
        ordersByStatus: countBy(mine, (order) => order.status),
        fills: fills.flat().length,
        fees: sumFees(mine),
        roundTrips: trades.filter((trade) => trade.exitAt !== null && trade.exitAt >= since).length,
        allocation: (await repositories.strategies.get(strategyId)).quota.allocation,
        equity: equity.find((point) => point.strategyId === strategyId),
        positions: (await repositories.portfolio.positions(strategyId)).filter(
          (position) => !decimal(position.quantity).isZero(),
        ),
      };
    }),
  );
}

/** One line for the progress bar. */
export async function progressText(
  repositories: Repositories,
  runs: ReadonlyMap<string, string>,
): Promise<string> {
  const runIds = new Set(runs.values());
  const mine = (await allOrders(repositories)).filter((order) => runIds.has(order.runId));
  const filled = mine.filter((order) => order.status === 'filled').length;
  return `signals ${String(mine.length)}, filled ${String(filled)}`;
}

function countBy<T>(items: readonly T[], key: (item: T) => string): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const item of items) counts[key(item)] = (counts[key(item)] ?? 0) + 1;
  return counts;
}

function sumFees(orders: readonly OrderView[]): Record<string, string> {
  const totals: Record<string, string> = {};
  for (const order of orders) {
    for (const [asset, amount] of Object.entries(order.fees)) {
      totals[asset] = toDecimalString(decimal(totals[asset] ?? '0').plus(amount));
    }
  }
  return totals;
}

/** The summary as a person reads it. */
export function formatSummary(summaries: readonly StrategySummary[]): string {
  return summaries
    .map((summary) => {
      const statuses = Object.entries(summary.ordersByStatus)
        .map(([status, count]) => `${String(count)} ${status}`)
        .join(', ');
      const fees = Object.entries(summary.fees)
        .map(([asset, amount]) => `${amount} ${asset}`)
        .join(', ');
      const gain =
        summary.equity === undefined
          ? 'no bar was marked'
          : `${cents(decimal(summary.equity.equity).minus(summary.allocation).toFixed())} ` +
            `(realised ${cents(summary.equity.realisedPnl)}, unrealised ${cents(summary.equity.unrealisedPnl)}), ` +
            `equity ${cents(summary.equity.equity)}`;
      const positions = summary.positions
        .map((position) => `${position.quantity} ${position.symbol} (cost ${cents(position.cost)})`)
        .join(', ');
      return [
        `  ${summary.strategyId}`,
        `    signals    ${String(summary.signals)}`,
        `    orders     ${statuses || 'none'}`,
        `    fills      ${String(summary.fills)}, round trips ${String(summary.roundTrips)}`,
        `    fees       ${fees || 'none'}`,
        `    P&L        ${gain}`,
        `    open       ${positions || 'flat'}`,
      ].join('\n');
    })
    .join('\n');
}
