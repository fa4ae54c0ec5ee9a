/** A signal becomes an order at the venue: dispatcher, workflow, activities, PostgreSQL and simulator for real. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import type { OrderView } from '../core/order.ts';
import type { Position } from '../core/position.ts';
import { signalId, type Signal } from '../core/signal.ts';
import type { OrderResult } from '../workflows/order-messages.ts';
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

  /** The run's next signal. */
  function next(signal: Signal, change: Partial<Signal>): Signal {
    const later = { ...signal, sequence: signal.sequence + 1, ...change };
    if (later.type === 'market') delete later.limitPrice;
    return { ...later, id: signalId(later) };
  }

  async function outcome(signal: Signal): Promise<OrderResult> {
    return (await stage.send(signal)).result();
  }

  function row({ id }: Signal): Promise<OrderView> {
    return stage.house.repositories.orders.getOrder(id);
  }

  async function position({ strategyId, symbol }: Signal): Promise<Position | undefined> {
    return (await stage.house.repositories.strategies.snapshot(strategyId)).positions[symbol];
  }

  function farBelow(): Partial<Signal> {
    const price = Math.floor(Number(stage.simulator.state().prices['BTC/USDT']) * 0.9);
    return { type: 'limit', limitPrice: String(price) };
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
    expect((await outcome(signal)).status).toBe('expired');
    expect(atVenue(signal.id)).toBe(0);
    expect(await row(signal)).toMatchObject({
      state: 'expired',
      reasonCode: 'SIGNAL_EXPIRED',
      reason: expect.stringContaining('validUntil'),
      legs: [],
    });
    const events = await stage.house.repositories.orders.orderEvents(signal.id);
    expect(events.map(({ status }) => status)).toEqual(['expired']);
  });

  it('a resting order in the way of a newer flat target is cancelled first, then the exit goes on', async () => {
    const entry = await stage.signal({});
    expect((await outcome(entry)).status).toBe('filled');
    const more = next(entry, { ...farBelow(), wanted: { kind: 'target', quantity: '0.02' } });
    const resting = await stage.send(more);
    while (stage.simulator.state().openOrders === 0) await sleep(50);

    const flat = next(more, { type: 'market', wanted: { kind: 'target', quantity: '0' } });
    expect(await outcome(flat)).toMatchObject({ status: 'filled', filledQuantity: '0.00999' });
    expect(await resting.result()).toMatchObject({
      status: 'cancelled',
      filledQuantity: '0',
      reason: `cancelled by keel: in the way of ${flat.id}`,
    });
    expect((await position(entry))?.quantity).toBe('0');
    expect([entry, more, flat].map(({ id }) => atVenue(id))).toEqual([1, 1, 1]);
  });

  it('a signal older than one that has come is superseded, as is one of another run', async () => {
    const older = await stage.signal({});
    const newer = next(older, { wanted: { kind: 'target', quantity: '0.005' } });
    expect((await outcome(newer)).status).toBe('filled');
    const strange = next(newer, { runId: 'a run that is over' });
    for (const late of [older, strange]) {
      expect((await outcome(late)).status).toBe('superseded');
      expect(await row(late)).toMatchObject({ reasonCode: 'SIGNAL_SUPERSEDED', legs: [] });
      expect(atVenue(late.id)).toBe(0);
    }
    expect((await position(older))?.quantity).toBe('0.004995');
  });

  it('a sale of what the fee already took is cut to the step, and what is left is told as dust', async () => {
    const entry = await stage.signal({ wanted: { kind: 'target', quantity: '0.01001' } });
    await outcome(entry);
    expect((await position(entry))?.quantity).toBe('0.00999999');
    const sale = { kind: 'order', side: 'sell', quantity: '0.01001' } as const;
    const exit = next(entry, { wanted: sale });
    expect(await outcome(exit)).toMatchObject({ status: 'filled', filledQuantity: '0.00999' });
    expect((await position(entry))?.quantity).toBe('0.00000999');

    const again = next(exit, { wanted: sale });
    expect((await outcome(again)).status).toBe('denied');
    expect(await row(again)).toMatchObject({
      reasonCode: 'NOTHING_TO_SELL',
      reason: expect.stringMatching(/^0.00000999 BTC is dust: the least is 0.00001 BTC/),
    });
    expect(atVenue(again.id)).toBe(0);
  });

  it('a signal of a strategy nobody knows fails its workflow at once, saying which', async () => {
    const signal = next(await stage.signal({}), { strategyId: 'nobody', runId: 'nobody-run' });
    const handle = await stage.send(signal);
    await expect(handle.result()).rejects.toMatchObject({
      cause: {
        type: 'NOT_FOUND',
        nonRetryable: true,
        message: 'there is no strategy "nobody"',
      },
    });
    const { events } = await handle.fetchHistory();
    const steps = events?.filter(({ activityTaskScheduledEventAttributes: step }) => step);
    // Asked once to admit, once to settle: neither is tried again.
    expect(steps).toHaveLength(2);
    await expect(row(signal)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});
