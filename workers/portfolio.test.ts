import { beforeEach, describe, expect, it } from '@jest/globals';
import type { EquityPoint, PositionRecord } from '../adapters/repositories.ts';
import type { StrategyRecord } from '../adapters/strategy-repository.ts';
import { KeelError } from '../core/errors.ts';
import type { Fill } from '../core/fill.ts';
import type { OrderView } from '../core/order.ts';
import { createLogger } from '../observability/logger.ts';
import { createFill, createKline, createMarketData, T0 } from '../test/factories/market.ts';
import { latestPrice } from './latest-price.ts';
import { createPortfolioKeeper, SNAPSHOT_MS, type PortfolioKeeper } from './portfolio.ts';

const MINUTE = 60_000;

function order(overrides: Partial<OrderView> = {}): OrderView {
  return {
    ...{ orderId: 'o1', version: 3, strategyId: 's1', strategyType: 'sma-cross', runId: 'r1' },
    ...{ source: { kind: 'strategy', name: 's1' }, accountId: 'a1', exchange: 'binance' },
    ...{ symbol: 'BTC/USDT', side: 'buy', type: 'market', price: null, quantity: '1' },
    ...{ filledQuantity: '1', filledQuote: '100', averagePrice: '100', fees: {}, reducing: false },
    ...{ state: 'done', status: 'filled', reasonCode: null, reason: null, tag: 't' },
    ...{ eventTime: T0, validUntil: T0, createdAt: 1, updatedAt: 1, legs: [] },
    ...overrides,
  };
}

/** Records the calls; `fail` makes the next call of that name throw. */
function world() {
  const calls: string[] = [];
  const cached = new Map<string, string>();
  const versions = new Map<string, number>();
  const fail = new Map<string, KeelError>();
  let fills: readonly Fill[] = [createFill({ executedAt: T0 + 5 })];
  const call = <T>(name: string, args: readonly unknown[], result: T): Promise<T> => {
    calls.push([name, ...args.map((arg) => JSON.stringify(arg))].join(' '));
    const error = fail.get(name);
    fail.delete(name);
    return error === undefined ? Promise.resolve(result) : Promise.reject(error);
  };
  const keeper: PortfolioKeeper = createPortfolioKeeper({
    logger: createLogger('test', 'silent'),
    cache: {
      get: (key) => Promise.resolve(cached.get(key) ?? null),
      set: (key, value, ttlMs) => {
        cached.set(key, value);
        return call('cache', [key, value, ttlMs], undefined);
      },
    },
    repositories: {
      orders: { orderFills: () => Promise.resolve(fills) },
      strategies: {
        list: () =>
          Promise.resolve([
            { id: 's1', exchange: 'binance', status: 'running' },
            { id: 's2', exchange: 'binance', status: 'stopped' },
            { id: 's3', exchange: 'binance', status: 'stopped' },
            { id: 's4', exchange: 'okx', status: 'running' },
          ] as StrategyRecord[]),
      },
      portfolio: {
        rebuildBalances: (...args) => call('balances', args, []),
        rebuildTrades: (...args) => call('trades', args, undefined),
        recordEquity: (...args) => call('equity', args, {} as EquityPoint),
        takeOrderVersion: (id, version) => {
          const fresh = version > (versions.get(id) ?? 0);
          if (fresh) versions.set(id, version);
          return call('version', [id, version], fresh);
        },
        positions: () =>
          Promise.resolve([
            { strategyId: 's1', symbol: 'BTC/USDT', quantity: '1' },
            { strategyId: 's2', symbol: 'BTC/USDT', quantity: '0.5' },
            { strategyId: 's3', symbol: 'BTC/USDT', quantity: '0' },
          ] as PositionRecord[]),
      },
    },
  });
  return { keeper, calls, cached, fail, setFills: (given: readonly Fill[]) => (fills = given) };
}

