/** Binance's user stream, as the adapter's listeners hear it. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Simulator } from '../../../simulator/options.ts';
import {
  binanceAdapter,
  binanceOptions,
  startSpot,
} from '../../../test/factories/simulated-venues.ts';
import { waitFor } from '../../../test/wait-for.ts';
import type { OrderNotice, TradeAdapter } from '../../trade-adapter.ts';
import { restingRequest, SYMBOL } from '../trade-adapter.contract.ts';
import { createBinanceAdapter } from './adapter.ts';

describe('the user stream of the Binance adapter', () => {
  let venue: Simulator;
  let adapter: TradeAdapter;

  beforeEach(async () => {
    venue = await startSpot();
    adapter = binanceAdapter(venue);
    await adapter.connect();
  });
  afterEach(async () => {
    await adapter.disconnect();
    await venue.close();
  });

  it('catches up after its stream was cut: what changed meanwhile is told', async () => {
    const notices: OrderNotice[] = [];
    const watch = await adapter.watchOrders((notice) => notices.push(notice));
    const filling = restingRequest();
    const staying = restingRequest({ price: '90000' });
    await adapter.placeOrder(filling);
    await adapter.placeOrder(staying);
    await waitFor(() => notices.length >= 2);
    notices.length = 0;
    expect(venue.cutStreams('user')).toBe(1);
    venue.advance(2);
    await waitFor(() => new Set(notices.map((notice) => notice.clientOrderId)).size === 2);
    expect(new Set(notices.map((notice) => notice.clientOrderId))).toEqual(
      new Set([filling.clientOrderId, staying.clientOrderId]),
    );
    // The new subscription is live.
    notices.length = 0;
    await adapter.cancelOrder(staying);
    await waitFor(() => notices.length > 0);
    await watch.close();
  });

  it('without a list of symbols catches up on all the venue has', async () => {
    const everything = createBinanceAdapter(binanceOptions(venue));
    await everything.connect();
    const request = restingRequest();
    await adapter.placeOrder(request);
    const notices: OrderNotice[] = [];
    const watch = await everything.watchOrders((notice) => notices.push(notice));
    venue.cutStreams('user');
    await waitFor(() => notices.length > 0);
    expect(notices).toEqual([{ clientOrderId: request.clientOrderId, symbol: SYMBOL }]);
    await watch.close();
    await everything.disconnect();
  });

  it('serves many listeners over one socket, and closes it with the last', async () => {
    const first = await adapter.watchOrders(() => undefined);
    const second = await adapter.watchOrders(() => undefined);
    expect(venue.state().connections.userStreams).toBe(1);
    await first.close();
    expect(venue.state().connections.userStreams).toBe(1);
    await second.close();
    await waitFor(() => venue.state().connections.user === 0);
  });
});
