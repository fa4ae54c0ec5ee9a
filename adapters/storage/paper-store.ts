/** The paper venue's books, changed under one lock an account. */
import { sql, type Transaction } from 'kysely';
import type { Json } from '../../core/json.ts';
import type { PaperStore } from '../repositories.ts';
import { canonical } from './amounts.ts';
import type { Queryable } from './database.ts';
import { inTransaction } from './postgres-errors.ts';
import type { Database } from './tables.ts';

async function readOrders(db: Queryable, accountId: string): Promise<Map<string, Json>> {
  const rows = await db
    .selectFrom('paper_orders')
    .select(['client_order_id', 'payload'])
    .where('account_id', '=', accountId)
    .orderBy('client_order_id')
    .execute();
  return new Map(rows.map((row) => [row.client_order_id, row.payload]));
}

async function readBalances(db: Queryable, accountId: string): Promise<Map<string, string>> {
  const rows = await db
    .selectFrom('paper_balances')
    .select(['asset', 'amount'])
    .where('account_id', '=', accountId)
    .execute();
  return new Map(rows.map((row) => [row.asset, canonical(row.amount)]));
}

/** Keys whose JSON is new or changed, and keys that are gone. */
function difference<T extends Json>(
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, T>,
): { readonly changed: readonly (readonly [string, T])[]; readonly gone: readonly string[] } {
  return {
    changed: [...after].filter(([key, value]) => before.get(key) !== JSON.stringify(value)),
    gone: [...before.keys()].filter((key) => !after.has(key)),
  };
}

/** The map's values as text, to tell later what a caller changed, also inside a value. */
function texts(map: ReadonlyMap<string, Json>): ReadonlyMap<string, string> {
  return new Map([...map].map(([key, value]) => [key, JSON.stringify(value)]));
}

async function writeOrders(
  trx: Transaction<Database>,
  accountId: string,
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, Json>,
  now: number,
): Promise<void> {
  const { changed, gone } = difference(before, after);
  if (changed.length > 0) {
    await trx
      .insertInto('paper_orders')
      .values(
        changed.map(([id, payload]) => ({
          account_id: accountId,
          client_order_id: id,
          payload: JSON.stringify(payload),
          updated_at: now,
        })),
      )
      .onConflict((conflict) =>
        conflict.columns(['account_id', 'client_order_id']).doUpdateSet((eb) => ({
          payload: eb.ref('excluded.payload'),
          updated_at: now,
        })),
      )
      .execute();
  }
  if (gone.length > 0) {
    await trx
      .deleteFrom('paper_orders')
      .where('account_id', '=', accountId)
      .where('client_order_id', 'in', gone)
      .execute();
  }
}

async function writeBalances(
  trx: Transaction<Database>,
  accountId: string,
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
): Promise<void> {
  const { changed, gone } = difference(before, after);
  if (changed.length > 0) {
    await trx
      .insertInto('paper_balances')
      .values(changed.map(([asset, amount]) => ({ account_id: accountId, asset, amount })))
      .onConflict((conflict) =>
        conflict
          .columns(['account_id', 'asset'])
          .doUpdateSet((eb) => ({ amount: eb.ref('excluded.amount') })),
      )
      .execute();
  }
  if (gone.length > 0) {
    await trx
      .deleteFrom('paper_balances')
      .where('account_id', '=', accountId)
      .where('asset', 'in', gone)
      .execute();
  }
}

export function createPaperStore(db: Queryable, now: () => number): PaperStore {
  return {
    async load(accountId, clientOrderId) {
      const row = await db
        .selectFrom('paper_orders')
        .select('payload')
        .where('account_id', '=', accountId)
        .where('client_order_id', '=', clientOrderId)
        .executeTakeFirst();
      return row?.payload ?? null;
    },

    list: async (accountId) => [...(await readOrders(db, accountId)).values()],

    /** A throw of `change` leaves the books as they were. `change` may run again after a deadlock. */
    transact: (accountId, change) =>
      inTransaction(db, async (trx) => {
        // No row to lock before the first order: the lock is on the account's name.
        await sql`select pg_advisory_xact_lock(hashtextextended(${`paper:${accountId}`}, 0))`.execute(
          trx,
        );
        const books = {
          orders: await readOrders(trx, accountId),
          balances: await readBalances(trx, accountId),
        };
        const before = { orders: texts(books.orders), balances: texts(books.balances) };
        const result = change(books);
        await writeOrders(trx, accountId, before.orders, books.orders, now());
        await writeBalances(trx, accountId, before.balances, books.balances);
        return result;
      }),
  };
}
