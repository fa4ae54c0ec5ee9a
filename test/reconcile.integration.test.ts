/** An account held against its venue, for real: simulator, PostgreSQL, Temporal and the orders worker. */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { RISK_ALERT } from '../adapters/bus/messages.ts';
import { ALERT_TOPICS } from '../adapters/bus/topics.ts';
import { createMemoryRateBudget } from '../adapters/storage/rate-budget-memory.ts';
import {
  createBinanceRequests,
  type BinanceRequests,
} from '../adapters/venues/binance/requests.ts';
import type { Alert } from '../core/risk/alert.ts';
import type { Signal } from '../core/signal.ts';
import { createLogger } from '../observability/logger.ts';
import { DEFAULT_API_KEY, DEFAULT_SECRET } from '../simulator/options.ts';
import { reconcileId } from '../temporal-config/schedules.ts';
import { ORDER_TASK_QUEUE } from '../workflows/order-names.ts';
import type { reconcileWorkflow, ReconcileResult } from '../workflows/reconcile-workflow.ts';
import { testDatabase, type TestDatabase } from './database.ts';
import { openOrderStage, type OrderStage } from './factories/order-stage.ts';
import { ACCOUNT, SYMBOL } from './factories/stored-world.ts';
import { testNamespace } from './namespace.ts';
import { describeWith } from './servers.ts';

