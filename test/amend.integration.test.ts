/** Amending on real servers: one order cancelled and verified, its exact remainder placed anew. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { replacementId } from '../activities/amend-steps.ts';
import { createWorkflows, type Workflows } from '../adapters/temporal/workflows.ts';
import type { OrderView } from '../core/order.ts';
import { testDatabase, type TestDatabase } from './database.ts';
import { openOrderStage, type OrderStage } from './factories/order-stage.ts';
import { SYMBOL } from './factories/stored-world.ts';
import { testNamespace } from './namespace.ts';
import { describeWith } from './servers.ts';

describeWith(['postgres', 'temporal'], 'an amend', () => {
  let database: TestDatabase;
  let stage: OrderStage;
  let workflows: Workflows;

  beforeAll(async () => {
    database = await testDatabase();
    stage = await openOrderStage({
      postgresUrl: database.url,
      temporal: await testNamespace(),
    });
    workflows = createWorkflows((await stage.house.temporal()).client);
  });
  afterAll(async () => {
    await stage.close();
    await database.drop();
  });

  async function until(orderId: string, status: OrderView['status']): Promise<OrderView> {
    const { orders } = stage.house.repositories;
    for (;;) {
      const order = await orders.getOrder(orderId).catch(() => undefined);
      if (order?.status === status) return order;
      await sleep(50);
    }
  }

  const atVenue = (orderId: string) =>
    stage.simulator
      .orders()
      .orders.filter((order) => String(order['clientOrderId']).includes(orderId));

  it('replaces a resting order by its remainder, once, and not again when asked again', async () => {
    const price = Math.floor(Number(stage.simulator.state().prices[SYMBOL]) * 0.9);
    const stops = { stopLoss: { fraction: '0.05' } };
    const kept = { stops, timeoutMs: 3_600_000 };
    const signal = await stage.signal({ type: 'limit', limitPrice: String(price), ...kept });
    await stage.send(signal);
    await until(signal.id, 'open');

    const step = {
      orderId: signal.id,
      quantity: '0.015',
      limitPrice: String(price - 100),
      by: 'ada',
      requestId: 'r1',
    };
    await workflows.startAmend(step);
    await expect(workflows.startAmend(step)).rejects.toMatchObject({ code: 'CONFLICT' });
    const newId = replacementId(step, SYMBOL);
    expect(await until(newId, 'open')).toMatchObject({
      quantity: '0.015',
      price: String(price - 100),
      source: { kind: 'person', name: 'ada' },
    });
    expect(await until(signal.id, 'cancelled')).toMatchObject({
      reason: expect.stringContaining('amended by ada'),
      filledQuantity: '0',
    });
    const { signal: second } = await stage.house.repositories.orders.routingFacts(newId);
    expect(second.stops).toEqual(stops);
    expect(second.eventTime + (second.timeoutMs ?? 0)).toBe(signal.eventTime + kept.timeoutMs);
    // A request that is repeated is the same order.
    await sleep(500);
    await workflows.startAmend(step);
    await sleep(1_500);
    expect(atVenue(signal.id)).toHaveLength(1);
    expect(atVenue(newId)).toHaveLength(1);
    await workflows.cancelOrder(newId, { by: 'ada' });
    await until(newId, 'cancelled');
  });
});
