/** Rows of guards: reading, locking and writing them. Locks as everywhere: the position before the guard. */
import type { Selectable, Transaction, Updateable } from 'kysely';
import { KeelError } from '../../core/errors.ts';
import type { Guard } from '../../core/guard.ts';
import { averageCost } from '../../core/ledger.ts';
import { decimal, toDecimalString } from '../../core/money.ts';
import type { GuardKey } from '../guard-repository.ts';
import { canonical, canonicalOrNull } from './amounts.ts';
import type { Queryable } from './database.ts';
import { lockPosition } from './positions.ts';
import type { GuardsTable } from './order-tables.ts';
import type { Database } from './tables.ts';

export type GuardRow = Selectable<GuardsTable> & { readonly strategy_type: string };

export function toGuard(row: GuardRow): Guard {
  return {
    strategyId: row.strategy_id,
    strategyType: row.strategy_type,
    accountId: row.account_id,
    exchange: row.exchange,
    symbol: row.symbol,
    spec: row.spec,
    state: row.state,
    ending: row.ending,
    side: row.side,
    quantity: canonical(row.quantity),
    levels: {
      stop: canonicalOrNull(row.stop_price),
      stopKind: row.stop_kind,
      takeProfit: canonicalOrNull(row.profit_price),
    },
    bestPrice: canonical(row.best_price),
    generation: row.generation,
    ordersMade: row.orders_made,
    order: row.working,
    exit: row.exit,
    clearing: row.clearing,
    failures: row.failures,
    retryAt: row.retry_at,
    reason: row.reason,
    openedAt: row.opened_at,
  };
}

export function guardNotFound({ strategyId, symbol }: GuardKey): KeelError {
  return new KeelError('NOT_FOUND', `strategy "${strategyId}" has no guard in ${symbol}`);
}

export function selectGuards(db: Queryable, key?: GuardKey) {
  const query = db
    .selectFrom('guards')
    .innerJoin('strategies', 'strategies.id', 'guards.strategy_id')
    .selectAll('guards')
    .select('strategies.type as strategy_type');
  return key === undefined
    ? query
    : query.where('guards.strategy_id', '=', key.strategyId).where('symbol', '=', key.symbol);
}

/** The guard's row, locked. The caller holds the position's. */
export async function lockGuard(
  trx: Transaction<Database>,
  key: GuardKey,
): Promise<GuardRow | undefined> {
  return selectGuards(trx, key).forNoKeyUpdate('guards').executeTakeFirst();
}

export async function updateGuard(
  trx: Queryable,
  { strategyId, symbol }: GuardKey,
  change: Updateable<GuardsTable>,
): Promise<void> {
  await trx
    .updateTable('guards')
    .set(change)
    .where('strategy_id', '=', strategyId)
    .where('symbol', '=', symbol)
    .execute();
}

async function ownerOf(trx: Queryable, { strategyId }: GuardKey) {
  return trx
    .selectFrom('strategies')
    .select(['account_id as accountId', 'exchange'])
    .where('id', '=', strategyId)
    .executeTakeFirstOrThrow(
      () => new KeelError('NOT_FOUND', `there is no strategy "${strategyId}"`),
    );
}

/**
 * Locks the position by its home account's part, which stands for the whole, and sums its parts up.
 * `spread`: some of it is held on another account.
 */
export async function lockWhole(trx: Transaction<Database>, key: GuardKey, now: number) {
  const home = await ownerOf(trx, key);
  await lockPosition(trx, { ...key, ...home }, now);
  const parts = await trx
    .selectFrom('positions')
    .select(['account_id', 'quantity', 'cost'])
    .where('strategy_id', '=', key.strategyId)
    .where('symbol', '=', key.symbol)
    .where('quantity', '<>', '0')
    .execute();
  const sum = (of: (part: { quantity: string; cost: string }) => string): string =>
    toDecimalString(parts.reduce((total, part) => total.plus(of(part)), decimal('0')));
  const quantity = sum((part) => part.quantity);
  return {
    home,
    quantity,
    averageCost: averageCost({ quantity, cost: sum((part) => part.cost) }),
    spread: parts.some((part) => part.account_id !== home.accountId),
  };
}
