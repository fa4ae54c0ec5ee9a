/** Orders as a person places them from a terminal, for real: command, API, bus, workflow, venue. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { priceKey } from '../adapters/cache.ts';
import { startApi, type RunningApi } from '../api/main.ts';
import { run } from '../cli/keel.ts';
import { isFinalIntent } from '../core/intent-machine.ts';
import type { OrderView } from '../core/order.ts';
import { testDatabase, type TestDatabase } from './database.ts';
import { openOrderStage, OTHER_ACCOUNT, type OrderStage } from './factories/order-stage.ts';
import { ACCOUNT, SYMBOL } from './factories/stored-world.ts';
import { testNamespace } from './namespace.ts';
import { describeWith } from './servers.ts';

describeWith(['postgres', 'temporal'], 'an order that a person places', () => {
  let database: TestDatabase;
  let stage: OrderStage;
  let api: RunningApi;
  let price = 0;

  beforeAll(async () => {
    database = await testDatabase();
    stage = await openOrderStage({
      postgresUrl: database.url,
      temporal: await testNamespace(),
      other: { USDT: '50000' },
    });
    const { house, simulator } = stage;
    const { config } = house;
    api = await startApi({ ...house, config: { ...config, api: { ...config.api, port: 0 } } });
    price = Number(simulator.state().prices[SYMBOL]);
    // No collector runs here.
    await house.cache.set(priceKey('binance', SYMBOL), String(price), 60_000);
  });
  afterAll(async () => {
    await api.stop();
    await stage.close();
    await database.drop();
  });

  /** Gives the order's id. */
  async function keel(line: string): Promise<string> {
    const out: string[] = [];
    const code = await run([...line.split(' '), '--json'], {
      environment: {
        KEEL_API_URL: api.url,
        KEEL_TOKEN: await api.tokens.issue({ name: 'ada', role: 'trader' }),
      },
      out: (text) => out.push(text),
      err: (text) => out.push(text),
      askSecret: () => Promise.reject(new Error('nobody is asked')),
    });
    expect([code, out.join('\n')]).toEqual([0, expect.stringContaining('orderId')]);
    return (JSON.parse(out.join('\n')) as { orderId: string }).orderId;
  }

  async function ended(orderId: string): Promise<OrderView> {
    for (;;) {
      const order = await stage.house.repositories.orders.getOrder(orderId).catch(() => undefined);
      if (order !== undefined && isFinalIntent(order.state)) return order;
      await sleep(50);
    }
  }

  it.each<[string, string, (near: number) => string, number]>([
    ['whole', '0.01', () => '', 1],
    ['as a TWAP', '0.01', () => ' --twap 2 --slices 2', 2],
    ['as an iceberg', '0.01', (near) => ` --limit ${String(near)} --iceberg 0.004`, 3],
    [
      'by a chase',
      '0.01',
      (near) => ` --limit ${String(near)} --chase ${String(near + 100)} --attempts 2`,
      1,
    ],
    ['on the best venue', '0.01', () => ` --best-venue ${ACCOUNT},${OTHER_ACCOUNT}`, 1],
    ['split', '1.2', () => ` --split ${ACCOUNT},${OTHER_ACCOUNT}`, 2],
  ])('is worked %s', async (_how, quantity, flags, legs) => {
    const { strategyId } = await stage.signal({}, { allocation: '1000000' });
    const near = Math.ceil(price * 1.01);
    const order = await ended(await keel(`buy ${strategyId} ${quantity} ${SYMBOL}${flags(near)}`));
    expect(order).toMatchObject({
      status: 'filled',
      filledQuantity: quantity,
      source: { kind: 'person', name: 'ada' },
    });
    expect(order.legs).toHaveLength(legs);
  });
});
