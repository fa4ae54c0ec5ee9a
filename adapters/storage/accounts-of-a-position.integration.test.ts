/** A position held on several accounts: how it comes about, what is told of it, and what it binds. */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { sql } from 'kysely';
import type { Route } from '../../core/execution/route.ts';
import { createInstrument } from '../../test/factories/market.ts';
import {
  ACCOUNT,
  admitInput,
  admitted,
  createFill,
  createPersonSignal,
  createSignal,
  createVenueOrder,
  filled,
  openStoredWorld,
  seen,
  type StoredWorld,
  SYMBOL,
  T0,
} from '../../test/factories/stored-world.ts';
import { describeWith } from '../../test/servers.ts';
import type { Leg } from '../order-repository.ts';
import type { Repositories } from '../repositories.ts';

const OTHER = 'okx-sandbox';
const EXECUTION = { kind: 'split', accounts: [ACCOUNT, OTHER] } as const;
const ROUTE: Route = { kind: 'split', places: [], shares: [], why: ['by hand'] };

describeWith('postgres', 'a position on several accounts', () => {
  let world: StoredWorld;
  let repositories: Repositories;

  beforeAll(async () => {
    world = await openStoredWorld({ poolSize: 12 });
    repositories = world.repositories;
    await repositories.accounts.ensure(
      { id: OTHER, exchange: 'okx', mode: 'sandbox', feeIn: 'received' },
      { USDT: '3000' },
    );
  });
  afterAll(() => world.drop());

  /** Legs of the order, resting: quantities on the home account and on the other. */
  async function legsOf(orderId: string, home: string, other: string): Promise<readonly Leg[]> {
    await repositories.orders.recordRoute(orderId, ROUTE);
    const places = [
      { quantity: home },
      { quantity: other, accountId: OTHER, exchange: 'okx' },
    ] as const;
    const legs: Leg[] = [];
    for (const [index, place] of places.entries()) {
      const order = { orderId, legNumber: index + 1, type: 'market', price: null } as const;
      const leg = await repositories.orders.prepareLeg({ ...order, ...place });
      await repositories.orders.claimSend(leg.clientOrderId, Date.now() + 5_000, T0);
      await repositories.orders.recordLeg({
        clientOrderId: leg.clientOrderId,
        venueOrder: createVenueOrder(leg, 'open'),
        fills: [],
        seenBy: 'placeOrder',
      });
      legs.push(leg);
    }
    return legs;
  }

  async function bought(strategyId: string): Promise<void> {
    const signal = createSignal({ strategyId, execution: EXECUTION });
    await admitted(repositories, signal);
    for (const leg of await legsOf(signal.id, '0.004', '0.006')) {
      const fill = createFill(leg, {
        price: leg.accountId === OTHER ? '50100' : '50000',
        feeAmount: '0.1',
      });
      await repositories.orders.recordLeg(seen(leg, 'filled', [fill]));
    }
    await repositories.orders.settle(signal.id, { state: 'done' });
  }

  it('is booked to the account of each leg, and is one for its strategy', async () => {
    const strategyId = await world.strategy();
    await bought(strategyId);
    expect(await repositories.portfolio.positions(strategyId)).toMatchObject([
      { accountId: ACCOUNT, exchange: 'binance', quantity: '0.004', cost: '200' },
      { accountId: OTHER, exchange: 'okx', quantity: '0.006', cost: '300.6' },
    ]);
    const { positions, freeFunds } = await repositories.strategies.snapshot(strategyId);
    expect(positions).toEqual({
      [SYMBOL]: {
        symbol: SYMBOL,
        quantity: '0.01',
        cost: '500.6',
        realisedPnl: '-0.2',
        quoteFlow: '-500.8',
        fees: { USDT: '0.2' },
        funding: '0',
      },
    });
    expect(freeFunds).toBe('4499.2');
    const { rows } = await sql<{ account_id: string; amount: string }>`
      select account_id, sum(amount)::text as amount from ledger_entries
      where strategy_id = ${strategyId} and asset = 'USDT' group by account_id order by account_id`.execute(
      world.db,
    );
    expect(rows).toEqual([
      { account_id: ACCOUNT, amount: '-200.1' },
      { account_id: OTHER, amount: '-300.7' },
    ]);
    const point = await repositories.portfolio.recordEquity(strategyId, T0 + 1e9, {
      [SYMBOL]: '50000',
    });
    expect(point).toMatchObject({ cash: '4499.2', positionValue: '500', equity: '4999.2' });
    const order = (await repositories.orders.listOrders({ strategyId, limit: 1 }))[0];
    expect(order?.legs).toMatchObject([{ accountId: ACCOUNT }, { accountId: OTHER }]);
  });

  it('has the equity of any moment before', async () => {
    const strategyId = await world.strategy();
    await bought(strategyId);
    const [first] = await repositories.orders.orderFills(
      (await repositories.orders.listOrders({ strategyId, limit: 1 }))[0]?.orderId ?? '',
    );
    const point = await repositories.portfolio.recordEquity(strategyId, first?.executedAt ?? 0, {
      [SYMBOL]: '50000',
    });
    expect(point).toMatchObject({ positionValue: '200', cash: '4799.9' });
  });

  it('is closed as a whole, and admission tells that a part is elsewhere', async () => {
    const strategyId = await world.strategy();
    await bought(strategyId);
    const close = createPersonSignal(strategyId, { kind: 'target', quantity: '0' });
    const admission = await repositories.orders.admit(admitInput(close));
    expect(admission).toMatchObject({
      verdict: 'admitted',
      heldElsewhere: true,
      order: { side: 'sell', quantity: '0.01', reducing: true },
    });
    expect(await repositories.orders.admit(admitInput(close))).toEqual(admission);
    expect(await repositories.orders.routingFacts(close.id)).toMatchObject({
      holdings: [
        { accountId: ACCOUNT, quantity: '0.004' },
        { accountId: OTHER, quantity: '0.006' },
      ],
      route: null,
    });
    const { funds } = await repositories.orders.riskContext(close.id, createInstrument(), T0);
    // What both accounts hold of it: the first opened with one.
    expect(Number(funds.accountFree)).toBeGreaterThanOrEqual(1.01);
    for (const leg of await legsOf(close.id, '0.004', '0.006')) {
      await repositories.orders.recordLeg(seen(leg, 'filled', [createFill(leg)]));
    }
    await repositories.orders.settle(close.id, { state: 'done' });
    const parts = await repositories.portfolio.positions(strategyId);
    expect(parts.map(({ quantity }) => quantity)).toEqual(['0', '0']);
  });

  it('says nothing of other accounts where all is at home', async () => {
    const strategyId = await world.strategy();
    await filled(repositories, createSignal({ strategyId }));
    const close = createPersonSignal(strategyId, { kind: 'target', quantity: '0' });
    expect(await repositories.orders.admit(admitInput(close))).not.toHaveProperty('heldElsewhere');
  });

  it('binds the funds of the account on which each leg rests', async () => {
    const strategyId = await world.strategy();
    const free = async (): Promise<Record<string, string>> => {
      const probe = createPersonSignal(
        strategyId,
        { kind: 'order', side: 'buy', quantity: '0.001' },
        { execution: EXECUTION },
      );
      await admitted(repositories, probe);
      const facts = await repositories.orders.routingFacts(probe.id);
      await repositories.orders.settle(probe.id, { state: 'done' });
      return facts.free;
    };
    const before = await free();
    const signal = createPersonSignal(
      strategyId,
      { kind: 'order', side: 'buy', quantity: '0.01' },
      { type: 'limit', limitPrice: '50000', execution: EXECUTION },
    );
    const { price } = await admitted(repositories, signal);
    expect(price).toBe('50000');
    const [, other] = await legsOf(signal.id, '0.004', '0.006');
    const bound = async () => {
      const now = await free();
      return [ACCOUNT, OTHER].map((id) => Number(before[id]) - Number(now[id]));
    };
    // 50 000 with the taker fee of 0.1 %.
    expect(await bound()).toEqual([expect.closeTo(200.2, 6), expect.closeTo(300.3, 6)]);
    await repositories.portfolio.rebuildBalances(OTHER, T0);
    expect(await repositories.accounts.balances(OTHER)).toMatchObject([
      {},
      { asset: 'USDT', reserved: '300.3' },
    ]);
    if (other === undefined) throw new Error('there is no second leg');
    await repositories.orders.recordLeg(seen(other, 'cancelled', []));
    // What no leg works is held back at home until the order is settled.
    expect(await bound()).toEqual([expect.closeTo(500.5, 6), 0]);
    await repositories.orders.settle(signal.id, { state: 'done' });
    expect(await bound()).toEqual([0, 0]);
  });

  it('keeps the first route', async () => {
    const strategyId = await world.strategy();
    const { orderId } = await admitted(repositories, createSignal({ strategyId }));
    expect(await repositories.orders.recordRoute(orderId, ROUTE)).toEqual(ROUTE);
    expect(await repositories.orders.recordRoute(orderId, { ...ROUTE, why: [] })).toEqual(ROUTE);
    expect(await repositories.orders.routingFacts(orderId)).toMatchObject({ route: ROUTE });
    await expect(repositories.orders.recordRoute('none', ROUTE)).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
    await expect(repositories.orders.routingFacts('none')).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
  });

  it('is not begun on an account that Keel does not have', async () => {
    const strategyId = await world.strategy();
    const execution = { kind: 'split', accounts: [ACCOUNT, 'nowhere'] } as const;
    const admission = await repositories.orders.admit(
      admitInput(createSignal({ strategyId, execution })),
    );
    expect(admission).toMatchObject({
      verdict: 'ended',
      order: {
        status: 'denied',
        reason: `the plan names unknown accounts: nowhere; known: ${ACCOUNT}, ${OTHER}`,
      },
    });
  });

  it('is never read by admission without what was booked to another account', async () => {
    const strategyId = await world.strategy();
    for (let sequence = 1; sequence <= 12; sequence += 1) {
      const signal = createSignal({
        strategyId,
        sequence,
        wanted: { kind: 'order', side: 'buy', quantity: '0.001' },
        execution: EXECUTION,
      });
      await admitted(repositories, signal);
      await repositories.orders.recordRoute(signal.id, ROUTE);
      const leg = await repositories.orders.prepareLeg({
        ...{ orderId: signal.id, legNumber: 1, quantity: '0.001', type: 'market', price: null },
        ...{ accountId: OTHER, exchange: 'okx' },
      });
      await repositories.orders.claimSend(leg.clientOrderId, Date.now() + 5_000, T0);
      const target = createPersonSignal(strategyId, { kind: 'target', quantity: '0.1' });
      const [admission] = await Promise.all([
        repositories.orders.admit(admitInput(target)),
        repositories.orders.recordLeg(seen(leg, 'filled', [createFill(leg)])),
      ]);
      // Before or after the booking: held and open together are the same.
      expect(admission).toMatchObject({
        verdict: 'admitted',
        order: { quantity: String((100 - sequence) / 1_000) },
      });
      for (const id of [target.id, signal.id]) {
        await repositories.orders.settle(id, { state: 'done' });
      }
    }
  });
});
