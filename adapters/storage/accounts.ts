/** Accounts, what they opened with, and their derived balances. */
import type { Selectable } from 'kysely';
import type { AccountBalance, AccountRepository } from '../repositories.ts';
import { canonical } from './amounts.ts';
import type { Queryable } from './database.ts';
import { inTransaction } from './postgres-errors.ts';
import type { BalancesTable } from './book-tables.ts';

function toBalance(row: Selectable<BalancesTable>): AccountBalance {
  return {
    accountId: row.account_id,
    asset: row.asset,
    total: canonical(row.total),
    reserved: canonical(row.reserved),
    updatedAt: row.updated_at,
  };
}

/** The account's balances as the manager last derived them. */
export async function readBalances(
  db: Queryable,
  accountId?: string,
): Promise<readonly AccountBalance[]> {
  let query = db.selectFrom('balances').selectAll().orderBy('account_id').orderBy('asset');
  if (accountId !== undefined) query = query.where('account_id', '=', accountId);
  return (await query.execute()).map(toBalance);
}

export function createAccountRepository(db: Queryable, now: () => number): AccountRepository {
  return {
    async ensure(account, opening, openedAt) {
      await inTransaction(db, async (trx) => {
        const at = now();
        const created = await trx
          .insertInto('accounts')
          .values({
            id: account.id,
            exchange: account.exchange,
            mode: account.mode,
            fee_in: account.feeIn,
            created_at: at,
            opened_at: openedAt ?? null,
          })
          .onConflict((conflict) => conflict.column('id').doNothing())
          .returning('id')
          .executeTakeFirst();
        const amounts = Object.entries(opening);
        if (created === undefined || amounts.length === 0) return;
        await trx
          .insertInto('opening_balances')
          .values(
            amounts.map(([asset, amount]) => ({
              account_id: account.id,
              asset,
              amount,
              recorded_at: at,
            })),
          )
          .execute();
        // Known before the manager's first derivation; zero, so that its market time replaces it.
        await trx
          .insertInto('balances')
          .values(
            amounts.map(([asset, amount]) => ({
              account_id: account.id,
              asset,
              total: amount,
              updated_at: 0,
            })),
          )
          .execute();
      });
    },

    async list() {
      const rows = await db.selectFrom('accounts').selectAll().orderBy('id').execute();
      return rows.map((row) => ({
        id: row.id,
        exchange: row.exchange,
        mode: row.mode,
        feeIn: row.fee_in,
      }));
    },

    balances: (accountId) => readBalances(db, accountId),
  };
}
