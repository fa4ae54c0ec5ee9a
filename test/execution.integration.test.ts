/** Orders of several legs on two venues, for real: what each was asked, and that the books are the venues'. */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { Decimal } from 'decimal.js';
import { sql } from 'kysely';
import { decimal, toDecimalString } from '../core/money.ts';
import type { OrderView } from '../core/order.ts';
import { testDatabase, type TestDatabase } from './database.ts';
import { EXECUTIONS, SPLIT } from './factories/execution-scenarios.ts';
import { openOrderStage, OTHER_ACCOUNT, type OrderStage } from './factories/order-stage.ts';
import { patientRead } from './factories/patient-read.ts';
import { ACCOUNT } from './factories/stored-world.ts';
import { testNamespace } from './namespace.ts';
import { describeWith } from './servers.ts';

describeWith(['postgres', 'temporal'], 'orders of several legs, end to end', () => {
  let database: TestDatabase;
  let stage: OrderStage;

  beforeAll(async () => {
    database = await testDatabase();
    stage = await openOrderStage({
      postgresUrl: database.url,
      temporal: await testNamespace(),
      // With what the first venue opens with, neither can pay for the whole of the split.
      other: { USDT: '50000' },
    });
  });
  afterAll(async () => {
    await stage.close();
    await database.drop();
  });

  async function play(name: string): Promise<OrderView> {
    const scenario = EXECUTIONS[name];
    if (scenario === undefined) throw new Error(`no scenario ${name}`);
    const { result } = await scenario(stage);
    return stage.house.repositories.orders.getOrder(result.orderId);
  }

  function sum(amounts: readonly string[]): string {
    return toDecimalString(
      amounts.reduce<Decimal>((total, amount) => total.plus(amount), decimal('0')),
    );
  }

  /** Opening balances and ledger against what the venue says, asset by asset. */
  async function differences(): Promise<object[]> {
    const found: object[] = [];
    for (const accountId of [ACCOUNT, OTHER_ACCOUNT]) {
      const { rows } = await sql<{ asset: string; amount: string }>`
        select asset, sum(amount)::text as amount from (
          select asset, amount from opening_balances where account_id = ${accountId}
          union all select asset, amount from ledger_entries where account_id = ${accountId}
        ) all_entries group by asset`.execute(database.db);
      const balances = await patientRead(
        async () => (await stage.house.adapters.get(accountId)?.getBalances()) ?? [],
      );
      for (const { asset, amount } of rows) {
        const balance = balances.find((one) => one.asset === asset);
        const venue = decimal(balance?.free ?? '0').plus(balance?.locked ?? '0');
        if (!venue.eq(amount)) found.push({ accountId, asset, venue: venue.toFixed(), amount });
      }
    }
    return found;
  }

  async function held(strategyId: string): Promise<readonly string[]> {
    const parts = await stage.house.repositories.portfolio.positions(strategyId);
    return parts.filter(({ quantity }) => quantity !== '0').map(({ accountId }) => accountId);
  }

  it('a TWAP fills in its slices', async () => {
    const order = await play('twap');
    expect(order).toMatchObject({ status: 'filled', filledQuantity: '0.01' });
    const quantities = order.legs.map(({ quantity }) => quantity);
    expect(sum(quantities)).toBe('0.01');
    // On a busy machine a slice may be late, and be made up for by the next.
    expect(quantities.length).toBeGreaterThan(1);
    expect(quantities.filter((one) => !decimal(one).mod('0.0025').isZero())).toEqual([]);
    expect(await differences()).toEqual([]);
  });

  it('a chase goes after the market, one order at a time', async () => {
    const order = await play('chase');
    expect(order).toMatchObject({ status: 'filled', filledQuantity: '0.01' });
    expect(order.legs.length).toBeGreaterThan(1);
    expect(sum(order.legs.map(({ filledQuantity }) => filledQuantity))).toBe('0.01');
    const states = order.legs.map(({ state }) => state);
    expect(states).toEqual([...states.slice(1).fill('cancelled'), 'filled']);
    expect(await differences()).toEqual([]);
  });

  it('an iceberg fills tip by tip', async () => {
    const order = await play('iceberg');
    expect(order).toMatchObject({ status: 'filled', filledQuantity: '0.0101' });
    expect(order.legs.map(({ quantity }) => quantity)).toEqual([
      ...['0.003', '0.003', '0.003', '0.0011'],
    ]);
    expect(await differences()).toEqual([]);
  });

  it('a split fills on both venues, with exact sums', async () => {
    const order = await play('split');
    expect(order).toMatchObject({ status: 'filled', filledQuantity: '1.23457' });
    expect(order.legs.map(({ accountId }) => accountId).sort()).toEqual([ACCOUNT, OTHER_ACCOUNT]);
    expect(sum(order.legs.map(({ quantity }) => quantity))).toBe('1.23457');
    expect(sum(order.legs.map(({ filledQuantity }) => filledQuantity))).toBe('1.23457');
    expect(await held(order.strategyId)).toEqual([ACCOUNT, OTHER_ACCOUNT]);
    expect(await differences()).toEqual([]);
    const [{ route } = { route: null }] = await database.db
      .selectFrom('orders')
      .select('route')
      .where('order_id', '=', order.orderId)
      .execute();
    expect(route?.kind).toBe('split');
    expect(route?.why).toHaveLength(2);
  });

  it('a position on both is closed where it is held, and nothing is left but dust', async () => {
    const order = await play('where-held');
    expect(order).toMatchObject({ side: 'sell', reducing: true });
    expect(new Set(order.legs.map(({ state }) => state))).toEqual(new Set(['filled']));
    for (const part of await stage.house.repositories.portfolio.positions(order.strategyId)) {
      expect(Number(part.quantity)).toBeLessThan(0.0001);
    }
    expect(await differences()).toEqual([]);
  });

  it('what a venue refuses goes to the other', async () => {
    const fault = {
      kind: 'status' as const,
      status: 400,
      when: 'before' as const,
      body: 'json' as const,
      code: -2010,
      msg: 'Account has insufficient balance for requested action.',
    };
    const match = { method: 'POST', path: '/api/v3/order', nth: 1, times: 1, probability: 1 };
    stage.simulator.faults.add({ seed: 1, rules: [{ match, fault }] });
    const signal = await stage.signal(
      {
        wanted: { kind: 'target', quantity: '0.01' },
        execution: { kind: 'best-venue', accounts: [ACCOUNT, OTHER_ACCOUNT] },
      },
      { allocation: '1000000' },
    );
    await (await stage.send(signal)).result();
    const order = await stage.house.repositories.orders.getOrder(signal.id);
    expect(order.legs.map(({ accountId, state }) => [accountId, state])).toEqual([
      [ACCOUNT, 'rejected'],
      [OTHER_ACCOUNT, 'filled'],
    ]);
    expect(order).toMatchObject({ status: 'filled', filledQuantity: '0.01' });
    expect(await differences()).toEqual([]);
  });

  it('an order that no account can take is denied, with the reasons', async () => {
    const signal = await stage.signal(
      { wanted: { kind: 'target', quantity: '0.01' }, execution: SPLIT },
      { allocation: '1000000' },
    );
    const noBook = (path: string) => ({
      match: { method: 'GET', path, nth: 1, times: 9, probability: 1 },
      fault: { kind: 'html' as const },
    });
    stage.simulator.faults.add({ seed: 1, rules: [noBook('/api/v3/depth')] });
    stage.other?.faults.add({ seed: 1, rules: [noBook('/api/v5/market/books')] });
    await (await stage.send(signal)).result();
    const order = await stage.house.repositories.orders.getOrder(signal.id);
    expect(order).toMatchObject({ status: 'denied', reasonCode: 'NO_ROUTE', legs: [] });
    expect(order.reason).toContain(`${ACCOUNT}: `);
  });
});
