/**
 * What every `TradeAdapter` does with limit orders that work for a moment only, or must not take. The world is that
 * of trade-adapter.contract.ts or perpetual.contract.ts: the price of the moment is 100000, and the second minute
 * falls to 99800.
 */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { PlaceOrderRequest, TradeAdapter } from '../trade-adapter.ts';
import { orderRequest, type TradingWorld } from './trade-adapter.contract.ts';

export function describeTimeInForce(
  name: string,
  open: () => Promise<TradingWorld>,
  {
    symbol,
    postOnly,
  }: {
    readonly symbol: string;
    /** What becomes of a post-only order that would take: the venue does not take it, or takes and ends it. */
    readonly postOnly: 'refused' | 'cancelled';
  },
): void {
  describe(`time in force at ${name}`, () => {
    let world: TradingWorld;
    let adapter: TradeAdapter;

    beforeEach(async () => {
      world = await open();
      adapter = world.adapter;
    });
    afterEach(() => world.close());

    const limit = (change: Partial<PlaceOrderRequest>): PlaceOrderRequest =>
      orderRequest({ symbol, type: 'limit', price: '100010', ...change });
    const locked = async (): Promise<string> => (await adapter.getBalance('USDT')).locked;

    it.each(['ioc', 'fok'] as const)('%s takes at once what the market gives', async (rule) => {
      const { order, fills } = await adapter.placeOrder(limit({ timeInForce: rule }));
      expect(order).toMatchObject({ type: 'limit', price: '100010', state: 'filled' });
      expect(fills).toMatchObject([{ price: '100000', quantity: '0.01', liquidity: 'taker' }]);
    });

    it.each(['ioc', 'fok'] as const)('%s never waits for a market beyond it', async (rule) => {
      const request = limit({ timeInForce: rule, price: '99990' });
      await adapter.placeOrder(request);
      const { order, fills } = await adapter.getOrderStatus(request);
      expect(['expired', 'cancelled']).toContain(order.state);
      expect(order.filledQuantity).toBe('0');
      expect(fills).toEqual([]);
      expect(await adapter.openOrders(symbol)).toEqual([]);
      expect(await locked()).toBe('0');
    });

    it('post-only rests, and fills as a maker', async () => {
      const request = limit({ timeInForce: 'post-only', price: '99850' });
      const { order } = await adapter.placeOrder(request);
      expect(order).toMatchObject({ type: 'limit', price: '99850', state: 'open' });
      for (let bars = 0; bars < 2; bars += 1) await world.advance();
      const { fills } = await adapter.getOrderStatus(request);
      expect(fills).toMatchObject([{ price: '99850', liquidity: 'maker' }]);
    });

    it('post-only never takes', async () => {
      const request = limit({ timeInForce: 'post-only' });
      if (postOnly === 'refused') {
        await expect(adapter.placeOrder(request)).rejects.toMatchObject({
          code: 'VENUE_WOULD_MATCH',
        });
        expect(await adapter.findOrder(request)).toBeNull();
      } else {
        await adapter.placeOrder(request);
        const { order, fills } = await adapter.getOrderStatus(request);
        expect(order).toMatchObject({ state: 'cancelled', filledQuantity: '0' });
        expect(fills).toEqual([]);
      }
      expect(await adapter.openOrders(symbol)).toEqual([]);
      expect(await locked()).toBe('0');
    });
  });
}
