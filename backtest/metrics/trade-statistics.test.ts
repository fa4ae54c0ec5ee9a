import { describe, expect, it } from '@jest/globals';
import { T0 } from '../../test/factories/market.ts';
import { createTrade } from '../../test/factories/backtest.ts';
import { groupTrades, isClosed, tradeReturn, tradeStatistics } from './trade-statistics.ts';

const HOUR = 3_600_000;
const OPEN = { exitAt: null, exitPrice: null, exitTag: null, pnl: null };

/** One trade an hour with the P&L given. */
function tradesOf(pnls: readonly number[]) {
  return pnls.map((pnl, index) =>
    createTrade({ tradeNumber: index + 1, entryAt: T0 + index * HOUR, pnl: String(pnl) }),
  );
}

describe('tradeStatistics', () => {
  it('has no figures without trades', () => {
    expect(tradeStatistics([])).toMatchObject({
      roundTrips: 0,
      openTrades: 0,
      winRate: null,
      profitFactor: null,
      expectancy: null,
      expectancyRatio: null,
      systemQuality: null,
      averageReturn: null,
      bestReturn: null,
      worstPnl: null,
      averageDurationMs: null,
      longestWinRun: 0,
      longPnl: '0',
    });
  });

  // numpy: p = np.array([((i*37)%23)-10.5 for i in range(40)]); p[p>0].sum()/-p[p<0].sum(), p.mean(),
  // p.mean()/-p[p<0].mean(), 40**.5*p.mean()/p.std(ddof=1), (p>0).mean()
  it('agrees with numpy', () => {
    const trades = tradesOf(Array.from({ length: 40 }, (_, i) => ((i * 37) % 23) - 10.5));
    expect(tradeStatistics(trades)).toMatchObject({
      roundTrips: 40,
      profitFactor: expect.closeTo(1.1085972850678734, 12),
      expectancy: expect.closeTo(0.3, 12),
      expectancyRatio: expect.closeTo(0.051583710407239816, 12),
      systemQuality: expect.closeTo(0.28034589344795174, 12),
      winRate: 0.525,
      longestWinRun: 2,
      longestLossRun: 2,
    });
  });

  it('counts draws and lets them end runs; the open trade is apart', () => {
    const trades = [...tradesOf([5, 5, 0, 5, -2, -2, -2]), createTrade(OPEN)];
    expect(tradeStatistics(trades)).toMatchObject({
      roundTrips: 7,
      openTrades: 1,
      wins: 3,
      draws: 1,
      losses: 3,
      longestWinRun: 2,
      longestLossRun: 3,
      bestPnl: '5',
      worstPnl: '-2',
    });
  });

  it('orders runs by exit, not by entry', () => {
    const trade = (pnl: string, exitAt: number) => createTrade({ pnl, exitAt });
    const trades = [trade('1', T0 + 3), trade('-1', T0 + 1), trade('1', T0 + 2)];
    expect(tradeStatistics(trades).longestWinRun).toBe(2);
  });

  it('adds money exactly and tells sides and durations apart', () => {
    const trades = [
      createTrade({ pnl: '0.1' }),
      createTrade({ pnl: '0.2', exitAt: T0 + 3 * HOUR }),
      createTrade({ pnl: '-0.7', side: 'short', exitAt: T0 + 5 * HOUR }),
    ];
    expect(tradeStatistics(trades)).toMatchObject({
      longTrades: 2,
      shortTrades: 1,
      longPnl: '0.3',
      shortPnl: '-0.7',
      averageDurationMs: 3 * HOUR,
      averageWinDurationMs: 2 * HOUR,
      averageLossDurationMs: 5 * HOUR,
    });
  });

  it('needs thirty trades for SQN, and some that differ', () => {
    expect(
      tradeStatistics(tradesOf(Array.from({ length: 29 }, (_, i) => i))).systemQuality,
    ).toBeNull();
    expect(tradeStatistics(tradesOf(Array.from({ length: 30 }, () => 1))).systemQuality).toBeNull();
  });

  it('has no profit factor without a loss', () => {
    expect(tradeStatistics(tradesOf([1, 2]))).toMatchObject({
      profitFactor: null,
      expectancyRatio: null,
    });
  });
});

describe('tradeReturn', () => {
  it('is P&L per quote entered', () => {
    const trade = createTrade({ pnl: '-5', quantity: '2', entryPrice: '50' });
    if (!isClosed(trade)) throw new Error('it is closed');
    expect(tradeReturn(trade)).toBe(-0.05);
  });
});

describe('groupTrades', () => {
  it('gives the best group first', () => {
    const trades = [
      createTrade({ exitTag: 'stop', pnl: '-10' }),
      createTrade({ exitTag: 'target', pnl: '10' }),
      createTrade({ exitTag: 'target', pnl: '-4', exitAt: T0 + 3 * HOUR }),
    ].filter(isClosed);
    expect(groupTrades(trades, (trade) => trade.exitTag ?? '', '1000')).toEqual([
      {
        key: 'target',
        trades: 2,
        wins: 1,
        draws: 0,
        losses: 1,
        winRate: 0.5,
        averageReturn: expect.closeTo(0.03, 12),
        pnl: '6',
        pnlShare: 0.006,
        averageDurationMs: 2 * HOUR,
      },
      expect.objectContaining({ key: 'stop', pnl: '-10', pnlShare: -0.01, winRate: 0 }),
    ]);
  });
});
