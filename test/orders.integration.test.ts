/** A signal becomes an order at the venue: dispatcher, workflow, activities, PostgreSQL and simulator for real. */
import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { testDatabase, type TestDatabase } from './database.ts';
import {
  openOrderStage,
  SCENARIOS,
  type OrderStage,
  type Played,
} from './factories/order-stage.ts';
import { describeWith, testServers } from './servers.ts';

jest.setTimeout(60_000);

describeWith(['postgres', 'temporal'], 'an order, end to end', () => {
  let database: TestDatabase;
  let stage: OrderStage;

  beforeAll(async () => {
    database = await testDatabase();
    stage = await openOrderStage({
      postgresUrl: database.url,
      temporalAddress: testServers().temporalAddress ?? '',
    });
  });
  afterAll(async () => {
    await stage.close();
    await database.drop();
  });

  async function play(name: string): Promise<Played> {
    const scenario = SCENARIOS[name];
    if (scenario === undefined) throw new Error(`no scenario ${name}`);
    return scenario(stage);
  }

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
    ['timed-out', 'cancelled', 1],
    ['answer-dropped', 'filled', 1],
    ['retried-after-ambiguous-timeout', 'filled', 1],
  ])('%s: ends %s, with %d orders at the venue', async (name, status, orders) => {
    const { result } = await play(name);
    expect(result.status).toBe(status);
    expect(atVenue(result.orderId)).toBe(orders);
    const order = await stage.house.repositories.orders.getOrder(result.orderId);
    expect(order.status).toBe(status);
    const events = await stage.house.repositories.orders.orderEvents(result.orderId);
    expect(events.at(-1)?.status).toBe(status);
    const versions = events.map(({ version }) => version);
    expect(versions).toEqual(versions.toSorted((a, b) => a - b));
  });

  it('a signal delivered twice starts one workflow and makes one order', async () => {
    const signal = await stage.signal({});
    await stage.send(signal);
    const handle = await stage.send(signal);
    expect((await handle.result()).status).toBe('filled');
    await stage.send(signal);
    expect(atVenue(signal.id)).toBe(1);
  });

  it('a signal past its time is recorded as expired and never sent', async () => {
    const { marketTime } = stage.simulator.state();
    const signal = await stage.signal({ validUntil: marketTime - 1 });
    const handle = await stage.send(signal);
    expect((await handle.result()).status).toBe('expired');
    expect(atVenue(signal.id)).toBe(0);
  });
});
