/** The OKX adapter when the venue fails: the contracts, then what is OKX's own. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { faultScriptSchema } from '../../../simulator/faults.ts';
import type { Simulator } from '../../../simulator/options.ts';
import { okxAdapter, okxOptions, startSpot } from '../../../test/factories/simulated-venues.ts';
import type { TradeAdapter } from '../../trade-adapter.ts';
import { describeLookUps } from '../look-up.contract.ts';
import { stopRequest } from '../stop-orders.contract.ts';
import { orderRequest, SYMBOL } from '../trade-adapter.contract.ts';
import { describeVenueFaults } from '../venue-faults.contract.ts';
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

describeVenueFaults(
  'OKX',
  async () => {
    const venue = await startSpot({ venue: 'okx' });
    return { venue, adapter: okxAdapter(venue, { timeoutMs: 500 }) };
  },
  {
    // A stop is sent to an endpoint of its own.
    requests: () => [orderRequest(), stopRequest()],
    unlistedCode: 59999,
    partialFill: { quantity: '0.004', feeAmount: '0.000004' },
    userEvent: 'orders',
  },
);

describe('the OKX adapter when the venue fails in its own ways', () => {
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
