/** OKX's order channels, as the adapter's listeners hear them. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Simulator } from '../../../simulator/options.ts';
import { okxAdapter, startSpot } from '../../../test/factories/simulated-venues.ts';
import { waitFor } from '../../../test/wait-for.ts';
import type { OrderNotice, TradeAdapter } from '../../trade-adapter.ts';
import { stopRequest } from '../stop-orders.contract.ts';
import { restingRequest } from '../trade-adapter.contract.ts';

describe('the user stream of the OKX adapter', () => {
  let venue: Simulator;
  let adapter: TradeAdapter;

  beforeEach(async () => {
    venue = await startSpot({ venue: 'okx' });
    adapter = okxAdapter(venue);
    await adapter.connect();
  });
  afterEach(async () => {
    await adapter.disconnect();
    await venue.close();
  });

  it('catches up after its streams were cut: what changed meanwhile is told', async () => {
    const notices: OrderNotice[] = [];
    const watch = await adapter.watchOrders((notice) => notices.push(notice));
    const orders = [
      restingRequest(),
      restingRequest({ price: '90000' }),
      stopRequest({ stopPrice: '90000' }),
    ];
    for (const order of orders) await adapter.placeOrder(order);
    await waitFor(() => notices.length >= 3);
    notices.length = 0;
    expect(venue.cutStreams('user')).toBe(2);
    venue.advance(2);
    const ids = (): ReadonlySet<string> => new Set(notices.map((one) => one.clientOrderId));
    await waitFor(() => ids().size === 3);
    expect(ids()).toEqual(new Set(orders.map((one) => one.clientOrderId)));
    // The new subscriptions are live.
    for (const order of orders.slice(1)) {
      notices.length = 0;
      await adapter.cancelOrder(order);
      await waitFor(() => notices.some((one) => one.clientOrderId === order.clientOrderId));
    }
    await watch.close();
    await waitFor(() => venue.state().connections.user === 0);
  });
});
