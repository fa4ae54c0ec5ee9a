/**
 * What every `TradeAdapter` does with stop orders: they rest at the venue, hold what they would sell or cost,
 * and become market orders when the market reaches them. The world is that of trade-adapter.contract.ts.
 */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { PlaceOrderRequest, TradeAdapter } from '../trade-adapter.ts';
import {
  orderRequest,
  type RefusedOrder,
  STARTS_AT,
  SYMBOL,
  type TradingWorld,
} from './trade-adapter.contract.ts';

/** A stop-loss that the second minute reaches. */
export function stopRequest(change: Partial<PlaceOrderRequest> = {}): PlaceOrderRequest {
  return orderRequest({
    side: 'sell',
    type: 'stop',
    stopPrice: '99850',
    quantity: '0.4',
    ...change,
  });
}

export function describeStopOrders(
  name: string,
  open: () => Promise<TradingWorld>,
  /** By the venue's own steps and limits. */
  tooSmall: RefusedOrder = ['a notional too small', { quantity: '0.00005' }, 'FILTER_NOTIONAL'],
): void {
  describe(`stop orders of ${name}`, () => {
    let world: TradingWorld;
    let adapter: TradeAdapter;

    beforeEach(async () => {
      world = await open();
      adapter = world.adapter;
    });
    afterEach(() => world.close());

    const balance = async (asset: string): Promise<[free: string, locked: string]> => {
      const { free, locked } = await adapter.getBalance(asset);
      return [free, locked];
    };

    it('rest with their base locked, and are read back as they were sent', async () => {
      const request = stopRequest();
      const { order, fills } = await adapter.placeOrder(request);
      expect(order).toMatchObject({
        clientOrderId: request.clientOrderId,
        side: 'sell',
        type: 'stop',
        price: null,
        stopPrice: '99850',
        quantity: '0.4',
        filledQuantity: '0',
        state: 'open',
      });
      expect(fills).toEqual([]);
      expect(await balance('BTC')).toEqual(['0.6', '0.4']);
      expect(await adapter.openOrders(SYMBOL)).toMatchObject([
        { clientOrderId: request.clientOrderId, type: 'stop', stopPrice: '99850', state: 'open' },
      ]);
      expect((await adapter.findOrder(request))?.order).toMatchObject({
        type: 'stop',
        stopPrice: '99850',
      });
    });

    it('sell at market when the market falls to them', async () => {
      const request = stopRequest();
      await adapter.placeOrder(request);
      await world.advance();
      expect((await adapter.getOrderStatus(request)).order.state).toBe('open');
      await world.advance();
      const { order, fills } = await adapter.getOrderStatus(request);
      expect(order).toMatchObject({ state: 'filled', type: 'stop', filledQuote: '39940' });
      expect(fills).toMatchObject([
        { price: '99850', quantity: '0.4', liquidity: 'taker', feeAmount: '39.94', side: 'sell' },
      ]);
      expect(fills[0]?.executedAt).toBe(STARTS_AT + 2 * 60_000 - 1);
      expect(await balance('BTC')).toEqual(['0.6', '0']);
      expect(await balance('USDT')).toEqual(['49900.06', '0']);
    });

    it('buy at market when the market rises to them, at the open where that is beyond', async () => {
      const near = stopRequest({ side: 'buy', stopPrice: '100500', quantity: '0.01' });
      await adapter.placeOrder(near);
      expect(await balance('USDT')).toEqual(['8995', '1005']);
      for (let bars = 0; bars < 2; bars += 1) await world.advance();
      expect((await adapter.getOrderStatus(near)).order.state).toBe('open');
      await world.advance();
      const { fills } = await adapter.getOrderStatus(near);
      expect(fills).toMatchObject([{ price: '100500', liquidity: 'taker', feeAsset: 'BTC' }]);
      expect(await balance('USDT')).toEqual(['8995', '0']);
    });

    it('are cancelled, and free what they held', async () => {
      const request = stopRequest();
      await adapter.placeOrder(request);
      await adapter.cancelOrder(request);
      expect((await adapter.getOrderStatus(request)).order).toMatchObject({
        state: 'cancelled',
        filledQuantity: '0',
      });
      expect(await balance('BTC')).toEqual(['1', '0']);
      for (let bars = 0; bars < 2; bars += 1) await world.advance();
      expect((await adapter.getOrderStatus(request)).order.state).toBe('cancelled');
      await expect(adapter.cancelOrder(request)).rejects.toMatchObject({
        code: 'VENUE_ORDER_NOT_FOUND',
      });
    });

    it.each<RefusedOrder>([
      tooSmall,
      ['a sell that the market is below', { stopPrice: '100001' }, 'VENUE_WOULD_TRIGGER'],
      ['a sell at the price of the moment', { stopPrice: '100000' }, 'VENUE_WOULD_TRIGGER'],
      [
        'a buy that the market is above',
        { side: 'buy', stopPrice: '99999', quantity: '0.01' },
        'VENUE_WOULD_TRIGGER',
      ],
      ['a trigger off the tick', { stopPrice: '99850.001' }, 'FILTER_PRICE'],
      ['more than is held', { quantity: '1.1' }, 'VENUE_INSUFFICIENT_BALANCE'],
    ])('are refused: %s', async (_what, change, code) => {
      const request = stopRequest(change);
      await expect(adapter.placeOrder(request)).rejects.toMatchObject({ name: 'KeelError', code });
      expect(await adapter.findOrder(request)).toBeNull();
      expect(await balance('BTC')).toEqual(['1', '0']);
    });

    it('are not sent without a trigger', async () => {
      const request = orderRequest({ side: 'sell', type: 'stop' });
      await expect(adapter.placeOrder(request)).rejects.toMatchObject({
        code: 'VENUE_INVALID_ORDER',
      });
      expect(await adapter.findOrder(request)).toBeNull();
    });
  });
}
