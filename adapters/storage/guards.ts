/** The repository of guards. How they come to be is in guard-births.ts, how they go on in core/guard-plan.ts. */
import { sql, type Transaction } from 'kysely';
import { KeelError } from '../../core/errors.ts';
import type { Guard, GuardSight } from '../../core/guard.ts';
import { averageCost } from '../../core/ledger.ts';
import { toDecimalString } from '../../core/money.ts';
import type { GuardKey, GuardQuery, GuardRepository, GuardView } from '../guard-repository.ts';
import { canonical } from './amounts.ts';
import type { Queryable } from './database.ts';
import { setStops } from './guard-births.ts';
import { revive, unguarded } from './guard-promises.ts';
import {
  guardNotFound,
  lockGuard,
  lockWhole,
  selectGuards,
  toGuard,
  updateGuard,
} from './guard-rows.ts';
import { remainingQuantity } from './order-status.ts';
import { inTransaction } from './postgres-errors.ts';
import type { Database } from './tables.ts';

function toColumns(guard: Guard) {
  const { levels } = guard;
  return {
    state: guard.state,
    ending: guard.ending,
    side: guard.side,
    quantity: guard.quantity,
    stop_price: levels.stop,
    stop_kind: levels.stopKind,
    profit_price: levels.takeProfit,
    best_price: guard.bestPrice,
    generation: guard.generation,
    orders_made: guard.ordersMade,
    working: guard.order === null ? null : JSON.stringify(guard.order),
    exit: guard.exit,
    failures: guard.failures,
    retry_at: guard.retryAt,
    reason: guard.reason,
  };
}

/** Position, the guard's own order, and the strategy's other unfinished orders in the symbol. */
async function sight(trx: Transaction<Database>, key: GuardKey, now: number): Promise<GuardSight> {
  const { quantity, averageCost: cost, spread } = await lockWhole(trx, key, now);
  const row = await lockGuard(trx, key);
  if (row === undefined) throw guardNotFound(key);
  const guard = toGuard(row);
  const ownId = guard.order?.signal.id ?? '';
  const orders = await trx
    .selectFrom('orders')
    .select(['order_id', 'status', 'side', 'quantity', 'filled_quantity', 'reason', 'finished_at'])
    .where('strategy_id', '=', key.strategyId)
    .where('symbol', '=', key.symbol)
    .where((eb) => eb.or([eb('finished_at', 'is', null), eb('order_id', '=', ownId)]))
    .execute();
  const own = orders.find((order) => order.order_id === ownId);
  return {
    guard,
    position: { quantity, averageCost: cost, spread },
    own:
      own === undefined
        ? null
        : {
            status: own.status,
            final: own.finished_at !== null,
            quantity: canonical(own.quantity),
            filledQuantity: canonical(own.filled_quantity),
            reason: own.reason,
          },
    others: orders.flatMap((order) => {
      const remaining = remainingQuantity(order.quantity, order.filled_quantity);
      return order.order_id === ownId || remaining.isZero()
        ? []
        : { side: order.side, remaining: toDecimalString(remaining) };
    }),
  };
}

async function list(db: Queryable, query: GuardQuery & Partial<GuardKey>): Promise<GuardView[]> {
  const summed = (column: 'quantity' | 'cost') => sql<string>`(
    select coalesce(sum(${sql.ref(`positions.${column}`)}), 0)::text from positions
    where positions.strategy_id = guards.strategy_id and positions.symbol = guards.symbol)`;
  let found = selectGuards(db)
    .select([summed('quantity').as('held'), summed('cost').as('cost')])
    .orderBy('guards.strategy_id')
    .orderBy('guards.symbol');
  if (query.live === true) found = found.where('guards.state', '<>', 'ended');
  if (query.strategyId !== undefined)
    found = found.where('guards.strategy_id', '=', query.strategyId);
  if (query.symbol !== undefined) found = found.where('guards.symbol', '=', query.symbol);
  if (query.limit !== undefined) found = found.limit(query.limit);
  const { after } = query;
  if (after !== undefined) {
    found = found.where((eb) =>
      eb(
        eb.refTuple('guards.strategy_id', 'guards.symbol'),
        '>',
        eb.tuple(after.strategyId, after.symbol),
      ),
    );
  }
  return (await found.execute()).map((row) => {
    const held = canonical(row.held);
    const position = { quantity: held, cost: canonical(row.cost) };
    return {
      ...toGuard(row),
      setBy: row.set_by,
      held,
      averageCost: averageCost(position),
      updatedAt: row.updated_at,
    };
  });
}

async function get(db: Queryable, key: GuardKey): Promise<GuardView> {
  const [guard] = await list(db, key);
  if (guard === undefined) throw guardNotFound(key);
  return guard;
}

async function clear(
  db: Queryable,
  key: GuardKey,
  wish: Parameters<GuardRepository['clear']>[1],
  now: number,
): Promise<GuardView> {
  const { strategyId, symbol } = key;
  const row = await db
    .updateTable('guards')
    .set({ clearing: true, reason: `cleared by ${wish.by}: ${wish.reason}`, updated_at: now })
    .where('strategy_id', '=', strategyId)
    .where('symbol', '=', symbol)
    .where('state', '<>', 'ended')
    .returning('state')
    .executeTakeFirst();
  const guard = await get(db, key);
  if (row === undefined) {
    throw new KeelError(
      'CONFLICT',
      `the guard of ${strategyId} in ${symbol} has ended (${guard.ending ?? ''}): there is nothing to clear`,
    );
  }
  return guard;
}

export function createGuardRepository(db: Queryable, now: () => number): GuardRepository {
  return {
    listGuards: (query = {}) => list(db, query),
    getGuard: (key) => get(db, key),
    async isLive({ strategyId, symbol }) {
      const row = await db
        .selectFrom('guards')
        .select('state')
        .where('strategy_id', '=', strategyId)
        .where('symbol', '=', symbol)
        .where('state', '<>', 'ended')
        .executeTakeFirst();
      return row !== undefined;
    },
    advance: (key, plan) =>
      inTransaction(db, async (trx) => {
        const planned = plan(await sight(trx, key, now()));
        await updateGuard(trx, key, { ...toColumns(planned.guard), updated_at: now() });
        return planned;
      }),
    async setStops(key, stops) {
      await setStops(db, key, stops, now());
      return get(db, key);
    },
    clear: (key, wish) => clear(db, key, wish, now()),
    async unanswered(orderIds) {
      if (orderIds.length === 0) return [];
      const rows = await db
        .selectFrom('orders')
        .select('order_id')
        .where('order_id', 'in', orderIds)
        .execute();
      const known = new Set(rows.map((row) => row.order_id));
      return orderIds.filter((id) => !known.has(id));
    },
    unguarded: () => unguarded(db),
    revive: (key) => revive(db, key, now()),
  };
}
