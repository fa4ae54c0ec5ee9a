/** The OKX adapter when the venue fails: what is undecided stays so, and is found. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { faultScriptSchema } from '../../../simulator/faults.ts';
import type { Simulator } from '../../../simulator/options.ts';
import { okxAdapter, okxOptions, startSpot } from '../../../test/factories/simulated-venues.ts';
import type { TradeAdapter } from '../../trade-adapter.ts';
import { describeLookUps } from '../look-up.contract.ts';
import { stopRequest } from '../stop-orders.contract.ts';
import { orderRequest, restingRequest, SYMBOL } from '../trade-adapter.contract.ts';
import { createOkxLookup } from './lookup.ts';
import { createOkxRequests } from './requests.ts';

const UNAVAILABLE = { kind: 'status', status: 503, when: 'before' };

describeLookUps(
  'OKX',
  async () => {
    const venue = await startSpot({ venue: 'okx' });
    const requests = createOkxRequests({ ...okxOptions(venue), timeoutMs: 500 });
    return { venue, adapter: okxAdapter(venue), lookup: createOkxLookup(requests) };
  },
  {
    symbol: SYMBOL,
    places: [
      ...['order', 'order-algo', 'orders-pending', 'orders-history', 'orders-history-archive'],
      ...['orders-algo-pending', 'orders-algo-history', 'fills', 'fills-history'],
    ].map((name) => `/api/v5/trade/${name}`),
  },
);

describe('the OKX adapter when the venue fails', () => {
  let venue: Simulator;
  let adapter: TradeAdapter;

  beforeEach(async () => {
    venue = await startSpot({ venue: 'okx' });
    adapter = okxAdapter(venue, { timeoutMs: 500 });
    await adapter.connect();
  });
  afterEach(async () => {
    await adapter.disconnect();
    await venue.close();
  });

  const inject = (fault: object, match: object = { action: 'place' }): void => {
    venue.faults.add(faultScriptSchema.parse([{ match, fault }]));
  };
  const venueOrders = (): number => venue.orders().orders.length;

  it.each<[string, object]>([
    ['cuts the answer', { kind: 'dropAnswer', how: 'cut' }],
    ['never answers', { kind: 'dropAnswer', how: 'hang' }],
    ['answers HTML with status 200', { kind: 'html' }],
    ['answers 503 after it acted', { kind: 'status', status: 503, when: 'after' }],
    ['answers 50004', { kind: 'outcomeUnknown' }],
    [
      'answers a code that is not listed',
      { kind: 'status', status: 400, when: 'after', body: 'json', code: 59999 },
    ],
  ])(
    'leaves a send undecided when it %s, and finds the one order that exists',
    async (_what, fault) => {
      for (const request of [orderRequest(), stopRequest()]) {
        inject(fault);
        await expect(adapter.placeOrder(request)).rejects.toMatchObject({
          code: 'VENUE_UNKNOWN_OUTCOME',
        });
        expect((await adapter.findOrder(request))?.order.clientOrderId).toBe(request.clientOrderId);
      }
      expect(venueOrders()).toBe(2);
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

  it('knows an order that was taken though it cannot be read', async () => {
    inject(UNAVAILABLE, { method: 'GET', action: 'read' });
    const request = orderRequest();
    const { order, fills } = await adapter.placeOrder(request);
    expect(order).toMatchObject({ state: 'open', rawStatus: 'live', filledQuantity: '0' });
    expect(fills).toEqual([]);
    expect((await adapter.getOrderStatus(request)).order.state).toBe('filled');
  });

  it('never tells of an order it has taken as one that was turned away', async () => {
    inject(UNAVAILABLE, { method: 'GET', action: 'read' });
    inject(
      { kind: 'rateLimit', status: 429, retryAfterSeconds: 1 },
      { path: '/api/v5/public/time' },
    );
    const request = orderRequest();
    expect((await adapter.placeOrder(request)).order.state).toBe('open');
    expect(venueOrders()).toBe(1);
  });

  it.each<[string, () => ReturnType<typeof orderRequest>]>([
    ['an order', orderRequest],
    ['a stop', stopRequest],
  ])('is refused %s past its deadline by the venue itself', async (_what, requested) => {
    // Under way longer than it may be: held back on the way to the venue.
    inject({ kind: 'delay', ms: 300, when: 'before' });
    const request = { ...requested(), deadline: adapter.venueTime() + 150 };
    await expect(adapter.placeOrder(request)).rejects.toMatchObject({ name: 'KeelError' });
    expect(venueOrders()).toBe(0);
    expect(await adapter.findOrder(request)).toBeNull();
  });

  it('measures its clock again on 50102 and sends once more', async () => {
    inject({ kind: 'clock' });
    expect((await adapter.placeOrder(orderRequest())).order.state).toBe('filled');
    expect(venueOrders()).toBe(1);
  });

  it('is silent after 50011', async () => {
    inject({ kind: 'rateLimit', status: 429, retryAfterSeconds: 2 });
    for (let sends = 0; sends < 2; sends += 1) {
      await expect(adapter.placeOrder(orderRequest())).rejects.toMatchObject({
        code: 'VENUE_RATE_LIMITED',
      });
    }
    expect(venueOrders()).toBe(0);
  });

  it('tells a definite refusal by the code of its row', async () => {
    inject({ kind: 'reject' });
    await expect(adapter.placeOrder(orderRequest())).rejects.toMatchObject({
      code: 'VENUE_INSUFFICIENT_BALANCE',
      details: { venueCode: '51008' },
    });
  });

  it('tells partial fills, each once', async () => {
    inject({ kind: 'partialFill', quantities: ['0.004'], rest: 'leave' });
    const request = restingRequest();
    await adapter.placeOrder(request);
    venue.advance(2);
    const { order, fills } = await adapter.getOrderStatus(request);
    expect(order).toMatchObject({ state: 'partially_filled', filledQuantity: '0.004' });
    expect(fills).toMatchObject([{ quantity: '0.004', feeAmount: '0.000004' }]);
  });

  it('sees an order of its own that reads do not show yet only later, and throws nothing', async () => {
    inject({ kind: 'hideOrder', ms: 300 });
    const request = restingRequest();
    await adapter.placeOrder(request);
    await expect(adapter.getOrderStatus(request)).rejects.toMatchObject({
      code: 'VENUE_ORDER_NOT_FOUND',
    });
    await new Promise((resolve) => setTimeout(resolve, 350));
    expect((await adapter.findOrder(request))?.order.state).toBe('open');
  });

  it('refuses a wrong secret as VENUE_AUTH, on REST and on the user stream', async () => {
    const stranger = okxAdapter(venue, { secret: 'wrong-secret' });
    await expect(stranger.connect()).rejects.toMatchObject({ code: 'VENUE_AUTH' });
    await expect(stranger.watchOrders(() => undefined)).rejects.toMatchObject({
      code: 'VENUE_AUTH',
    });
    const keyless = okxAdapter(venue, { apiKey: '', secret: '', passphrase: '' });
    await keyless.connect();
    expect((await keyless.instrument(SYMBOL)).makerFeeRate).toBe('0.0008');
    await expect(keyless.placeOrder(orderRequest())).rejects.toMatchObject({ code: 'VENUE_AUTH' });
    await keyless.disconnect();
  });
});
