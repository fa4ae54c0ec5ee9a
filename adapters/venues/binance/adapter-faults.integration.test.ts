/** The Binance adapter when the venue fails: the contracts, then what is Binance's own. */
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
import { describeVenueFaults } from '../venue-faults.contract.ts';
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

describeVenueFaults(
  'Binance',
  async () => {
    const venue = await startSpot();
    return { venue, adapter: binanceAdapter(venue, { timeoutMs: 500 }) };
  },
  {
    requests: () => [orderRequest()],
    unlistedCode: -9999,
    partialFill: { quantity: '0.004' },
    userEvent: 'executionReport',
  },
);

describe('the Binance adapter when the venue fails in its own ways', () => {
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

  const inject = (fault: object, match: object = { action: 'place' }): void => {
    venue.faults.add(faultScriptSchema.parse([{ match, fault }]));
  };
  const venueOrders = (): number => venue.orders().orders.length;

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

  it('gives up with VENUE_CLOCK when -1021 comes twice', async () => {
    inject({ kind: 'clock' }, { action: 'place', times: 2 });
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
