/** What the books say of guards and positions that disagree, and how a position that was left gets its guard back. */
import { sql, type Transaction } from 'kysely';
import type { BrokenPromise, GuardKey } from '../guard-repository.ts';
import type { Queryable } from './database.ts';
import { REBORN } from './guard-births.ts';
import { lockGuard, lockWhole, updateGuard, type GuardRow } from './guard-rows.ts';
import { inTransaction } from './postgres-errors.ts';
import type { Database } from './tables.ts';

export async function unguarded(db: Queryable): Promise<readonly BrokenPromise[]> {
  const { rows } = await sql<{
    strategy_id: string;
    symbol: string;
    kind: BrokenPromise['kind'];
    sentence: string;
  }>`
    with held as (
      select strategy_id, symbol, sum(quantity) as quantity from positions group by 1, 2
    )
    select g.strategy_id, g.symbol, 'nothing-held' as kind,
      g.strategy_id || ' ' || g.symbol || ': the guard is ' || g.state || ' and nothing is held' as sentence
    from guards g left join held p using (strategy_id, symbol)
    where g.state <> 'ended' and coalesce(p.quantity, 0) = 0
    union all
    select g.strategy_id, g.symbol, 'left' as kind,
      g.strategy_id || ' ' || g.symbol || ': ' || p.quantity || ' is held and its guard ended as ' || g.ending
    from guards g join held p using (strategy_id, symbol)
    where g.ending = 'flat' and p.quantity <> 0
      and exists (select from fills f join orders o using (order_id)
        where f.strategy_id = g.strategy_id and f.symbol = g.symbol and not o.reducing
          and o.signal ? 'stops' and f.booked_at >= g.updated_at)
    order by sentence`.execute(db);
  return rows.map(({ strategy_id: strategyId, ...row }) => ({ strategyId, ...row }));
}

/** The newest entry with stops that filled since the guard ended, and when it first did. */
async function newestEntry(trx: Transaction<Database>, { strategy_id, ...guard }: GuardRow) {
  return trx
    .selectFrom('fills')
    .innerJoin('orders', 'orders.order_id', 'fills.order_id')
    .select(['orders.order_id', 'orders.created_at', 'orders.signal'])
    .select((eb) => eb.fn.min('fills.executed_at').as('first_at'))
    .where('fills.strategy_id', '=', strategy_id)
    .where('fills.symbol', '=', guard.symbol)
    .where('fills.booked_at', '>=', guard.updated_at)
    .where('orders.reducing', '=', false)
    .where(sql<boolean>`orders.signal ? 'stops'`)
    .groupBy('orders.order_id')
    .orderBy('orders.created_at', 'desc')
    .limit(1)
    .executeTakeFirst();
}

export async function revive(db: Queryable, key: GuardKey, now: number): Promise<boolean> {
  return inTransaction(db, async (trx) => {
    const { averageCost } = await lockWhole(trx, key, now);
    const guard = await lockGuard(trx, key);
    if (averageCost === null || guard?.ending !== 'flat') return false;
    const entry = await newestEntry(trx, guard);
    if (entry === undefined) return false;
    await updateGuard(trx, key, {
      ...REBORN,
      spec: JSON.stringify(entry.signal.stops),
      set_by: `order:${entry.order_id}`,
      entry_at: entry.created_at,
      generation: guard.generation + 1,
      quantity: '0',
      best_price: averageCost,
      // What the price did since then counts: it was unguarded.
      opened_at: entry.first_at,
      updated_at: now,
    });
    return true;
  });
}
