/** A position and its guard, for real: orders worker, PostgreSQL, Temporal and a venue at which the stop rests. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { GuardView } from '../adapters/guard-repository.ts';
import { createGuardDoor } from '../adapters/temporal/guard-door.ts';
import { guardWorkflowId } from '../core/guard-signal.ts';
import type { OrderView } from '../core/order.ts';
import type { Signal } from '../core/signal.ts';
import type { StopSpec } from '../core/stops.ts';
import { testDatabase, type TestDatabase } from './database.ts';
import { armed, enter, guardUntil, playedOut, towards } from './factories/guard-lives.ts';
import { openOrderStage, type OrderStage } from './factories/order-stage.ts';
import { testNamespace } from './namespace.ts';
import { describeWith } from './servers.ts';

const FAR: StopSpec = { stopLoss: { fraction: '0.2' }, takeProfit: { fraction: '0.2' } };
const NEAR: StopSpec = { stopLoss: { fraction: '0.003' } };

describeWith(['postgres', 'temporal'], 'a guarded position', () => {
  let database: TestDatabase;
  let stage: OrderStage;

  beforeAll(async () => {
    database = await testDatabase();
    stage = await openOrderStage({
      postgresUrl: database.url,
      temporal: await testNamespace(),
    });
  });
  afterAll(async () => {
    await stage.close();
    await database.drop();
  });

  const keyOf = ({ strategyId, symbol }: Signal) => ({ strategyId, symbol });
  const door = async () => createGuardDoor((await stage.house.temporal()).client);

  async function until<T>(read: () => Promise<T>, wanted: (value: T) => boolean): Promise<T> {
    for (;;) {
      const value = await read();
      if (wanted(value)) return value;
      await sleep(50);
    }
  }

  function ended(entry: Signal): Promise<GuardView> {
    return guardUntil(stage, entry, ({ state }) => state === 'ended');
  }

  function ordersOf({ strategyId }: Signal): Promise<readonly OrderView[]> {
    return stage.house.repositories.orders.listOrders({ strategyId, limit: 50 });
  }

  /** Base sold at the venue by orders of the strategy. */
  async function sold(entry: Signal): Promise<number> {
    const orders = await ordersOf(entry);
    return orders
      .filter(({ side }) => side === 'sell')
      .reduce((sum, { filledQuantity }) => sum + Number(filledQuantity), 0);
  }

  it('is stopped out at the venue: flat, the guard ended, sold once', async () => {
    const { entry, guard } = await enter(stage, NEAR);
    expect(guard).toMatchObject({ side: 'long', levels: { stopKind: 'stop-loss' } });
    const done = await playedOut(stage, entry);
    expect(done).toMatchObject({ exit: 'stop-loss', order: null });
    expect(await sold(entry)).toBeCloseTo(0.00999, 9);
    const closing = (await ordersOf(entry)).filter(({ source }) => source.kind === 'guard');
    expect(closing).toMatchObject([{ type: 'stop', status: 'filled' }]);
    const handle = (await stage.house.temporal()).client.workflow.getHandle(
      guardWorkflowId(entry.strategyId, entry.symbol),
    );
    expect(await handle.result()).toMatchObject({ state: 'ended' });
  });

  it('lets an exit pass: the stop is cancelled first, and the guard ends with the position', async () => {
    const { entry } = await enter(stage, FAR);
    const exit = towards(entry, '0');
    const result = await (await stage.send(exit)).result();
    expect(result).toMatchObject({ status: 'filled', filledQuantity: '0.00999' });
    const done = await ended(entry);
    expect(done.exit).toBeNull();
    const stop = (await ordersOf(entry)).find(({ type }) => type === 'stop');
    expect(stop).toMatchObject({ status: 'cancelled', filledQuantity: '0' });
  });

  it('stands again for what a partial exit left, and follows a second entry', async () => {
    const { entry } = await enter(stage, FAR);
    const part = towards(entry, '0.005');
    expect(await (await stage.send(part)).result()).toMatchObject({ status: 'filled' });
    const left = await until(
      () => armed(stage, entry),
      ({ order }) =>
        order?.signal.wanted.kind === 'order' && order.signal.wanted.quantity === '0.005',
    );
    const more = towards(part, '0.02');
    expect(await (await stage.send(more)).result()).toMatchObject({ status: 'filled' });
    const grown = await until(
      () => armed(stage, entry),
      ({ ordersMade }) => ordersMade > left.ordersMade,
    );
    expect(Number(grown.quantity)).toBeGreaterThan(0.0199);
    expect(stage.simulator.orders().orders.filter(isOpen(grown))).toHaveLength(1);
  });

  it('takes its profit at a trigger, once, whatever number of times it is told', async () => {
    const { entry, guard } = await enter(stage, FAR);
    const trigger = {
      kind: 'trigger',
      level: 'takeProfit',
      generation: guard.generation,
      price: guard.levels.takeProfit ?? '',
    } as const;
    const guards = await door();
    await Promise.all([1, 2, 3].map(() => guards.tellGuard(keyOf(entry), trigger)));
    expect(await ended(entry)).toMatchObject({ exit: 'take-profit' });
    await guards.tellGuard(keyOf(entry), trigger);
    expect(await sold(entry)).toBeCloseTo(0.00999, 9);
    expect((await ordersOf(entry)).filter(({ source }) => source.kind === 'guard')).toMatchObject([
      { type: 'market', status: 'filled', tag: 'take-profit' },
      { type: 'stop', status: 'cancelled' },
    ]);
  });

  it('keeps its stop when a person cancels it, and ends when a person clears the guard', async () => {
    const { entry, guard } = await enter(stage, FAR);
    const { client } = await stage.house.temporal();
    await client.workflow.getHandle(guard.order?.signal.id ?? '').signal('cancel', { by: 'ada' });
    await until(
      () => armed(stage, entry),
      ({ ordersMade }) => ordersMade > guard.ordersMade,
    );
    const wish = { by: 'ada', reason: 'test' };
    await stage.house.repositories.guards.clear(keyOf(entry), wish);
    await (await door()).tellGuard(keyOf(entry), { kind: 'positionChanged' });
    expect(await ended(entry)).toMatchObject({ ending: 'cleared' });
    expect(stage.simulator.orders().orders.filter(isOpen(guard))).toHaveLength(0);
  });

  it('leaves no guard without a position', async () => {
    expect(await stage.house.repositories.guards.unguarded()).toEqual([]);
  });

  /** Open orders at the venue that are the guard's last one. */
  function isOpen({ order }: GuardView) {
    return (row: Readonly<Record<string, unknown>>): boolean =>
      row['status'] === 'NEW' && String(row['clientOrderId']).includes(order?.signal.id ?? '-');
  }
});
