import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { sql } from 'kysely';
import {
  createFill,
  createPersonSignal,
  createSignal,
  filled,
  openStoredWorld,
  prepared,
  resting,
  seen,
  type StoredWorld,
  SYMBOL,
  T0,
} from '../../test/factories/stored-world.ts';
import { describeWith } from '../../test/servers.ts';
import type { Signal } from '../../core/signal.ts';
import type { Checkpoint } from '../strategy-repository.ts';
import type { Repositories } from '../repositories.ts';
import { quietStatement } from './quiet.ts';

describeWith('postgres', 'strategies', () => {
  let world: StoredWorld;
  let repositories: Repositories;
  let strategies: Repositories['strategies'];
  let id: string;
  let runId: string;

  beforeAll(async () => {
    world = await openStoredWorld({ poolSize: 10 });
    repositories = world.repositories;
    strategies = repositories.strategies;
  });
  afterAll(() => world.drop());

  beforeEach(async () => {
    // Quiet is about the whole house: what an earlier test left must not count.
    await sql`update strategies set status = 'stopped'`.execute(world.db);
    await sql`update orders set finished_at = 1 where finished_at is null`.execute(world.db);
    id = await world.strategy();
    runId = `${id}-run-1`;
  });

  const FEED = `binance:${SYMBOL}:1m`;

  async function handled(at: number, signals: readonly Signal[] = []): Promise<Checkpoint> {
    const checkpoint = await strategies.claim(id, runId, T0 - 60_000);
    const next = { ...checkpoint, offsets: { [FEED]: at }, sequences: { [SYMBOL]: 1 }, state: [1] };
    await strategies.commit(next, signals);
    return next;
  }

  it('creates once, and lists with quota', async () => {
    const record = await strategies.get(id);
    expect(record).toMatchObject({ status: 'running', runId, quota: { allocation: '5000' } });
    expect(await strategies.list()).toContainEqual(record);
    const again = { ...record, createdBy: 'test' };
    await expect(strategies.create(again)).rejects.toMatchObject({ code: 'CONFLICT' });
    await expect(
      strategies.create({ ...again, id: 'other', accountId: 'none' }),
    ).rejects.toMatchObject({ code: 'NOT_FOUND', message: 'there is no account "none"' });
    await expect(strategies.get('none')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('runs one run at a time', async () => {
    expect((await strategies.beginRun(id, runId)).runId).toBe(runId);
    await expect(strategies.beginRun(id, 'second')).rejects.toMatchObject({
      code: 'CONFLICT',
    });
    await strategies.endRun(id, runId, 'stopping');
    await strategies.endRun(id, runId, 'stopped', 'by ada');
    await strategies.endRun(id, runId, 'failed', 'too late');
    expect(await strategies.get(id)).toMatchObject({
      status: 'stopped',
      statusReason: 'by ada',
    });
    await expect(strategies.claim(id, runId, T0)).rejects.toMatchObject({
      code: 'FENCED',
    });
    await strategies.beginRun(id, 'second');
    await strategies.endRun(id, runId, 'stopped');
    expect(await strategies.get(id)).toMatchObject({
      status: 'running',
      runId: 'second',
    });
  });

  it('fences the older of two runners, and keeps the anchor of the first claim', async () => {
    const first = await strategies.claim(id, runId, T0);
    expect(first).toMatchObject({ anchorAt: T0, offsets: {}, sequences: {}, state: null });
    const second = await strategies.claim(id, runId, T0 + 1);
    expect(second).toMatchObject({ epoch: first.epoch + 1, anchorAt: T0 });
    const signal = createSignal({ strategyId: id });
    await expect(strategies.commit(first, [signal])).rejects.toMatchObject({
      code: 'FENCED',
    });
    expect(await strategies.unpublished(id)).toEqual([]);
    const state = { average: [1, 2, null], text: 'x' };
    await strategies.commit({ ...second, state, offsets: { [FEED]: T0 } }, []);
    expect(await strategies.claim(id, runId, T0)).toMatchObject({
      state,
      offsets: { [FEED]: T0 },
    });
  });

  it('lets one of many claims at once hold the instance', async () => {
    const claims = await Promise.all(
      Array.from({ length: 8 }, () => strategies.claim(id, runId, T0)),
    );
    const commits = await Promise.allSettled(
      claims.map((checkpoint) => strategies.commit(checkpoint, [])),
    );
    expect(commits.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });

  it('keeps a signal in the outbox until it is published, and once', async () => {
    const signals = [1, 2].map((sequence) => createSignal({ strategyId: id, sequence }));
    const checkpoint = await handled(T0, signals);
    await strategies.commit(checkpoint, signals);
    expect(await strategies.unpublished(id)).toEqual(signals);
    await strategies.markPublished([signals[0]?.id ?? '']);
    expect(await strategies.unpublished()).toEqual([signals[1]]);
    await strategies.markPublished(signals.map((signal) => signal.id));
    expect(await strategies.unpublished(id)).toEqual([]);
  });

  it('is told its position, open orders and funds', async () => {
    await filled(repositories, createSignal({ strategyId: id }), {
      feeAmount: '0.00001',
      feeAsset: 'BTC',
    });
    const limit = { type: 'limit' as const, limitPrice: '40000' };
    const wanted = { kind: 'order' as const, side: 'buy' as const, quantity: '0.02' };
    await resting(repositories, createSignal({ strategyId: id, sequence: 2, wanted, ...limit }));
    expect(await strategies.snapshot(id)).toMatchObject({
      positions: { [SYMBOL]: { quantity: '0.00999', cost: '500' } },
      openOrders: [{ status: 'open', price: '40000', quantity: '0.02' }],
      allocation: '5000',
      freeFunds: '3699.2',
    });
  });

  it('is not quiet before its first bar, nor behind the market', async () => {
    expect(await strategies.isQuiet(T0)).toBe(false);
    await strategies.claim(id, runId, T0);
    expect(await strategies.isQuiet(T0)).toBe(false);
    await handled(T0);
    expect(await strategies.isQuiet(T0)).toBe(true);
    expect(await strategies.isQuiet(T0 + 59_999)).toBe(true);
    expect(await strategies.isQuiet(T0 + 60_000)).toBe(false);
    await handled(T0 + 60_000);
    expect(await strategies.isQuiet(T0 + 60_000)).toBe(true);
    await strategies.endRun(id, runId, 'stopped');
    expect(await strategies.isQuiet(T0 + 600_000)).toBe(true);
  });

  it('asks each feed for its own interval', async () => {
    const checkpoint = await strategies.claim(id, runId, T0);
    const offsets = { [FEED]: T0 + 240_000, [`binance:${SYMBOL}:5m`]: T0 };
    await strategies.commit({ ...checkpoint, offsets }, []);
    expect(await strategies.isQuiet(T0 + 240_000)).toBe(true);
    expect(await strategies.isQuiet(T0 + 300_000)).toBe(false);
  });

  it('is not quiet until each signal has an order that rests or is final', async () => {
    const signal = createSignal({ strategyId: id, type: 'limit', limitPrice: '50000' });
    await handled(T0, [signal]);
    expect(await strategies.isQuiet(T0)).toBe(false);
    await strategies.markPublished([signal.id]);
    expect(await strategies.isQuiet(T0)).toBe(false);
    const leg = await prepared(repositories, signal);
    expect(await strategies.isQuiet(T0)).toBe(false);
    await repositories.orders.claimSend(leg.clientOrderId, 1, T0);
    await repositories.orders.recordLeg(seen(leg, 'open', []));
    expect(await strategies.isQuiet(T0)).toBe(true);
    await repositories.orders.recordLeg({
      clientOrderId: leg.clientOrderId,
      state: 'cancel_pending',
      fills: [],
      seenBy: 'cancelOrder',
    });
    expect(await strategies.isQuiet(T0)).toBe(false);
    await repositories.orders.recordLeg(seen(leg, 'filled', [createFill(leg)]));
    expect(await strategies.isQuiet(T0)).toBe(false);
    await repositories.orders.settle(signal.id, { state: 'done' });
    expect(await strategies.isQuiet(T0)).toBe(true);
  });

  it("is not quiet while a person's order is on its way", async () => {
    await handled(T0);
    const wanted = { kind: 'order' as const, side: 'buy' as const, quantity: '0.01' };
    const signal = createPersonSignal(id, wanted);
    const leg = await prepared(repositories, signal);
    expect(await strategies.isQuiet(T0)).toBe(false);
    await repositories.orders.recordLeg(seen(leg, 'partially_filled', []));
    expect(await strategies.isQuiet(T0)).toBe(true);
  });

  it('reads only what is live to tell quiet', async () => {
    await handled(T0);
    await sql`
      insert into outbox (signal_id, strategy_id, run_id, symbol, sequence, signal, created_at, published_at)
      select 'old' || n, ${id}, 'old-run-' || n % 100, 'BTC/USDT', n, '{}', 1, 1 from generate_series(1, 20000) n`.execute(
      world.db,
    );
    await sql`analyze`.execute(world.db);
    expect(await strategies.isQuiet(T0)).toBe(true);
    const { rows } = await sql<Record<string, string>>`explain ${quietStatement(T0)}`.execute(
      world.db,
    );
    const plan = rows.map((row) => Object.values(row).join()).join('\n');
    expect(plan).toMatch(/outbox_run/);
    expect(plan).not.toMatch(/Seq Scan on outbox/);
  });
});
