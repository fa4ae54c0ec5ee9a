import { describe, expect, it } from '@jest/globals';
import { openPaperWorld, paperWorld } from '../../../test/factories/paper-world.ts';
import { describeStopLimitOrders } from '../stop-limit-orders.contract.ts';
import { describeTimeInForce } from '../time-in-force.contract.ts';
import {
  describeTradeAdapter,
  OPENING_BALANCES,
  orderRequest,
  restingRequest,
  SYMBOL,
} from '../trade-adapter.contract.ts';
import { describeStopOrders } from '../stop-orders.contract.ts';
import { createPaperAdapter } from './adapter.ts';

describeTradeAdapter('the paper venue', () => openPaperWorld());
describeStopOrders('the paper venue', () => openPaperWorld());
describeStopLimitOrders('the paper venue', () => openPaperWorld());
describeTimeInForce('the paper venue', () => openPaperWorld(), {
  symbol: SYMBOL,
  postOnly: 'refused',
});

describe('the paper venue', () => {
  it('is the same after a restart, and books the opening balances once', async () => {
    const { adapter, options, clock } = paperWorld();
    await adapter.connect();
    await adapter.placeOrder(orderRequest());
    const resting = restingRequest();
    await adapter.placeOrder(resting);
    const again = createPaperAdapter(options);
    await again.connect();
    expect(await again.getBalance('USDT')).toEqual({
      asset: 'USDT',
      free: '8001.5',
      locked: '998.5',
    });
    clock.minute = 2;
    expect((await again.getOrderStatus(resting)).order.state).toBe('filled');
  });

  it('fills the same whether it looked at every bar or only at the last', async () => {
    const often = paperWorld();
    const once = paperWorld();
    const request = restingRequest();
    for (const { adapter } of [often, once]) {
      await adapter.connect();
      await adapter.placeOrder(request);
    }
    for (let minute = 1; minute <= 4; minute += 1) {
      often.clock.minute = minute;
      await often.adapter.openOrders(SYMBOL);
    }
    once.clock.minute = 4;
    expect(await once.adapter.getOrderStatus(request)).toEqual(
      await often.adapter.getOrderStatus(request),
    );
  });

  it('does not let an order trade at prices from before it came', async () => {
    const { adapter, clock } = paperWorld();
    await adapter.connect();
    clock.minute = 1;
    clock.msInto = 30_000;
    // The bar opened at 100050, better for this sell than its limit: but that was half a minute ago.
    const request = restingRequest({ side: 'sell', price: '100060' });
    await adapter.placeOrder(request);
    clock.minute = 2;
    expect((await adapter.getOrderStatus(request)).fills).toMatchObject([{ price: '100060' }]);
  });

  it('keeps the matching when the call that caused it is refused', async () => {
    const { adapter, clock } = paperWorld();
    await adapter.connect();
    const request = restingRequest();
    await adapter.placeOrder(request);
    clock.minute = 2;
    await expect(adapter.cancelOrder(request)).rejects.toMatchObject({
      code: 'VENUE_ORDER_NOT_FOUND',
    });
    expect((await adapter.getOrderStatus(request)).order.state).toBe('filled');
  });

  it('takes two buys at once for what the balance covers', async () => {
    const { adapter } = paperWorld();
    await adapter.connect();
    const sent = [orderRequest({ quantity: '0.06' }), orderRequest({ quantity: '0.06' })];
    const results = await Promise.allSettled(sent.map((request) => adapter.placeOrder(request)));
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(await adapter.getBalance('USDT')).toEqual({ asset: 'USDT', free: '4000', locked: '0' });
  });

  it('takes fees in a third asset while there is enough of it', async () => {
    const openingBalances = { ...OPENING_BALANCES, BNB: '0.003' };
    const { adapter } = paperWorld({ feeIn: 'BNB', openingBalances });
    await adapter.connect();
    const paid = await adapter.placeOrder(orderRequest());
    expect(paid.fills).toMatchObject([{ feeAmount: '0.002', feeAsset: 'BNB' }]);
    const short = await adapter.placeOrder(orderRequest());
    expect(short.fills).toMatchObject([{ feeAmount: '0.00001', feeAsset: 'BTC' }]);
    expect(await adapter.getBalance('BNB')).toMatchObject({ free: '0.001' });
  });

  it('moves market orders by the slippage', async () => {
    const { adapter } = paperWorld({ slippageBps: 5 });
    await adapter.connect();
    expect((await adapter.placeOrder(orderRequest())).fills).toMatchObject([{ price: '100050' }]);
  });
});
