import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { sql } from 'kysely';
import { KeelError } from '../../core/errors.ts';
import { createInstrument } from '../../test/factories/market.ts';
import {
  ACCOUNT,
  admitInput,
  admitted,
  createFill,
  createPersonSignal,
  createSignal,
  filled,
  openStoredWorld,
  prepared,
  resting,
  seen,
  type StoredWorld,
  T0,
} from '../../test/factories/stored-world.ts';
import { describeWith } from '../../test/servers.ts';
import type { Repositories } from '../repositories.ts';

describeWith('postgres', 'admission', () => {
  let world: StoredWorld;
  let repositories: Repositories;

  beforeAll(async () => {
    world = await openStoredWorld({ poolSize: 24 });
    repositories = world.repositories;
  });
  afterAll(() => world.drop());

  it('reserves quantity and quote, and gives the same run the same verdict', async () => {
    const signal = createSignal({ strategyId: await world.strategy() });
    const first = await repositories.orders.admit(admitInput(signal));
    expect(first).toMatchObject({
      verdict: 'admitted',
      order: { quantity: '0.01', state: 'admitted', status: 'admitted', reducing: false },
    });
    expect(await repositories.orders.admit(admitInput(signal))).toEqual(first);
    const snapshot = await repositories.strategies.snapshot(signal.strategyId);
    // 0.01 × 50000 × 1.01 × 1.001
    expect(snapshot.freeFunds).toBe('4494.495');
    expect(snapshot.openOrders).toHaveLength(1);
  });

  it('refuses another run, which then releases nothing', async () => {
    const signal = createSignal({ strategyId: await world.strategy() });
    await admitted(repositories, signal);
    expect(await repositories.orders.admit(admitInput(signal, { workflowRunId: 'other' }))).toEqual(
      { verdict: 'refused', ownerRunId: `wf-${signal.id}` },
    );
    expect((await repositories.orders.getOrder(signal.id)).state).toBe('admitted');
  });

  it('of two runs at once lets exactly one in', async () => {
    const signal = createSignal({ strategyId: await world.strategy() });
    const verdicts = await Promise.all(
      Array.from({ length: 8 }, (_, run) =>
        repositories.orders.admit(admitInput(signal, { workflowRunId: `run-${String(run)}` })),
      ),
    );
    expect(verdicts.filter(({ verdict }) => verdict === 'admitted')).toHaveLength(1);
    expect(verdicts.filter(({ verdict }) => verdict === 'refused')).toHaveLength(7);
  });

  it('tells a final verdict again to the run that got it', async () => {
    const signal = createSignal({ strategyId: await world.strategy() });
    const late = admitInput(signal, { marketTime: signal.validUntil + 1 });
    const first = await repositories.orders.admit(late);
    expect(first).toMatchObject({
      verdict: 'ended',
      order: { state: 'expired', status: 'expired', reasonCode: 'SIGNAL_EXPIRED' },
    });
    expect(await repositories.orders.admit(late)).toEqual(first);
  });

  it('never reserves more than the target by 20 admissions at once', async () => {
    const strategyId = await world.strategy();
    const signals = Array.from({ length: 20 }, (_, i) =>
      createSignal({ strategyId, sequence: i + 1, eventTime: T0 + i, validUntil: T0 + 60_000 }),
    );
    const verdicts = await Promise.all(
      signals.map((signal) => repositories.orders.admit(admitInput(signal))),
    );
    expect(verdicts).toHaveLength(20);
    const open = await repositories.orders.listOrders({ strategyId, open: true, limit: 50 });
    expect(open.map((order) => order.quantity)).toEqual(['0.01']);
    const snapshot = await repositories.strategies.snapshot(strategyId);
    expect(snapshot.freeFunds).toBe('4494.495');
  });

  it('counts every one of 20 plain orders at once, over all strategies of the account', async () => {
    const strategies = [await world.strategy(), await world.strategy()];
    const signals = Array.from({ length: 20 }, (_, i) =>
      createPersonSignal(strategies[i % 2] ?? '', { kind: 'order', side: 'buy', quantity: '0.01' }),
    );
    await Promise.all(signals.map((signal) => repositories.orders.admit(admitInput(signal))));
    const { rows } = await sql<{ reserved: string }>`
      select sum(reserved_quote)::text as reserved from orders
      where strategy_id in (${sql.join(strategies)}) and finished_at is null`.execute(world.db);
    expect(Number(rows[0]?.reserved)).toBe(20 * 505.505);
    // The last to be checked sees all the others: its own reservation alone counts as free.
    const context = await repositories.orders.riskContext(
      signals[0]?.id ?? '',
      createInstrument(),
      T0,
    );
    expect(context.position.openQuantity).toBe('0.09');
    expect(context.funds.free).toBe('450.455');
    expect(context.funds.required).toBe('505.505');
  });

  it('supersedes an order that was not sent, and its leg can no longer be claimed', async () => {
    const strategyId = await world.strategy();
    const leg = await prepared(repositories, createSignal({ strategyId }));
    const newer = createSignal({
      strategyId,
      sequence: 2,
      eventTime: T0 + 60_000,
      validUntil: T0 + 120_000,
      wanted: { kind: 'target', quantity: '0.03' },
    });
    expect((await admitted(repositories, newer)).quantity).toBe('0.03');
    expect(await repositories.orders.getOrder(leg.orderId)).toMatchObject({
      state: 'superseded',
      status: 'superseded',
      reasonCode: 'SIGNAL_SUPERSEDED',
    });
    expect(
      await repositories.orders.claimSend(leg.clientOrderId, Date.now() + 1_000, T0),
    ).toMatchObject({ claimed: false, why: 'order-ended' });
  });

  it('never both supersedes and sends, however claim and newer target meet', async () => {
    for (let round = 0; round < 15; round += 1) {
      const strategyId = await world.strategy();
      const leg = await prepared(repositories, createSignal({ strategyId }));
      const newer = createSignal({
        strategyId,
        sequence: 2,
        eventTime: T0 + 1,
        wanted: { kind: 'target', quantity: '0.03' },
      });
      const [claim, admission] = await Promise.all([
        repositories.orders.claimSend(leg.clientOrderId, Date.now() + 5_000, T0),
        repositories.orders.admit(admitInput(newer)),
      ]);
      expect(admission).toMatchObject({
        verdict: 'admitted',
        order: { quantity: claim.claimed ? '0.02' : '0.03' },
      });
      const older = await repositories.orders.getOrder(leg.orderId);
      expect(older.state).toBe(claim.claimed ? 'working' : 'superseded');
    }
  });

  it('gives a leg born after the end nothing to send', async () => {
    const strategyId = await world.strategy();
    const older = await admitted(repositories, createSignal({ strategyId }));
    const newer = createSignal({ strategyId, sequence: 2, eventTime: T0 + 1 });
    await admitted(repositories, newer);
    const leg = await repositories.orders.prepareLeg({ ...older, legNumber: 1 });
    expect(leg).toMatchObject({ state: 'cancelled', errorCode: 'SIGNAL_SUPERSEDED' });
    expect((await repositories.orders.getOrder(older.orderId)).status).toBe('superseded');
  });

  it('counts what rests at the venue, and blocks on what rests against the target', async () => {
    const strategyId = await world.strategy();
    const limit = { type: 'limit' as const, limitPrice: '50000' };
    await resting(repositories, createSignal({ strategyId, ...limit }));
    const more = createSignal({
      strategyId,
      sequence: 2,
      eventTime: T0 + 1,
      wanted: { kind: 'target', quantity: '0.04' },
    });
    expect((await admitted(repositories, more)).quantity).toBe('0.03');
    const flat = createSignal({
      strategyId,
      sequence: 3,
      eventTime: T0 + 2,
      wanted: { kind: 'target', quantity: '0' },
    });
    const blocked = await repositories.orders.admit(admitInput(flat));
    expect(blocked).toMatchObject({ verdict: 'blocked' });
    await expect(repositories.orders.getOrder(flat.id)).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
  });

  it('waits for an order that ended at the venue but is not settled', async () => {
    const strategyId = await world.strategy();
    const first = createSignal({ strategyId, type: 'limit', limitPrice: '50000' });
    const leg = await resting(repositories, first);
    const part = createFill(leg, { quantity: '0.004' });
    await repositories.orders.recordLeg(seen(leg, 'cancelled', [part]));
    const next = createSignal({ strategyId, sequence: 2, eventTime: T0 + 1 });
    expect(await repositories.orders.admit(admitInput(next))).toEqual({
      verdict: 'blocked',
      cancelFirst: [first.id],
    });
    await repositories.orders.settle(first.id, { state: 'done' });
    expect((await admitted(repositories, next)).quantity).toBe('0.006');
  });

  it('denies an entry of a stopped strategy, and lets a person trade it', async () => {
    const strategyId = await world.strategy();
    await repositories.strategies.endRun(strategyId, `${strategyId}-run-1`, 'stopped');
    expect(await repositories.orders.admit(admitInput(createSignal({ strategyId })))).toMatchObject(
      {
        verdict: 'ended',
        order: { status: 'denied', reasonCode: 'STRATEGY_NOT_RUNNING' },
      },
    );
    const person = createPersonSignal(strategyId, { kind: 'order', side: 'buy', quantity: '0.01' });
    expect((await admitted(repositories, person)).source).toEqual({ kind: 'person', name: 'ada' });
  });

  it('ends what is unneeded, of an older run, or too small', async () => {
    const strategyId = await world.strategy();
    await filled(repositories, createSignal({ strategyId }));
    const met = createSignal({ strategyId, sequence: 2, eventTime: T0 + 1 });
    expect(await repositories.orders.admit(admitInput(met))).toMatchObject({
      verdict: 'ended',
      order: { status: 'unneeded', state: 'done', quantity: '0' },
    });
    const old = createSignal({ strategyId, runId: 'older-run', sequence: 3 });
    expect(await repositories.orders.admit(admitInput(old))).toMatchObject({
      verdict: 'ended',
      order: { status: 'superseded' },
    });
  });

  it('throws for a strategy or account that does not fit', async () => {
    const unknown = admitInput(createSignal({ strategyId: 'nobody' }));
    await expect(repositories.orders.admit(unknown)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    const wrong = createSignal({ strategyId: await world.strategy(), accountId: 'another' });
    await expect(repositories.orders.admit(admitInput(wrong))).rejects.toThrow(KeelError);
  });

  it('tells risk what it needs', async () => {
    const strategyId = await world.strategy();
    await filled(repositories, createSignal({ strategyId }));
    const halt = await repositories.halts.set({
      scope: 'symbol',
      target: 'BTC/USDT',
      reason: 'test',
      setBy: 'ada',
      flatten: false,
    });
    await repositories.halts.set({
      scope: 'strategy',
      target: 'x',
      reason: 'no',
      setBy: 'ada',
      flatten: false,
    });
    const sell = createSignal({
      strategyId,
      sequence: 2,
      eventTime: T0 + 1,
      wanted: { kind: 'target', quantity: '0.004' },
    });
    await admitted(repositories, sell);
    const context = await repositories.orders.riskContext(sell.id, createInstrument(), T0);
    expect(context).toMatchObject({
      order: { side: 'sell', quantity: '0.006', price: '50000', reducing: true },
      position: { quantity: '0.01', openQuantity: '0' },
      funds: { allocation: '5000', free: '4500', required: '0.006' },
      ordersToday: 2,
      halts: ['symbol:BTC/USDT: test'],
      limits: {
        maxPosition: null,
        maxOrderNotional: null,
        maxOrdersPerDay: null,
        approvalNotional: null,
      },
    });
    await repositories.halts.lift(halt.id, 'ada', 'over');
    const report = {
      approved: false,
      context,
      results: [
        {
          rule: 'balance',
          version: 1,
          verdict: { passed: false, code: 'RISK_BALANCE', reason: 'too little' },
        },
      ],
    } as const;
    const denied = await repositories.orders.recordRisk(sell.id, report);
    expect(denied).toMatchObject({
      state: 'denied',
      status: 'denied',
      reasonCode: 'RISK_BALANCE',
      reason: 'too little',
    });
    expect(await repositories.orders.recordRisk(sell.id, report)).toEqual(denied);

    // Checked again, as after a continue-as-new: what may be at the venue is not denied any more.
    const worked = createSignal({ strategyId: await world.strategy() });
    await resting(repositories, worked);
    expect(await repositories.orders.recordRisk(worked.id, report)).toMatchObject({
      state: 'working',
      status: 'open',
    });
    expect(await repositories.accounts.list()).toMatchObject([{ id: ACCOUNT, feeIn: 'received' }]);
  });
});
