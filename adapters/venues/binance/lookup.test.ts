import { describe, expect, it } from '@jest/globals';
import { KeelError } from '../../../core/errors.ts';
import type { Instrument } from '../../../core/instrument.ts';
import { createBinanceLookup } from './lookup.ts';
import type { BinanceRequests } from './requests.ts';

const DAY = 86_400_000;
const T0 = 1_700_000_000_000;
const INSTRUMENT = {
  exchange: 'binance',
  symbol: 'BTC/USDT',
  venueSymbol: 'BTCUSDT',
} as Instrument;

interface Trade {
  readonly id: number;
  readonly orderId: number;
  readonly time: number;
}

/** A venue that answers myTrades, allOrders and order by the documentation's rules, and nothing else. */
function lookupOver(trades: readonly Trade[], hiddenFromHistory: readonly number[] = []) {
  const asked: string[] = [];
  const order = (orderId: number) => ({
    symbol: 'BTCUSDT',
    orderId,
    clientOrderId: `keel${String(orderId)}`,
    price: '1',
    origQty: '1',
    executedQty: '1',
    cummulativeQuoteQty: '1',
    status: 'FILLED',
    type: 'LIMIT',
    side: 'BUY',
    updateTime: T0,
  });
  const raw = ({ id, orderId, time }: Trade) => ({
    symbol: 'BTCUSDT',
    id,
    orderId,
    time,
    price: '1',
    qty: '1',
    commission: '0',
    commissionAsset: 'BTC',
    isBuyer: true,
    isMaker: true,
  });
  const ids = [...new Set(trades.map(({ orderId }) => orderId))];
  const answer = (path: string, params: Readonly<Record<string, string | number>>): unknown => {
    const limit = Number(params.limit);
    if (path === 'myTrades') {
      if (params.orderId !== undefined) {
        return trades
          .filter(({ orderId }) => orderId === Number(params.orderId))
          .filter(({ id }) => id >= Number(params.fromId ?? 0))
          .slice(0, limit)
          .map(raw);
      }
      if (params.fromId !== undefined) {
        return trades
          .filter(({ id }) => id >= Number(params.fromId))
          .slice(0, limit)
          .map(raw);
      }
      if (params.startTime === undefined) return trades.slice(-limit).map(raw);
      const [from, to] = [Number(params.startTime), Number(params.endTime)];
      if (to - from > DAY) throw new Error('more than 24 hours');
      return trades
        .filter(({ time }) => time >= from && time <= to)
        .slice(0, limit)
        .map(raw);
    }
    if (path === 'allOrders') {
      const shown = ids.filter((id) => !hiddenFromHistory.includes(id));
      if (params.orderId === undefined) return shown.slice(-limit).map(order);
      return shown
        .filter((id) => id >= Number(params.orderId))
        .slice(0, limit)
        .map(order);
    }
    if (path === 'openOrders') return [];
    return params.orderId === undefined ? undefined : order(Number(params.orderId));
  };
  const requests: Pick<BinanceRequests, 'signed'> = {
    signed: ({ path, params }) => {
      asked.push(path);
      const json = answer(path, params);
      if (json !== undefined) return Promise.resolve({ json, headers: new Headers() });
      return Promise.reject(notFound());
    },
  };
  return { lookup: createBinanceLookup(requests), asked };
}

function notFound(): KeelError {
  return new KeelError('VENUE_ORDER_NOT_FOUND', 'Order does not exist.');
}

function manyTrades(count: number, everyMs: number): Trade[] {
  return Array.from({ length: count }, (_, index) => ({
    id: index + 1,
    orderId: Math.floor(index / 2) + 1,
    time: T0 + index * everyMs,
  }));
}

describe('fills since a time', () => {
  it.each<[string, number, number, number]>([
    ['all in the newest page', 500, 1000, T0],
    ['more than a page', 2500, 1000, T0],
    ['more than a page, from the middle', 2500, 1000, T0 + 700 * 1000],
    ['days of silence before the first', 1500, 1000, T0 - 3 * DAY],
    ['a time long past', 1500, 1000, 0],
    ['one trade a day', 1200, DAY, T0 + 100 * DAY],
  ])('are complete and in order: %s', async (_what, count, everyMs, since) => {
    const trades = manyTrades(count, everyMs);
    const { lookup, asked } = lookupOver(trades);
    const fills = await lookup.tradesSince(INSTRUMENT, since);
    expect(fills.map(({ venueTradeId }) => Number(venueTradeId))).toEqual(
      trades.filter(({ time }) => time >= since).map(({ id }) => id),
    );
    expect(fills[0]?.clientOrderId).toMatch(/^keel\d+$/);
    expect(asked.length).toBeLessThan(700);
  });
});

describe('an order that only its trades betray', () => {
  it('is found by their order number', async () => {
    const trades = manyTrades(6, 1000);
    const { lookup } = lookupOver(trades, [3]);
    const found = await lookup.everywhere(INSTRUMENT, 'keel3');
    expect(found?.order.venueOrderId).toBe('3');
    expect(found?.fills).toHaveLength(2);
  });

  it('is null when trades know no stranger', async () => {
    const { lookup } = lookupOver(manyTrades(6, 1000));
    expect(await lookup.everywhere(INSTRUMENT, 'keel9')).toBeNull();
  });
});

describe('the fills of one order', () => {
  it('are complete where they are more than a page', async () => {
    const trades = Array.from({ length: 2300 }, (_, index) => ({
      id: index + 1,
      orderId: 7,
      time: T0,
    }));
    const { lookup } = lookupOver(trades);
    const found = await lookup.everywhere(INSTRUMENT, 'keel7');
    expect(found?.fills.map(({ venueTradeId }) => Number(venueTradeId))).toEqual(
      trades.map(({ id }) => id),
    );
  });
});