describe('portfolio keeper', () => {
  let w: ReturnType<typeof world>;
  beforeEach(() => {
    w = world();
  });

  it('rebuilds balances, trades and equity on an order event, then takes the version', async () => {
    w.cached.set('price:binance:BTC/USDT', '105');
    await w.keeper.onOrder(order());
    const at = String(T0 + 5);
    expect(w.calls).toEqual([
      `balances "a1" ${at}`,
      'trades "s1" "BTC/USDT"',
      `equity "s1" ${at} {"BTC/USDT":"105"}`,
      'version "o1" 3',
    ]);
  });

  it('takes no version when the work failed, so that the event is done in full next time', async () => {
    w.fail.set('trades', new KeelError('UNAVAILABLE', 'no database'));
    await expect(w.keeper.onOrder(order())).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(w.calls.some((entry) => entry.startsWith('version'))).toBe(false);
    await w.keeper.onOrder(order());
    expect(w.calls.filter((entry) => entry.startsWith('trades'))).toHaveLength(2);
  });

  it('does not mind late and repeated events', async () => {
    await w.keeper.onOrder(order());
    await w.keeper.onOrder(order());
    await w.keeper.onOrder(order({ version: 1, filledQuantity: '0' }));
    expect(w.calls.filter((entry) => entry.startsWith('balances'))).toHaveLength(3);
    // The one that had traded nothing moved no equity either.
    expect(w.calls.filter((entry) => entry.startsWith('trades'))).toHaveLength(2);
    expect(w.calls.filter((entry) => entry.startsWith('equity'))).toHaveLength(2);
  });

  it('puts equity at market time, never before a bar it has seen', async () => {
    await w.keeper.onMarket({ kind: 'kline', kline: createKline({ openAt: T0 + MINUTE }) });
    w.setFills([]);
    await w.keeper.onOrder(order({ updatedAt: Date.now() }));
    expect(w.calls).toContain(`balances "a1" ${String(T0 + 2 * MINUTE)}`);
  });

  it('caches prices of bars and ticks, the newest in market time', async () => {
    await w.keeper.onMarket({
      kind: 'tick',
      tick: createMarketData({ timestamp: T0 + 2 * MINUTE, price: '102' }),
    });
    await w.keeper.onMarket({ kind: 'kline', kline: createKline({ openAt: T0, close: '101' }) });
    expect(w.calls).toEqual(['cache "price:binance:BTC/USDT" "102" 5000']);
    await w.keeper.onMarket({
      kind: 'kline',
      kline: createKline({ openAt: T0 + 2 * MINUTE, close: '103' }),
    });
    expect(w.cached.get('price:binance:BTC/USDT')).toBe('103');
  });

  it('writes equity every quarter of an hour for strategies that run or hold', async () => {
    const quarter = createKline({ openAt: T0 + SNAPSHOT_MS - MINUTE, close: '101' });
    await w.keeper.onMarket({ kind: 'kline', kline: quarter });
    const at = String(T0 + SNAPSHOT_MS);
    expect(w.calls.filter((entry) => entry.startsWith('equity'))).toEqual([
      `equity "s1" ${at} {"BTC/USDT":"101"}`,
      `equity "s2" ${at} {"BTC/USDT":"101"}`,
    ]);
    w.calls.length = 0;
    await w.keeper.onMarket({ kind: 'kline', kline: createKline({ openAt: T0 + SNAPSHOT_MS }) });
    expect(w.calls.filter((entry) => entry.startsWith('equity'))).toEqual([]);
  });

  it('goes on where a holding cannot be marked yet, and where the cache is away', async () => {
    w.fail.set('equity', new KeelError('NOT_FOUND', 'no price'));
    w.fail.set('cache', new KeelError('UNAVAILABLE', 'no redis'));
    await w.keeper.onMarket({ kind: 'kline', kline: createKline() });
    await w.keeper.onOrder(order());
    expect(w.calls.at(-1)).toBe('version "o1" 3');
  });
});

describe('latestPrice', () => {
  const klines = { newest: () => Promise.resolve(createKline({ close: '99' })) };

  it('is the cached one, or the newest close', async () => {
    const key = 'price:binance:BTC/USDT';
    const cache = { get: (asked: string) => Promise.resolve(asked === key ? '100' : null) };
    expect(await latestPrice(cache, klines, 'binance', 'BTC/USDT')).toBe('100');
    expect(await latestPrice(cache, klines, 'binance', 'ETH/USDT')).toBe('99');
  });

  it('falls back where the cache does not answer, and says so where nothing is known', async () => {
    const cache = { get: () => Promise.reject(new KeelError('UNAVAILABLE', 'no redis')) };
    expect(await latestPrice(cache, klines, 'binance', 'BTC/USDT')).toBe('99');
    const none = { newest: () => Promise.resolve(null) };
    await expect(latestPrice(cache, none, 'binance', 'BTC/USDT')).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
  });
});
