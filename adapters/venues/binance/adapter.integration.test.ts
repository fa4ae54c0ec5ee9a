/**
 * The Binance adapter against the simulator over real HTTP and WebSockets: the contract, and an account that is not
 * alone. When the venue fails: adapter-faults.integration.test.ts.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { faultScriptSchema } from '../../../simulator/faults.ts';
import type { Simulator } from '../../../simulator/options.ts';
import {
  binanceAdapter,
  binanceOptions,
  startSpot,
  worldOf,
} from '../../../test/factories/simulated-venues.ts';
import { waitFor } from '../../../test/wait-for.ts';
import { createMemoryRateBudget } from '../../storage/rate-budget-memory.ts';
import type { OrderNotice, TradeAdapter } from '../../trade-adapter.ts';
import { describeStopOrders } from '../stop-orders.contract.ts';
import { describeStopLimitOrders } from '../stop-limit-orders.contract.ts';
import { describeTimeInForce } from '../time-in-force.contract.ts';
import {
  describeTradeAdapter,
  orderRequest,
  restingRequest,
  STARTS_AT,
  SYMBOL,
  type TradingWorld,
} from '../trade-adapter.contract.ts';
import { createBinanceRequests } from './requests.ts';

async function open(): Promise<TradingWorld> {
  const venue = await startSpot();
  const adapter = binanceAdapter(venue);
  await adapter.connect();
  return worldOf(venue, adapter);
}

describeTradeAdapter('Binance', open);
describeStopOrders('Binance', open);
describeStopLimitOrders('Binance', open);
describeTimeInForce('Binance', open, { symbol: SYMBOL, postOnly: 'refused' });

describe('two processes of one account at Binance', () => {
  let venue: Simulator;
  let one: TradeAdapter;
  let other: TradeAdapter;

  beforeEach(async () => {
    venue = await startSpot({ limits: { ordersPer10Seconds: 5 } });
    const budget = createMemoryRateBudget(() => now);
    now = Date.now();
    [one, other] = [binanceAdapter(venue, { budget }), binanceAdapter(venue, { budget })];
    await one.connect();
    await other.connect();
  });
  afterEach(async () => {
    await one.disconnect();
    await other.disconnect();
    await venue.close();
  });
  let now = 0;

  it('keep the limit that exchangeInfo states together; cancels still go', async () => {
    const resting = restingRequest();
    await one.placeOrder(resting);
    for (const adapter of [other, one, other]) await adapter.placeOrder(orderRequest());
    for (const adapter of [one, other]) {
      await expect(adapter.placeOrder(orderRequest())).rejects.toMatchObject({
        code: 'VENUE_RATE_LIMITED',
        message: expect.stringMatching(/account:binance-sandbox:orders:10s/),
      });
    }
    expect(venue.orders().orders).toHaveLength(4);
    await one.cancelOrder(resting);
    now += 10_000;
    await other.marketTime();
  });

  it('are both silent when one is told to be', async () => {
    venue.faults.add(
      faultScriptSchema.parse([
        { match: { path: '/api/v3/openOrders' }, fault: { kind: 'rateLimit', status: 418 } },
      ]),
    );
    await expect(one.openOrders(SYMBOL)).rejects.toMatchObject({ code: 'VENUE_BANNED' });
    for (const adapter of [one, other]) {
      await expect(adapter.cancelOrder(restingRequest())).rejects.toMatchObject({
        code: 'VENUE_BANNED',
      });
    }
    now += 1_000;
    expect(await other.openOrders(SYMBOL)).toEqual([]);
  });
});

describe('an account that others use as well', () => {
  it('shows their trades with their ids, and counts none of them as its own', async () => {
    const venue = await startSpot();
    const adapter = binanceAdapter(venue);
    await adapter.connect();
    const notices: OrderNotice[] = [];
    const watch = await adapter.watchOrders((notice) => notices.push(notice));
    const others = createBinanceRequests({ ...binanceOptions(venue), accountId: 'theirs' });
    await others.clock.measure();
    const order = { symbol: 'BTCUSDT', side: 'BUY', type: 'MARKET', quantity: '0.02' };
    await others.signed({
      ...{ method: 'POST', path: 'order', purpose: 'send', weight: 1 },
      params: { ...order, newClientOrderId: 'web_0123456789' },
    });
    await others.signed({
      ...{ method: 'POST', path: 'order', purpose: 'send', weight: 1 },
      params: {
        ...{ ...order, type: 'LIMIT', price: '90000', timeInForce: 'GTC' },
        newClientOrderId: 'web_resting',
      },
    });
    const { fills } = await adapter.placeOrder(orderRequest());

    expect(await adapter.accountTrades(SYMBOL, STARTS_AT)).toEqual([
      expect.objectContaining({ clientOrderId: 'web_0123456789', quantity: '0.02', side: 'buy' }),
      ...fills,
    ]);
    expect(await adapter.fillsSince(SYMBOL, STARTS_AT)).toEqual(fills);
    expect(await adapter.openOrders(SYMBOL)).toEqual([]);
    await waitFor(() => notices.length > 0);
    expect(notices.every(({ clientOrderId }) => clientOrderId.startsWith('keel'))).toBe(true);
    await watch.close();
    await adapter.disconnect();
    await venue.close();
  });
});

describe('the Binance adapter at a venue whose clock differs', () => {
  it.each([60_000, -60_000])('by %d ms signs with the venue’s time', async (skewMs) => {
    const stamped: number[] = [];
    const server = createServer((request, response) => {
      const url = new URL(request.url ?? '/', 'http://venue');
      const venueNow = Date.now() + skewMs;
      const timestamp = url.searchParams.get('timestamp');
      if (timestamp !== null) stamped.push(Number(timestamp) - venueNow);
      const bodies: Record<string, unknown> = {
        '/api/v3/time': { serverTime: venueNow },
        '/api/v3/exchangeInfo': { rateLimits: [], symbols: [] },
        '/api/v3/account': { balances: [] },
      };
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify(bodies[url.pathname] ?? {}));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const url = `http://127.0.0.1:${String(port)}`;
    const adapter = binanceAdapter({ httpUrl: url, wsUrl: url.replace('http', 'ws') });
    await adapter.connect();
    // Without the simulator's header market time is the venue's clock.
    expect(Math.abs((await adapter.marketTime()) - Date.now() - skewMs)).toBeLessThan(1000);
    expect(stamped).toHaveLength(1);
    expect(Math.abs(stamped[0] ?? Infinity)).toBeLessThan(500);
    expect(adapter.visibility.clockErrorMs).toBeLessThan(1000);
    // A deadline is the same moment on every host, whatever its own clock says.
    expect(Math.abs(adapter.venueTime() - Date.now() - skewMs)).toBeLessThan(1000);
    await adapter.disconnect();
    server.closeAllConnections();
    server.close();
  });
});
