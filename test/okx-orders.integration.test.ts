/** The way from a signal to an order at OKX, for real: the same workflow, another venue. */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { testDatabase, type TestDatabase } from './database.ts';
import { nextSignal, openOrderStage, type OrderStage, SCENARIOS } from './factories/order-stage.ts';
import { testNamespace } from './namespace.ts';
import { describeWith } from './servers.ts';

describeWith(['postgres', 'temporal'], 'an order at OKX, end to end', () => {
  let database: TestDatabase;
  let stage: OrderStage;

  beforeAll(async () => {
    database = await testDatabase();
    stage = await openOrderStage({
      postgresUrl: database.url,
      temporal: await testNamespace(),
      venue: 'okx',
    });
  });
  afterAll(async () => {
    await stage.close();
    await database.drop();
  });

  function atVenue(orderId: string): number {
    return stage.simulator
      .orders()
      .orders.filter((order) => String(order['clientOrderId']).includes(orderId)).length;
  }

  it.each([
    ['filled', 'filled', 1],
    ['denied', 'denied', 0],
    ['rejected', 'rejected', 0],
    ['cancelled', 'cancelled', 1],
    ['blocked', 'filled', 1],
    ['timed-out', 'cancelled', 1],
    ['answer-dropped', 'filled', 1],
    ['retried-after-ambiguous-timeout', 'filled', 1],
  ])('%s: ends %s, with %d orders at the venue', async (name, status, orders) => {
    const { result } = await SCENARIOS[name]!(stage);
    expect(result.status).toBe(status);
    expect(atVenue(result.orderId)).toBe(orders);
    const order = await stage.house.repositories.orders.getOrder(result.orderId);
    expect(order).toMatchObject({ status, exchange: 'okx', accountId: 'okx-sandbox' });
  });

  it('a stop rests as an algo order, and what it becomes is booked as its fill', async () => {
    const entry = await stage.signal({ wanted: { kind: 'target', quantity: '0.02' } });
    expect((await (await stage.send(entry)).result()).status).toBe('filled');
    const price = Number(stage.simulator.state().prices['BTC/USDT']);
    const stop = nextSignal(entry, {
      type: 'stop',
      stopPrice: String(Math.floor(price * 0.9999)),
      wanted: { kind: 'order', side: 'sell', quantity: '0.01' },
    });
    const handle = await stage.send(stop);
    while (stage.simulator.state().openOrders === 0) await pause();
    const done = handle.result();
    for (let bars = 0; bars < 600 && stage.simulator.state().openOrders > 0; bars += 1) {
      stage.simulator.advance(1);
    }
    expect((await done).status).toBe('filled');
    const order = await stage.house.repositories.orders.getOrder(stop.id);
    expect(order).toMatchObject({ type: 'stop', status: 'filled', filledQuantity: '0.01' });
    expect(Object.keys(order.fees)).toEqual(['USDT']);
  });
});

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 50));
}
