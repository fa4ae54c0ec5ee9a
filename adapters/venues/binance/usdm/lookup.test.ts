import { describe, expect, it } from '@jest/globals';
import { createInstrument } from '../../../../test/factories/market.ts';
import type { SignedRequest } from '../requests.ts';
import { createUsdmLookup } from './lookup.ts';

const instrument = createInstrument({
  symbol: 'BTC/USDT:USDT',
  settle: 'USDT',
  contract: 'linear',
});
const WEEK_MS = 7 * 86_400_000;
const NOW = 1_750_000_000_000;

const order = (orderId: number, clientOrderId: string) => ({
  ...{ symbol: 'BTCUSDT', orderId, clientOrderId, price: '0', origQty: '1', executedQty: '1' },
  ...{ cumQuote: '100', status: 'FILLED', type: 'MARKET', side: 'SELL', updateTime: NOW },
});
const trade = (id: number, orderId: number) => ({
  ...{ symbol: 'BTCUSDT', id, orderId, price: '100', qty: '1', commission: '0', time: NOW },
  ...{ commissionAsset: 'USDT', realizedPnl: '0', buyer: false, maker: false },
});
/** Placed five weeks before it became order 2. */
const OLD_STOP = {
  ...{ symbol: 'BTCUSDT', algoId: 9, clientAlgoId: 'keelstop', algoStatus: 'FINISHED' },
  ...{ side: 'SELL', quantity: '1', triggerPrice: '100', actualOrderId: '2', updateTime: NOW },
};

/** Answers as the venue does, by path; `asked` counts. */
function venue(trades: readonly object[], orders: readonly object[]) {
  const asked: Record<string, number> = {};
  const signed = ({ path, params }: SignedRequest) => {
    asked[path] = (asked[path] ?? 0) + 1;
    const placedAt = NOW - 5 * WEEK_MS;
    const shown = Number(params.startTime) <= placedAt && placedAt <= Number(params.endTime);
    const answers: Record<string, unknown> = {
      userTrades: trades,
      allOrders: orders,
      allAlgoOrders: shown ? [OLD_STOP] : [],
    };
    return Promise.resolve({ json: answers[path], headers: new Headers() });
  };
  return { asked, lookup: createUsdmLookup({ signed }) };
}

describe('trades of USDⓈ-M', () => {
  it('of a stop that rested for weeks are found to be the stop’s', async () => {
    const { lookup } = venue([trade(1, 2)], [order(2, 'x-of-the-venue')]);
    expect(await lookup.tradesSince(instrument, NOW)).toMatchObject([
      { venueTradeId: '1', venueOrderId: '2', clientOrderId: 'keelstop' },
    ]);
  });

  it('of our own and of the venue’s own orders need no search', async () => {
    const { asked, lookup } = venue(
      [trade(1, 2), trade(2, 2), trade(3, 3)],
      [order(2, 'keel1'), order(3, 'autoclose-17')],
    );
    const found = await lookup.tradesSince(instrument, NOW);
    expect(found.map(({ clientOrderId }) => clientOrderId)).toEqual([
      'keel1',
      'keel1',
      'autoclose-17',
    ]);
    expect(asked.allAlgoOrders).toBeUndefined();
  });

  it('of others keep their name', async () => {
    const { lookup } = venue([trade(1, 4)], [order(4, 'web_abc')]);
    expect(await lookup.tradesSince(instrument, NOW)).toMatchObject([
      { clientOrderId: 'web_abc', realisedPnl: '0' },
    ]);
  });

  it('of many others cost one search: a week that was read is not read again', async () => {
    const others = Array.from({ length: 20 }, (_, index) => 10 + index);
    const { asked, lookup } = venue(
      [...others.map((orderId) => trade(orderId, orderId)), trade(90, 2)],
      [...others.map((orderId) => order(orderId, `web_${String(orderId)}`)), order(2, 'child')],
    );
    const found = await lookup.tradesSince(instrument, NOW);
    expect(found.at(-1)?.clientOrderId).toBe('keelstop');
    expect(found).toHaveLength(21);
    expect(asked.allAlgoOrders).toBe(13);
  });
});
