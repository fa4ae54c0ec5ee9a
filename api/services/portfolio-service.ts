/** Money as it stands: positions, balances, equity and P&L. */
import type {
  AccountBalance,
  EquityPoint,
  PositionRecord,
  Repositories,
} from '../../adapters/repositories.ts';
import { Decimal, decimal, toDecimalString } from '../../core/money.ts';
import type { Pnl } from '../schemas.ts';

export interface PortfolioService {
  positions(strategyId?: string): Promise<readonly PositionRecord[]>;
  balances(accountId?: string): Promise<readonly AccountBalance[]>;
  pnl(): Promise<Pnl>;
}

/** A strategy that was never marked: it has its allocation and nothing else. */
function unmarked(allocation: string): Omit<EquityPoint, 'strategyId' | 'at'> & { at: null } {
  return {
    at: null,
    equity: allocation,
    cash: allocation,
    positionValue: '0',
    realisedPnl: '0',
    unrealisedPnl: '0',
    utilisation: '0',
  };
}

export function createPortfolioService(
  repositories: Pick<Repositories, 'strategies' | 'accounts' | 'portfolio'>,
): PortfolioService {
  const { strategies, accounts, portfolio } = repositories;
  return {
    positions: (strategyId) => portfolio.positions(strategyId),
    balances: (accountId) => accounts.balances(accountId),
    async pnl() {
      const [records, points, trades] = await Promise.all([
        strategies.list(),
        portfolio.latestEquity(),
        portfolio.trades(),
      ]);
      const newest = new Map(points.map((point) => [point.strategyId, point]));
      const rows = records.map(({ id, name, quota }) => ({
        ...(newest.get(id) ?? unmarked(quota.allocation)),
        strategyId: id,
        name,
        trades: trades.filter((trade) => trade.strategyId === id && trade.exitAt !== null).length,
      }));
      const sum = (field: 'equity' | 'realisedPnl' | 'unrealisedPnl'): string =>
        toDecimalString(
          rows.reduce((total, row) => total.plus(decimal(row[field])), new Decimal(0)),
        );
      return {
        strategies: rows,
        total: {
          equity: sum('equity'),
          realisedPnl: sum('realisedPnl'),
          unrealisedPnl: sum('unrealisedPnl'),
        },
      };
    },
  };
}
