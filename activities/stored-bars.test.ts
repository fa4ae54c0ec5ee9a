import { describe, expect, it } from '@jest/globals';
import type { KlineRepository } from '../adapters/repositories.ts';
import type { Kline } from '../core/kline.ts';
import { createKline, T0 } from '../test/factories/market.ts';
import { newestCommon, storedAfter } from './stored-bars.ts';

const MINUTE = 60_000;
const BTC = { exchange: 'binance', symbol: 'BTC/USDT' };
const ETH = { exchange: 'binance', symbol: 'ETH/USDT' };

function bar(market: { exchange: string; symbol: string }, minute: number): Kline {
  return createKline({ ...market, openAt: T0 + minute * MINUTE });
}

function store(bars: readonly Kline[]): KlineRepository {
  const of = (exchange: string, symbol: string): Kline[] =>
    bars
      .filter((one) => one.exchange === exchange && one.symbol === symbol)
      .sort((a, b) => a.closeAt - b.closeAt);
  return {
    upsert: async () => undefined,
    newest: async (exchange, symbol) => of(exchange, symbol).at(-1) ?? null,
    range: async ({ exchange, symbol, from, to }) =>
      of(exchange, symbol).filter(({ closeAt }) => closeAt > from && closeAt <= to),
    last: async () => [],
  };
}

describe('newestCommon', () => {
  it('is the newest bar of the market that lags most', async () => {
    const klines = store([bar(BTC, 0), bar(BTC, 1), bar(BTC, 2), bar(ETH, 0), bar(ETH, 1)]);
    expect(await newestCommon(klines, [BTC, ETH])).toBe(T0 + 2 * MINUTE);
  });

  it('leaves out a market without bars, and is 0 where none has any', async () => {
    expect(await newestCommon(store([bar(BTC, 0)]), [BTC, ETH])).toBe(T0 + MINUTE);
    expect(await newestCommon(store([]), [BTC, ETH])).toBe(0);
  });
});

describe('storedAfter', () => {
  it("gives each market's bars after its own offset, in one order of time", async () => {
    const klines = store([bar(ETH, 0), bar(ETH, 1), bar(BTC, 0), bar(BTC, 1), bar(BTC, 2)]);
    const found = await storedAfter(klines, [ETH, BTC], { 'binance:BTC/USDT:1m': T0 + MINUTE });
    expect(
      found.map(({ symbol, openAt }) => `${symbol} ${String((openAt - T0) / MINUTE)}`),
    ).toEqual(['ETH/USDT 0', 'BTC/USDT 1', 'ETH/USDT 1', 'BTC/USDT 2']);
  });
});
