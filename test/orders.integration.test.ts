/** A signal becomes an order at the venue: dispatcher, workflow, activities, PostgreSQL and simulator for real. */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { OrderView } from '../core/order.ts';
import type { Signal } from '../core/signal.ts';
import type { OrderResult } from '../workflows/order-messages.ts';
import { testDatabase, type TestDatabase } from './database.ts';
import {
  nextSignal,
  openOrderStage,
  SCENARIOS,
  type OrderStage,
  type Played,
} from './factories/order-stage.ts';
import { testNamespace } from './namespace.ts';
import { describeWith } from './servers.ts';

describeWith(['postgres', 'temporal'], 'an order, end to end', () => {
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

  async function outcome(signal: Signal): Promise<OrderResult> {
    return (await stage.send(signal)).result();
  }

  function row(orderId: string): Promise<OrderView> {
    return stage.house.repositories.orders.getOrder(orderId);
  }

  async function held(strategyId: string): Promise<string | undefined> {
    const { positions } = await stage.house.repositories.strategies.snapshot(strategyId);
    return positions['BTC/USDT']?.quantity;
  }

  it.each([
    ['filled', 'filled', 1],
    ['denied', 'denied', 0],
    ['rejected', 'rejected', 0],
    ['cancelled', 'cancelled', 1],
    ['timed-out', 'cancelled', 1],
    ['approved', 'filled', 1],
    ['rejected-by-person', 'denied', 0],
    ['approval-expired', 'expired', 0],
    ['cancelled-while-awaiting', 'cancelled', 0],
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
    expect((await outcome(signal)).status).toBe('expired');
    expect(atVenue(signal.id)).toBe(0);
    expect(await row(signal.id)).toMatchObject({
      state: 'expired',
      reasonCode: 'SIGNAL_EXPIRED',
      reason: expect.stringContaining('validUntil'),
      legs: [],
    });
    const events = await stage.house.repositories.orders.orderEvents(signal.id);
    expect(events.map(({ status }) => status)).toEqual(['expired']);
  });

  it('a resting order in the way of a newer flat target is cancelled first, then the exit goes on', async () => {
    const { result } = await play('blocked');
    expect(result).toMatchObject({ status: 'filled', filledQuantity: '0.00999' });
    const { strategyId } = await row(result.orderId);
    const { orders } = stage.house.repositories;
    const [flat, more, entry] = await orders.listOrders({ strategyId, limit: 10 });
    expect(flat?.orderId).toBe(result.orderId);
    expect(more).toMatchObject({
      status: 'cancelled',
      filledQuantity: '0',
      reason: `cancelled by keel: in the way of ${result.orderId}`,
    });
    expect(await held(strategyId)).toBe('0');
    expect([flat, more, entry].map((order) => atVenue(order!.orderId))).toEqual([1, 1, 1]);
  });

  it('a signal older than one that has come is superseded, as is one of another run', async () => {
    const older = await stage.signal({});
    const newer = nextSignal(older, { wanted: { kind: 'target', quantity: '0.005' } });
    expect((await outcome(newer)).status).toBe('filled');
    const strange = nextSignal(newer, { runId: 'a run that is over' });
    for (const late of [older, strange]) {
      expect((await outcome(late)).status).toBe('superseded');
      expect(await row(late.id)).toMatchObject({ reasonCode: 'SIGNAL_SUPERSEDED', legs: [] });
      expect(atVenue(late.id)).toBe(0);
    }
    expect(await held(older.strategyId)).toBe('0.004995');
  });

  it('a sale of what the fee already took is cut to the step, and what is left is told as dust', async () => {
    const entry = await stage.signal({ wanted: { kind: 'target', quantity: '0.01001' } });
    await outcome(entry);
    expect(await held(entry.strategyId)).toBe('0.00999999');
    const sale = { kind: 'order', side: 'sell', quantity: '0.01001' } as const;
    const exit = nextSignal(entry, { wanted: sale });
    expect(await outcome(exit)).toMatchObject({ status: 'filled', filledQuantity: '0.00999' });
    expect(await held(entry.strategyId)).toBe('0.00000999');

    const again = nextSignal(exit, { wanted: sale });
    expect((await outcome(again)).status).toBe('denied');
    expect(await row(again.id)).toMatchObject({
      reasonCode: 'NOTHING_TO_SELL',
      reason: expect.stringMatching(/^0.00000999 BTC is dust: the least is 0.00001 BTC/),
    });
    expect(atVenue(again.id)).toBe(0);
  });

  it('a signal of a strategy nobody knows fails its workflow at once, saying which', async () => {
    const signal = nextSignal(await stage.signal({}), {
      strategyId: 'nobody',
      runId: 'nobody-run',
    });
    const handle = await stage.send(signal);
    await expect(handle.result()).rejects.toMatchObject({
      cause: {
        type: 'NOT_FOUND',
        nonRetryable: true,
        message: 'there is no strategy "nobody"',
      },
    });
    const { events } = await handle.fetchHistory();
    const steps = events?.filter(({ markerRecordedEventAttributes: step }) => step);
    // Asked once to admit, once to settle: neither is tried again.
    expect(steps).toHaveLength(2);
    await expect(row(signal.id)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});
