import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { Kline } from '../../core/kline.ts';
import { createKline } from '../../test/factories/market.ts';
import {
  ACCOUNT,
  createFill,
  createSignal,
  filled,
  openStoredWorld,
  resting,
  seen,
  type StoredWorld,
  storeRunningStrategy,
  SYMBOL,
  T0,
} from '../../test/factories/stored-world.ts';
import { describeWith } from '../../test/servers.ts';
import type { Repositories } from '../repositories.ts';

const MINUTE = 60_000;

function bar(minute: number, close: string): Kline {
  const prices = { open: '50000', high: '52000', low: '49000', close };
  return createKline({ openAt: T0 + minute * MINUTE, ...prices, volume: '1.5' });
}

describeWith('postgres', 'the manager', () => {
  let world: StoredWorld;
  let repositories: Repositories;

  beforeAll(async () => {
    world = await openStoredWorld({ poolSize: 8 });
    repositories = world.repositories;
    await storeRunningStrategy(repositories, 's');
    await repositories.klines.upsert([bar(0, '51000'), bar(1, '50500'), bar(2, '51500')]);
    // In at 50000 within the first minute, out at 51000 within the second, a resting buy after that.
    await filled(repositories, createSignal({ strategyId: 's' }), {
      feeAmount: '0.5',
      feeAsset: 'USDT',
      executedAt: T0 + 1_000,
    });
    const flat = { kind: 'target' as const, quantity: '0' };
    const exit = createSignal({
      strategyId: 's',
      sequence: 2,
      eventTime: T0 + MINUTE,
      wanted: flat,
      tag: 'exit',
    });
    await filled(repositories, exit, { price: '51000', executedAt: T0 + MINUTE + 1_000 });
    const limit = { type: 'limit' as const, limitPrice: '40000', eventTime: T0 + 2 * MINUTE };
    const leg = await resting(
      repositories,
      createSignal({ strategyId: 's', sequence: 3, validUntil: T0 + 3 * MINUTE, ...limit }),
    );
    const part = createFill(leg, {
      quantity: '0.004',
      price: '40000',
      executedAt: T0 + 2 * MINUTE + 5,
    });
    await repositories.orders.recordLeg(seen(leg, 'partially_filled', [part]));
  });
  afterAll(() => world.drop());

  it('takes each version once, and no older one', async () => {
    const { portfolio } = repositories;
    expect(await portfolio.takeOrderVersion('o', 2)).toBe(true);
    expect(await portfolio.takeOrderVersion('o', 2)).toBe(false);
    expect(await portfolio.takeOrderVersion('o', 1)).toBe(false);
    expect(await portfolio.takeOrderVersion('o', 3)).toBe(true);
  });

  it('rebuilds balances to the same rows, also at once', async () => {
    const { portfolio } = repositories;
    const first = await portfolio.rebuildBalances(ACCOUNT, T0);
    expect(first).toEqual([
      { accountId: ACCOUNT, asset: 'BTC', total: '1.004', reserved: '0', updatedAt: T0 },
      // 10000 − 500 − 0.5 + 510 − 160; 0.006 × 40000 × 1.001 held back.
      { accountId: ACCOUNT, asset: 'USDT', total: '9849.5', reserved: '240.24', updatedAt: T0 },
    ]);
    const again = await Promise.all([1, 2, 3].map(() => portfolio.rebuildBalances(ACCOUNT, T0)));
    expect(again).toEqual([first, first, first]);
    expect(await repositories.accounts.balances()).toEqual(first);
    expect((await portfolio.rebuildBalances(ACCOUNT, T0 - 1))[0]?.updatedAt).toBe(T0);
  });

  it('rebuilds trades to the same rows', async () => {
    const { portfolio } = repositories;
    await portfolio.rebuildTrades('s', SYMBOL);
    const first = await portfolio.trades('s');
    expect(first).toMatchObject([
      {
        tradeNumber: 1,
        side: 'long',
        entryAt: T0 + 1_000,
        exitAt: T0 + MINUTE + 1_000,
        entryTag: 'test',
        exitTag: 'exit',
        quantity: '0.01',
        entryPrice: '50000',
        exitPrice: '51000',
        pnl: '9.5',
        fees: '0.5',
        mae: '-10',
        mfe: '20',
      },
      { tradeNumber: 2, exitAt: null, quantity: '0.004', pnl: null },
    ]);
    await Promise.all([portfolio.rebuildTrades('s', SYMBOL), portfolio.rebuildTrades('s', SYMBOL)]);
    expect(await portfolio.trades()).toEqual(first);
  });

  it('gives the same equity late as early, and marks at the bar where no price is given', async () => {
    const { portfolio } = repositories;
    const now = await portfolio.recordEquity('s', T0 + 3 * MINUTE, {});
    expect(now).toEqual({
      strategyId: 's',
      at: T0 + 3 * MINUTE,
      equity: '5055.5',
      cash: '4849.5',
      positionValue: '206',
      realisedPnl: '9.5',
      unrealisedPnl: '46',
      utilisation: '0.0407477',
    });
    // Before the exit: 0.01 at 51000.
    expect(await portfolio.recordEquity('s', T0 + MINUTE, { [SYMBOL]: '51000' })).toMatchObject({
      equity: '5009.5',
      cash: '4499.5',
      positionValue: '510',
      realisedPnl: '-0.5',
      unrealisedPnl: '10',
    });
    expect(await portfolio.recordEquity('s', T0 + 3 * MINUTE, {})).toEqual(now);
    expect((await portfolio.equityCurve('s', 0, T0 + 2 * MINUTE)).map(({ at }) => at)).toEqual([
      T0 + MINUTE,
    ]);
    expect(await portfolio.latestEquity()).toEqual([now]);
    await expect(portfolio.recordEquity('none', T0, {})).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
  });

  it('lists positions', async () => {
    expect(await repositories.portfolio.positions()).toMatchObject([
      {
        strategyId: 's',
        accountId: ACCOUNT,
        exchange: 'binance',
        symbol: SYMBOL,
        quantity: '0.004',
      },
    ]);
    expect(await repositories.portfolio.positions('none')).toEqual([]);
  });

  it('reads bars by their close', async () => {
    const { klines } = repositories;
    const series = { exchange: 'binance', symbol: SYMBOL, interval: '1m' } as const;
    const [first, second, third] = [bar(0, '51000'), bar(1, '50500'), bar(2, '51500')];
    expect(await klines.newest('binance', SYMBOL, '1m')).toEqual(third);
    expect(await klines.newest('okx', SYMBOL, '1m')).toBeNull();
    const range = { ...series, from: first.closeAt, to: third.closeAt };
    expect(await klines.range(range)).toEqual([second, third]);
    expect(await klines.last({ ...series, to: second.closeAt, count: 5 })).toEqual([first, second]);
    expect(await klines.last({ ...series, to: third.closeAt, count: 1 })).toEqual([third]);
    const changed = { ...third, close: '51999.10' };
    await klines.upsert([third, changed]);
    expect((await klines.newest('binance', SYMBOL, '1m'))?.close).toBe('51999.1');
    await klines.upsert([third]);
    await klines.upsert([]);
  });
});
