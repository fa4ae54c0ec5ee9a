/**
 * What every `TradeAdapter` that takes stop-limit orders does with them: they rest untriggered, and are limit orders
 * once the market has reached their trigger. The world is that of trade-adapter.contract.ts.
 */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { PlaceOrderRequest, TradeAdapter } from '../trade-adapter.ts';
import {
  orderRequest,
  type RefusedOrder,
  SYMBOL,
  type TradingWorld,
} from './trade-adapter.contract.ts';

export function describeStopLimitOrders(name: string, open: () => Promise<TradingWorld>): void {
  describe(`stop-limit orders of ${name}`, () => {
    let world: TradingWorld;
    let adapter: TradeAdapter;

    beforeEach(async () => {
      world = await open();
      adapter = world.adapter;
    });
    afterEach(() => world.close());

    const stopLimit = (change: Partial<PlaceOrderRequest> = {}): PlaceOrderRequest =>
      orderRequest({
        ...{ side: 'sell', type: 'stop-limit', quantity: '0.4' },
        ...{ stopPrice: '99850', price: '99800' },
        ...change,
      });
    const balance = async (asset: string): Promise<[free: string, locked: string]> => {
      const { free, locked } = await adapter.getBalance(asset);
      return [free, locked];
    };
    const advance = async (minutes: number): Promise<void> => {
      for (let minute = 0; minute < minutes; minute += 1) await world.advance();
    };

    it('rest untriggered with their funds locked, and are read back as they were sent', async () => {
      const request = stopLimit();
      const terms = { type: 'stop-limit', stopPrice: '99850', price: '99800', state: 'open' };
      expect((await adapter.placeOrder(request)).fills).toEqual([]);
      expect((await adapter.getOrderStatus(request)).order).toMatchObject(terms);
      expect(await adapter.openOrders(SYMBOL)).toMatchObject([terms]);
      expect(await balance('BTC')).toEqual(['0.6', '0.4']);
      // A purchase locks what its limit costs.
      const buy = stopLimit({
        side: 'buy',
        stopPrice: '100500',
        price: '100600',
        quantity: '0.01',
      });
      await adapter.placeOrder(buy);
      expect(await balance('USDT')).toEqual(['8994', '1006']);
    });

    it('take at the price that triggers them where that is within their limit', async () => {
      const request = stopLimit();
      await adapter.placeOrder(request);
      await advance(1);
      expect((await adapter.getOrderStatus(request)).order.state).toBe('open');
      await advance(1);
      const { order, fills } = await adapter.getOrderStatus(request);
      expect(order).toMatchObject({ state: 'filled', type: 'stop-limit' });
      expect(fills).toMatchObject([{ price: '99850', quantity: '0.4', liquidity: 'taker' }]);
      expect(await balance('BTC')).toEqual(['0.6', '0']);
    });

    it('rest as makers where it is not, and fill when the market comes back', async () => {
      // The second minute falls to 99800 and closes at 100000; the third rises to 101000.
      const later = stopLimit({ price: '100950' });
      const within = stopLimit({ stopPrice: '99820', price: '99990', quantity: '0.2' });
      await adapter.placeOrder(later);
      await adapter.placeOrder(within);
      await advance(2);
      expect((await adapter.getOrderStatus(within)).fills).toMatchObject([
        { price: '99990', quantity: '0.2', liquidity: 'maker' },
      ]);
      expect((await adapter.getOrderStatus(later)).order).toMatchObject({
        state: 'triggered',
        filledQuantity: '0',
      });
      expect(await balance('BTC')).toEqual(['0.4', '0.4']);
      await advance(1);
      expect((await adapter.getOrderStatus(later)).fills).toMatchObject([
        { price: '100950', quantity: '0.4', liquidity: 'maker' },
      ]);
      expect(await balance('BTC')).toEqual(['0.4', '0']);
    });

    it('are cancelled before they are triggered and after, and free what they held', async () => {
      const before = stopLimit();
      await adapter.placeOrder(before);
      await adapter.cancelOrder(before);
      const after = stopLimit({ price: '101900' });
      await adapter.placeOrder(after);
      await advance(2);
      await adapter.cancelOrder(after);
      for (const request of [before, after]) {
        const { order } = await adapter.getOrderStatus(request);
        expect(order).toMatchObject({ state: 'cancelled', filledQuantity: '0' });
      }
      expect(await balance('BTC')).toEqual(['1', '0']);
    });

    it.each<RefusedOrder>([
      ['a trigger behind the market', { stopPrice: '100001' }, 'VENUE_WOULD_TRIGGER'],
      ['a trigger off the tick', { stopPrice: '99850.001' }, 'FILTER_PRICE'],
      ['a limit off the tick', { price: '99800.001' }, 'FILTER_PRICE'],
      ['more than is held', { quantity: '1.1' }, 'VENUE_INSUFFICIENT_BALANCE'],
    ])('are refused: %s', async (_what, change, code) => {
      const request = stopLimit(change);
      await expect(adapter.placeOrder(request)).rejects.toMatchObject({ name: 'KeelError', code });
      expect(await adapter.findOrder(request)).toBeNull();
      expect(await balance('BTC')).toEqual(['1', '0']);
    });

    it.each<[string, Partial<PlaceOrderRequest>]>([
      ['limit', { stopPrice: '99850' }],
      ['trigger', { price: '99800' }],
    ])('are not sent without a %s', async (_missing, given) => {
      const request = orderRequest({ side: 'sell', type: 'stop-limit', ...given });
      await expect(adapter.placeOrder(request)).rejects.toMatchObject({
        code: 'VENUE_INVALID_ORDER',
      });
      expect(await adapter.findOrder(request)).toBeNull();
    });
  });
}
