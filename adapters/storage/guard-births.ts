/**
 * How guards come to be. A guard is born in the transaction that books the first fill of an entry with stops, so
 * no position that wants one is ever without its row; a person may set one on a position that is held.
 */
import type { Transaction } from 'kysely';
import { KeelError } from '../../core/errors.ts';
import type { Fill } from '../../core/fill.ts';
import { NO_LEVELS } from '../../core/guard-levels.ts';
import type { GuardKey, GuardRepository } from '../guard-repository.ts';
import type { Queryable } from './database.ts';
import { lockGuard, lockWhole, updateGuard } from './guard-rows.ts';
import type { OrderRow } from './order-views.ts';
import { inTransaction } from './postgres-errors.ts';
import type { Database } from './tables.ts';

/** What makes an ended guard a new one: of its past only the counters stay. */
export const REBORN = {
  state: 'arming',
  ending: null,
  side: null,
  stop_price: NO_LEVELS.stop,
  stop_kind: NO_LEVELS.stopKind,
  profit_price: NO_LEVELS.takeProfit,
  exit: null,
  clearing: false,
  failures: 0,
  retry_at: null,
  reason: null,
} as const;

/**
 * Part of the booking of fills: an entry's stops become the guard of its position. Newer stops replace older
 * ones. Returns the position's guard where it lives, be it of this entry or of an earlier one.
 */
export async function bookGuard(
  trx: Transaction<Database>,
  order: OrderRow,
  fills: readonly Fill[],
  now: number,
): Promise<GuardKey | null> {
  const key = { strategyId: order.strategy_id, symbol: order.symbol };
  const known = await lockGuard(trx, key);
  const { stops } = order.signal;
  const [fill] = fills;
  if (stops === undefined || order.reducing || fill === undefined)
    return known !== undefined && known.state !== 'ended' ? key : null;
  const brought = {
    spec: JSON.stringify(stops),
    set_by: `order:${order.order_id}`,
    entry_at: order.created_at,
    updated_at: now,
  };
  const fresh = {
    ...REBORN,
    ...brought,
    quantity: '0',
    best_price: fill.price,
    opened_at: fill.executedAt,
  };
  if (known === undefined) {
    await trx
      .insertInto('guards')
      .values({
        ...fresh,
        strategy_id: key.strategyId,
        symbol: key.symbol,
        account_id: order.account_id,
        exchange: order.exchange,
      })
      .execute();
    return key;
  }
  const newer = order.created_at > known.entry_at;
  const live = known.state !== 'ended';
  // A person cleared the stops of this very entry: its later fills do not bring them back.
  if (!newer && (live || known.ending === 'cleared')) return live ? key : null;
  await updateGuard(trx, key, live ? brought : { ...fresh, generation: known.generation + 1 });
  return key;
}

/**
 * Sets or replaces the stops of a position that is held. Throws NOT_FOUND, CONFLICT where none is held.
 */
export async function setStops(
  db: Queryable,
  key: GuardKey,
  stops: Parameters<GuardRepository['setStops']>[1],
  now: number,
): Promise<void> {
  await inTransaction(db, async (trx) => {
    const { averageCost: cost, home } = await lockWhole(trx, key, now);
    if (cost === null) {
      throw new KeelError(
        'CONFLICT',
        `${key.strategyId} holds no ${key.symbol}: there is nothing to guard; give the stops with the entry`,
      );
    }
    const known = await lockGuard(trx, key);
    const brought = { spec: JSON.stringify(stops.spec), set_by: stops.by, updated_at: now };
    const fresh = {
      ...REBORN,
      ...brought,
      best_price: cost,
      opened_at: stops.marketTime,
      // Nothing an entry made until now still has to say replaces what a person sets.
      entry_at: now,
    };
    if (known === undefined) {
      await trx
        .insertInto('guards')
        .values({
          ...fresh,
          strategy_id: key.strategyId,
          symbol: key.symbol,
          account_id: home.accountId,
          exchange: home.exchange,
        })
        .execute();
    } else if (known.state === 'ended') {
      await updateGuard(trx, key, { ...fresh, generation: known.generation + 1 });
    } else {
      await updateGuard(trx, key, { ...brought, entry_at: now, clearing: false });
    }
  });
}
