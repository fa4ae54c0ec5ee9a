/** The kill switch on real servers: a row stops every send, and what was open is cleaned up. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { priceKey } from '../adapters/cache.ts';
import type { Halt } from '../adapters/repositories.ts';
import { testDatabase, type TestDatabase } from './database.ts';
import { nextSignal, openOrderStage, type OrderStage } from './factories/order-stage.ts';
import { SYMBOL } from './factories/stored-world.ts';
import { testNamespace } from './namespace.ts';
import { describeWith } from './servers.ts';

describeWith(['postgres', 'temporal'], 'a halt', () => {
  let database: TestDatabase;
  let stage: OrderStage;

  async function open(): Promise<void> {
    stage = await openOrderStage({
      postgresUrl: database.url,
      temporal: await testNamespace(),
    });
  }

  beforeAll(async () => {
    database = await testDatabase();
    await open();
  });
  afterAll(async () => {
    await stage.close();
    await database.drop();
  });
  afterEach(async () => {
    const { halts } = stage.house.repositories;
    for (const { id } of await halts.active()) await halts.lift(id, 'test', 'over');
  });

  function set(flatten: boolean): Promise<Halt> {
    const { halts } = stage.house.repositories;
    return halts.set({ scope: 'symbol', target: SYMBOL, reason: 'odd', setBy: 'ada', flatten });
  }

  async function cleaned({ id }: Halt): Promise<void> {
    while ((await stage.house.repositories.halts.get(id)).cleanedAt === null) await sleep(100);
  }

  async function resting(): Promise<void> {
    while (stage.simulator.state().openOrders === 0) await sleep(50);
  }

  /** As the manager keeps it from the market's ticks. */
  async function keepPrice(): Promise<void> {
    const price = stage.simulator.state().prices[SYMBOL] ?? '0';
    await stage.house.cache.set(priceKey('binance', SYMBOL), price);
  }

  async function held(strategyId: string): Promise<string | undefined> {
    const { positions } = await stage.house.repositories.strategies.snapshot(strategyId);
    return positions[SYMBOL]?.quantity;
  }

  it('cancels what rests and denies what comes, until a person lifts it', async () => {
    const entry = await stage.signal({ type: 'limit', limitPrice: '50000' });
    const order = await stage.send(entry);
    await resting();

    const halt = await set(false);
    // Nobody told Temporal: the orders worker finds the row.
    expect(await order.result()).toMatchObject({
      status: 'cancelled',
      reason: expect.stringContaining(`halt ${String(halt.id)} by ada: odd`),
    });
    await cleaned(halt);
    const denied = await (await stage.send(nextSignal(entry, { type: 'market' }))).result();
    expect(denied).toMatchObject({ status: 'denied', reason: expect.stringContaining('halted') });

    await stage.house.repositories.halts.lift(halt.id, 'bob', 'calm again');
    const later = nextSignal(nextSignal(entry, { type: 'market' }), {});
    expect(await (await stage.send(later)).result()).toMatchObject({ status: 'filled' });
  });

  it('flattens where it is asked to, and survives a restart of every process', async () => {
    const entry = await stage.signal({});
    await (await stage.send(entry)).result();
    await keepPrice();
    expect(await held(entry.strategyId)).toMatch(/[1-9]/);

    const halt = await set(true);
    await cleaned(halt);
    // A fee taken in base leaves dust, which is told and kept.
    expect(Number(await held(entry.strategyId))).toBeLessThan(0.0001);

    await stage.close();
    await open();
    const after = await stage.send(nextSignal(entry, {}));
    expect(await after.result()).toMatchObject({ status: 'denied' });
  });
});