describeWith(['postgres', 'temporal'], 'reconciliation', () => {
  let database: TestDatabase;
  let stage: OrderStage;
  let others: BinanceRequests;
  /** By message id: runs that overlap may tell one twice, as the same message. */
  const alerts = new Map<string, Alert>();
  let sequence = 7_000;

  beforeAll(async () => {
    database = await testDatabase();
    stage = await openOrderStage({
      postgresUrl: database.url,
      temporal: await testNamespace(),
    });
    await stage.house.bus.subscribe({
      group: 'test-alerts',
      topics: ALERT_TOPICS,
      kind: RISK_ALERT,
      handle: async ({ message }) => {
        alerts.set(message.id, message.data);
      },
    });
    others = createBinanceRequests({
      ...{ restUrl: stage.simulator.httpUrl, accountId: 'theirs' },
      ...{ apiKey: DEFAULT_API_KEY, secret: DEFAULT_SECRET, budget: createMemoryRateBudget() },
      logger: createLogger('test', 'silent'),
    });
    await others.clock.measure();
    // Two looks in a row are counted here: none may come in between.
    await (await schedule()).pause();
    await untilIdle();
  });
  afterAll(async () => {
    await (await schedule()).unpause();
    await stage.close();
    await database.drop();
  });

  const schedule = async () =>
    (await stage.house.temporal()).client.schedule.getHandle(reconcileId(ACCOUNT));

  /** The run that a worker's start has triggered is over. */
  async function untilIdle(): Promise<void> {
    const handle = await schedule();
    for (;;) {
      const { recentActions, runningActions } = (await handle.describe()).info;
      if (recentActions.length > 0 && runningActions.length === 0) return;
      await pause();
    }
  }

  async function reconcile(): Promise<ReconcileResult> {
    const { client } = await stage.house.temporal();
    return client.workflow.execute<typeof reconcileWorkflow>('reconcileWorkflow', {
      ...{ taskQueue: ORDER_TASK_QUEUE, workflowId: `reconcile-${randomUUID()}` },
      args: [{ accountId: ACCOUNT }],
    });
  }

  /** An order of somebody who uses the same account. */
  async function trade(params: Readonly<Record<string, string>>): Promise<void> {
    await others.signed({
      ...{ method: 'POST', path: 'order', purpose: 'send', weight: 1 },
      params: { symbol: 'BTCUSDT', side: 'BUY', type: 'MARKET', quantity: '0.01', ...params },
    });
  }

  /** By our books and at the venue, without zeros. */
  async function bothSides(): Promise<readonly Record<string, string>[]> {
    const { balances } = await stage.house.repositories.reconciliation.holdings(ACCOUNT);
    const venue = await stage.house.adapters.get(ACCOUNT)?.getBalances();
    const held = venue?.map(({ asset, free, locked }) => [
      asset,
      String((Number(free) * 1e8 + Number(locked) * 1e8) / 1e8),
    ]);
    return [
      Object.fromEntries(
        Object.entries(balances).map(([asset, total]) => [asset, String(Number(total))]),
      ),
      Object.fromEntries(held ?? []) as Record<string, string>,
    ];
  }

  /** Rests at so much of the price. */
  async function restingOrder(share: number): Promise<Signal> {
    const price = Number(stage.simulator.state().prices[SYMBOL]);
    const limitPrice = String(Math.floor(price * share));
    // Ids of their own: other files play the same recording on the same Temporal server.
    sequence += 1;
    const signal = await stage.signal({ type: 'limit', limitPrice, sequence });
    await stage.send(signal);
    while ((await order(signal).catch(() => null))?.status !== 'open') await pause();
    return signal;
  }
  const order = (signal: Signal) => stage.house.repositories.orders.getOrder(signal.id);
  const open = () => stage.house.repositories.reconciliation.findings({ state: 'open', limit: 50 });

  it('books the trades of others to the account once, and tells of them', async () => {
    await trade({ newClientOrderId: 'web_1' });
    await trade({ newClientOrderId: 'web_2', side: 'SELL', quantity: '0.005' });
    const first = await reconcile();
    // The run at the worker's start may have seen the first of them.
    expect((await reconcile()).foreign).toBe(0);
    expect(first).toMatchObject({ repaired: 0, settled: [], compared: true, open: 0 });
    const [ours, theirs] = await bothSides();
    expect(ours).toEqual(theirs);
    const told = [...alerts.values()].filter(({ rule }) => rule === 'foreign-trade');
    expect(told.map(({ level, value }) => [level, value])).toEqual([
      ['warning', '0.01'],
      ['warning', '0.005'],
    ]);
    expect(await stage.house.repositories.portfolio.positions()).toEqual([]);
  });

  it('books what was filled while no worker ran, once, and ends orders without a workflow', async () => {
    const near = 0.9995;
    const followed = await restingOrder(near);
    const orphan = await restingOrder(near);
    const left = await restingOrder(0.5);
    const { client } = await stage.house.temporal();
    await stage.withoutWorker(async () => {
      for (const { id } of [orphan, left]) {
        await client.workflow.getHandle(id).terminate('a person did it');
      }
      // Older than a workflow needs to show.
      await database.db
        .updateTable('orders')
        .set((eb) => ({ created_at: eb('created_at', '-', 120_000) }))
        .execute();
      stage.simulator.cutStreams('user');
      while (stage.simulator.state().openOrders > 1) stage.simulator.advance();
    });
    // The worker's start reconciles as well, and the tracker of the order that is followed looks for itself.
    await Promise.all([reconcile(), reconcile()]);
    expect(await order(orphan)).toMatchObject({
      ...{ status: 'filled', state: 'done', filledQuantity: '0.01' },
      reason: 'its workflow was gone: ended by reconciliation',
    });
    expect(await order(left)).toMatchObject({ status: 'cancelled', filledQuantity: '0' });
    expect(stage.simulator.state().openOrders).toBe(0);
    expect(await client.workflow.getHandle(followed.id).result()).toMatchObject({
      ...{ status: 'filled', filledQuantity: '0.01' },
    });
    await untilIdle();
    const events = await stage.house.repositories.orders.orderEvents(orphan.id);
    expect(events.at(-1)).toMatchObject({ status: 'filled', event: { filledQuantity: '0.01' } });
    const fills = await database.db
      .selectFrom('fills')
      .select(['order_id', 'booked_by', 'quantity'])
      .where('order_id', 'in', [orphan.id, followed.id])
      .execute();
    expect(fills).toHaveLength(2);
    expect(fills.find(({ order_id }) => order_id === orphan.id)?.booked_by).toBe('reconcile');
    const [ours, theirs] = await bothSides();
    expect(ours).toEqual(theirs);
    // Nothing that has ended stands in the way of the strategy's next target.
    const unfinished = await stage.house.repositories.orders.listOrders({ open: true, limit: 9 });
    expect(unfinished).toEqual([]);
    expect(await reconcile()).toMatchObject({ repaired: 0, foreign: 0, compared: true, open: 0 });
  });

  it('raises an order nobody knows once, touches it not, and resolves it when it is gone', async () => {
    const clientOrderId = `keel${'f'.repeat(24)}01`;
    const limit = { type: 'LIMIT', price: '50000', timeInForce: 'GTC' };
    await trade({ ...limit, newClientOrderId: clientOrderId });
    expect((await reconcile()).open).toBe(0);
    expect((await reconcile()).open).toBe(1);
    expect((await reconcile()).open).toBe(1);
    expect(await open()).toMatchObject([
      { kind: 'stray-order', subject: clientOrderId, symbol: SYMBOL, state: 'open' },
    ]);
    expect([...alerts.values()].filter(({ rule }) => rule === 'stray-order')).toMatchObject([
      { level: 'critical', message: expect.stringMatching(/no order of ours has that id/) },
    ]);
    expect(stage.simulator.state().openOrders).toBe(1);
    await others.signed({
      ...{ method: 'DELETE', path: 'order', purpose: 'cancel', weight: 1 },
      params: { symbol: 'BTCUSDT', origClientOrderId: clientOrderId },
    });
    expect((await reconcile()).open).toBe(0);
  });

  it('raises a trade that bears our prefix and is in no books, and books it to the account', async () => {
    await trade({ newClientOrderId: `keel${'e'.repeat(24)}01` });
    expect(await reconcile()).toMatchObject({ foreign: 0, open: 1, compared: true });
    const [finding] = await open();
    expect(finding).toMatchObject({ kind: 'unknown-trade', state: 'open' });
    const [ours, theirs] = await bothSides();
    expect(ours).toEqual(theirs);
    // It stays until a person has judged it.
    expect((await reconcile()).open).toBe(1);
    const how = { reason: 'from before', book: false };
    await stage.house.repositories.reconciliation.resolve(finding?.id ?? 0, 'ada', how);
    expect((await reconcile()).open).toBe(0);
  });

  it('raises a balance that is off, until a person books it', async () => {
    await database.db
      .updateTable('opening_balances')
      .set((eb) => ({ amount: eb('amount', '-', '250.5') }))
      .where('asset', '=', 'USDT')
      .execute();
    expect((await reconcile()).open).toBe(0);
    expect((await reconcile()).open).toBe(1);
    const [finding] = await open();
    expect(finding).toMatchObject({ kind: 'balance-off', subject: 'USDT', off: '250.5' });
    const how = { reason: 'deposit of today', book: true };
    await stage.house.repositories.reconciliation.resolve(finding?.id ?? 0, 'ada', how);
    expect(await reconcile()).toMatchObject({ compared: true, open: 0 });
    const [ours, theirs] = await bothSides();
    expect(ours).toEqual(theirs);
  });
});

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 50));
}
