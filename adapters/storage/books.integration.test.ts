/**
 * The books as a whole: whatever callers do to them, in whatever order and however often, the sums agree.
 */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { sql } from 'kysely';
import type { Fill } from '../../core/fill.ts';
import {
  ACCOUNT,
  admitInput,
  createFill,
  createPersonSignal,
  createSignal,
  filled,
  openStoredWorld,
  seen,
  type StoredWorld,
  storeRunningStrategy,
  SYMBOL,
  T0,
} from '../../test/factories/stored-world.ts';
import { describeWith } from '../../test/servers.ts';
import type { Leg } from '../order-repository.ts';
import type { Repositories } from '../repositories.ts';

interface PlannedOrder {
  readonly strategy: number;
  readonly side: 'buy' | 'sell';
  /** Thousandths of a coin. */
  readonly size: number;
  /** Share of each fill, and what takes its fee. */
  readonly fills: readonly { readonly share: number; readonly feeAsset: string }[];
  readonly ending: 'filled' | 'cancelled' | 'open';
}

const plannedOrder: fc.Arbitrary<PlannedOrder> = fc.record({
  strategy: fc.integer({ min: 0, max: 1 }),
  side: fc.constantFrom('buy', 'sell'),
  size: fc.integer({ min: 1, max: 20 }),
  fills: fc.array(
    fc.record({
      share: fc.integer({ min: 1, max: 5 }),
      feeAsset: fc.constantFrom('BTC', 'USDT', 'BNB'),
    }),
    { minLength: 0, maxLength: 4 },
  ),
  ending: fc.constantFrom('filled', 'cancelled', 'open'),
});

describeWith('postgres', 'the books', () => {
  let world: StoredWorld;
  let repositories: Repositories;
  let round = 0;

  beforeAll(async () => {
    world = await openStoredWorld({
      poolSize: 16,
      opening: { USDT: '100000', BTC: '5', BNB: '1' },
    });
    repositories = world.repositories;
  });
  afterAll(() => world.drop());

  /** Admits and claims; null where admission ended or blocked it. */
  async function open(strategyId: string, plan: PlannedOrder): Promise<Leg | null> {
    const quantity = String(plan.size / 1_000);
    const signal = createPersonSignal(strategyId, { kind: 'order', side: plan.side, quantity });
    const admission = await repositories.orders.admit(admitInput(signal));
    if (admission.verdict !== 'admitted') return null;
    const { order } = admission;
    const leg = await repositories.orders.prepareLeg({ ...order, legNumber: 1 });
    await repositories.orders.claimSend(leg.clientOrderId, Date.now() + 5_000, T0);
    return leg;
  }

  function fillsOf(leg: Leg, plan: PlannedOrder): Fill[] {
    return plan.fills.map(({ share, feeAsset }, i) =>
      createFill(leg, {
        quantity: String((Number(leg.quantity) * 1e5 * share) / 1e5 / 100),
        price: String(50_000 + i * 13.37),
        feeAmount: feeAsset === 'USDT' ? '0.0123' : '0.0000011',
        feeAsset,
      }),
    );
  }

  /** Three callers tell prefixes and suffixes of the same story at once; some say the end before the middle. */
  async function tell(leg: Leg, plan: PlannedOrder): Promise<void> {
    const fills = fillsOf(leg, plan);
    const state = plan.ending === 'open' ? 'partially_filled' : plan.ending;
    const updates = [
      ...fills.map((_, i) => seen(leg, 'partially_filled', fills.slice(0, i + 1), 'trackOrder')),
      seen(leg, state, fills, 'reconcile'),
      seen(leg, state, [...fills].reverse(), 'placeOrder'),
    ];
    await Promise.all(updates.map((update) => repositories.orders.recordLeg(update)));
    if (plan.ending !== 'open') await repositories.orders.settle(leg.orderId, { state: 'done' });
    // And once more, long after.
    await repositories.orders.recordLeg(seen(leg, state, fills, 'reconcile'));
  }

  /** Rows in which two sums disagree. */
  async function disagreements(): Promise<unknown[]> {
    await repositories.portfolio.rebuildBalances(ACCOUNT, T0);
    const { rows } = await sql<{ what: string; key: string }>`
      select 'order totals are the sum of fills' as what, o.order_id as key from orders o
      left join (select order_id, sum(quantity) q, sum(quantity * price) v from fills group by order_id) f
        using (order_id)
      where o.filled_quantity <> coalesce(f.q, 0) or o.filled_quote <> coalesce(f.v, 0)
      union all
      select 'leg totals are not below the fills', l.client_order_id from legs l
      join (select client_order_id, sum(quantity) q from fills group by 1) f using (client_order_id)
      where l.filled_quantity < f.q
      union all
      select 'position is the sum of fills', p.strategy_id from positions p
      left join (select strategy_id, symbol,
          sum(case side when 'buy' then quantity else -quantity end)
            - coalesce(sum(fee_amount) filter (where fee_asset = 'BTC'), 0) as q,
          sum(case side when 'buy' then -quantity * price else quantity * price end)
            - coalesce(sum(fee_amount) filter (where fee_asset = 'USDT'), 0) as flow
        from fills group by 1, 2) f using (strategy_id, symbol)
      where p.quantity <> coalesce(f.q, 0) or p.quote_flow <> coalesce(f.flow, 0)
        or p.realised_pnl <> p.quote_flow + p.cost
      union all
      select 'balances are opening plus ledger', b.asset from balances b
      left join opening_balances o using (account_id, asset)
      left join (select account_id, asset, sum(amount) s from ledger_entries group by 1, 2) l
        using (account_id, asset)
      where b.total <> coalesce(o.amount, 0) + coalesce(l.s, 0)
      union all
      select 'positions and opening make the base balance', ${ACCOUNT}
      where (select sum(quantity) from positions) + 5
        <> (select total from balances where asset = 'BTC')
      union all
      select 'history has a row a fill', ${ACCOUNT}
      where (select count(*) from fills) <> (select count(*) from position_history)
      union all
      select 'reservation is the open rest', order_id from orders
      where reserved_quote <> case when finished_at is null
        then greatest(quantity - filled_quantity, 0) * reserve_price else 0 end`.execute(world.db);
    return rows;
  }

  it('agree after any interleaving', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(plannedOrder, { minLength: 1, maxLength: 6 }), async (plans) => {
        round += 1;
        const ids = [`a${String(round)}`, `b${String(round)}`];
        for (const id of ids) {
          await storeRunningStrategy(repositories, id);
          await filled(repositories, createSignal({ strategyId: id }));
        }
        const lives = plans.map(async (plan) => {
          const leg = await open(ids[plan.strategy] ?? '', plan);
          if (leg !== null) await tell(leg, plan);
        });
        await Promise.all(lives);
        expect(await disagreements()).toEqual([]);
      }),
      { numRuns: 12 },
    );
    const { positions } = await repositories.strategies.snapshot('a1');
    expect(positions[SYMBOL]).toBeDefined();
  });
});
