/** The Binance adapter when the venue fails: what is undecided stays so, and is found. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { faultScriptSchema } from '../../../simulator/faults.ts';
import type { Simulator } from '../../../simulator/options.ts';
import {
  binanceAdapter,
  binanceOptions,
  startSpot,
} from '../../../test/factories/simulated-venues.ts';
import type { TradeAdapter } from '../../trade-adapter.ts';
import { describeLookUps } from '../look-up.contract.ts';
import { orderRequest, restingRequest, SYMBOL } from '../trade-adapter.contract.ts';
import { createBinanceLookup } from './lookup.ts';
import { createBinanceRequests } from './requests.ts';

describeLookUps(
  'Binance',
  async () => {
    const venue = await startSpot();
    const requests = createBinanceRequests({ ...binanceOptions(venue), timeoutMs: 500 });
    return { venue, adapter: binanceAdapter(venue), lookup: createBinanceLookup(requests) };
  },
  {
    symbol: SYMBOL,
    places: ['order', 'openOrders', 'allOrders', 'myTrades'].map((name) => `/api/v3/${name}`),
  },
);

describe('the Binance adapter when the venue fails', () => {
  let venue: Simulator;
  let adapter: TradeAdapter;

  beforeEach(async () => {
    venue = await startSpot();
    adapter = binanceAdapter(venue, { timeoutMs: 500 });
    await adapter.connect();
  });
  afterEach(async () => {
    await adapter.disconnect();
    await venue.close();
  });

  const inject = (
    fault: object,
    match: object = { method: 'POST', path: '/api/v3/order' },
  ): void => {
    venue.faults.add(faultScriptSchema.parse([{ match, fault }]));
  };
  const venueOrders = (): number => venue.orders().orders.length;

  it.each<[string, object]>([
    ['cuts the answer', { kind: 'dropAnswer', how: 'cut' }],
    ['never answers', { kind: 'dropAnswer', how: 'hang' }],
    ['answers HTML with status 200', { kind: 'html' }],
    ['answers 503 after it acted', { kind: 'status', status: 503, when: 'after' }],
    ['answers -1007', { kind: 'outcomeUnknown' }],
    [
      'answers a code that is not listed',
      { kind: 'status', status: 400, when: 'after', body: 'json', code: -9999 },
    ],
  ])(
    'leaves a send undecided when it %s, and finds the one order that exists',
    async (_what, fault) => {
      inject(fault);
      const request = orderRequest();
      await expect(adapter.placeOrder(request)).rejects.toMatchObject({
        code: 'VENUE_UNKNOWN_OUTCOME',
      });
      expect((await adapter.findOrder(request))?.order.state).toBe('filled');
      expect(venueOrders()).toBe(1);
    },
  );

  it('leaves a send undecided when it never arrived, and finds nothing', async () => {
    inject({ kind: 'dropRequest' });
    const request = orderRequest();
    await expect(adapter.placeOrder(request)).rejects.toMatchObject({
      code: 'VENUE_UNKNOWN_OUTCOME',
    });
    expect(await adapter.findOrder(request)).toBeNull();
    expect(venueOrders()).toBe(0);
  });

  it.each([
    [429, 'VENUE_RATE_LIMITED'],
    [418, 'VENUE_BANNED'],
  ])('tells how long to wait after %d, and sends nothing meanwhile', async (status, code) => {
    inject({ kind: 'rateLimit', status, retryAfterSeconds: 2 });
    await expect(adapter.placeOrder(orderRequest())).rejects.toMatchObject({
      code,
      retryAfterMs: 2000,
    });
    await expect(adapter.openOrders(SYMBOL)).rejects.toMatchObject({ code });
    expect(venueOrders()).toBe(0);
  });

  it('measures its clock again on -1021 and sends once more', async () => {
    inject({ kind: 'clock' });
    expect((await adapter.placeOrder(orderRequest())).order.state).toBe('filled');
    expect(venueOrders()).toBe(1);
  });

  it('gives up with VENUE_CLOCK when -1021 comes twice', async () => {
    inject({ kind: 'clock' }, { method: 'POST', path: '/api/v3/order', times: 2 });
    await expect(adapter.placeOrder(orderRequest())).rejects.toMatchObject({ code: 'VENUE_CLOCK' });
    expect(venueOrders()).toBe(0);
  });

  it('leaves a cancel undecided when its answer is cut', async () => {
    const request = restingRequest();
    await adapter.placeOrder(request);
    inject({ kind: 'dropAnswer', how: 'cut' }, { method: 'DELETE' });
    await expect(adapter.cancelOrder(request)).rejects.toMatchObject({
      code: 'VENUE_UNKNOWN_OUTCOME',
    });
    expect((await adapter.getOrderStatus(request)).order.state).toBe('cancelled');
  });

  it('sends an order though the average price is not to be had', async () => {
    inject({ kind: 'status', status: 503, when: 'before' }, { path: '/api/v3/avgPrice' });
    expect((await adapter.placeOrder(orderRequest())).order.state).toBe('filled');
  });

  it('tells partial fills, each once', async () => {
    inject({ kind: 'partialFill', quantities: ['0.004'], rest: 'leave' });
    const request = restingRequest();
    await adapter.placeOrder(request);
    venue.advance(2);
    const { order, fills } = await adapter.getOrderStatus(request);
    expect(order).toMatchObject({ state: 'partially_filled', filledQuantity: '0.004' });
    expect(fills).toMatchObject([{ quantity: '0.004' }]);
  });

  it('sees an order of its own that reads do not show yet only later, and throws nothing', async () => {
    inject({ kind: 'hideOrder', ms: 2_000 });
    const request = restingRequest();
    await adapter.placeOrder(request);
    await expect(adapter.getOrderStatus(request)).rejects.toMatchObject({
      code: 'VENUE_ORDER_NOT_FOUND',
    });
    let found = await adapter.findOrder(request);
    while (found === null) {
      await new Promise((resolve) => setTimeout(resolve, 200));
      found = await adapter.findOrder(request);
    }
    expect(found.order.state).toBe('open');
  });

  it('refuses a wrong secret as VENUE_AUTH, on REST and on the user stream', async () => {
    const stranger = binanceAdapter(venue, { secret: 'wrong-secret' });
    await expect(stranger.connect()).rejects.toMatchObject({ code: 'VENUE_AUTH' });
    await expect(stranger.watchOrders(() => undefined)).rejects.toMatchObject({
      code: 'VENUE_AUTH',
    });
    const keyless = binanceAdapter(venue, { apiKey: '', secret: '' });
    await keyless.connect();
    expect((await keyless.instrument(SYMBOL)).takerFeeRate).toBe('0.001');
    await expect(keyless.placeOrder(orderRequest())).rejects.toMatchObject({ code: 'VENUE_AUTH' });
    await keyless.disconnect();
  });
});
