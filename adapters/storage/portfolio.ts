/**
 * What the manager derives: balances, round trips, equity. Everything here is recomputed from facts (opening
 * balances, ledger, fills, bars), so calling twice, late or in another order gives the same rows.
 */
import { sql, type Selectable } from 'kysely';
import type { AccountBalance, PortfolioRepository, PositionRecord } from '../repositories.ts';
import { readBalances } from './accounts.ts';
import type { Queryable } from './database.ts';
import { readEquityCurve, readLatestEquity, writeEquity } from './equity.ts';
import { isContractIn, marginHeld, quoteOf, reservationsOn } from './funds.ts';
import { toPosition } from './positions.ts';
import { inTransaction } from './postgres-errors.ts';
import type { PositionsTable } from './book-tables.ts';
import { readTrades, rebuildTrades } from './trades.ts';

async function takeOrderVersion(db: Queryable, orderId: string, version: number): Promise<boolean> {
  const row = await db
    .insertInto('manager_orders')
    .values({ order_id: orderId, version })
    .onConflict((conflict) =>
      conflict
        .column('order_id')
        .doUpdateSet({ version })
        .where('manager_orders.version', '<', version),
    )
    .returning('order_id')
    .executeTakeFirst();
  return row !== undefined;
}

async function rebuildBalances(
  db: Queryable,
  accountId: string,
  at: number,
): Promise<readonly AccountBalance[]> {
  return inTransaction(db, async (trx) => {
    // One at a time: what is written last was also read last.
    await trx
      .selectFrom('accounts')
      .select('id')
      .where('id', '=', accountId)
      .forNoKeyUpdate()
      .execute();
    await sql`
      insert into balances (account_id, asset, total, reserved, updated_at)
      select ${accountId}, asset, sum(total), sum(reserved), ${at}::bigint
      from (
        select asset, amount as total, 0 as reserved from opening_balances where account_id = ${accountId}
        union all
        select asset, sum(amount), 0 from ledger_entries where account_id = ${accountId} group by asset
        union all
        select asset, 0, amount from ${reservationsOn(accountId)} reservations
        union all
        select ${quoteOf('p.symbol')}, 0, ${marginHeld} from positions p
        where p.account_id = ${accountId} and ${isContractIn('p.symbol')} and p.quantity <> 0
      ) movements (asset, total, reserved)
      group by asset
      on conflict (account_id, asset) do update set total = excluded.total, reserved = excluded.reserved,
        updated_at = greatest(balances.updated_at, excluded.updated_at)`.execute(trx);
    // An asset that only an order reserved is in no sum once that order is done.
    await sql`
      delete from balances b where b.account_id = ${accountId}
        and not exists (select from opening_balances o where o.account_id = b.account_id and o.asset = b.asset)
        and not exists (select from ledger_entries l where l.account_id = b.account_id and l.asset = b.asset)
        and not exists (select from ${reservationsOn(accountId)} r where r.asset = b.asset)`.execute(
      trx,
    );
    return readBalances(trx, accountId);
  });
}

function toPositionRecord(row: Selectable<PositionsTable>): PositionRecord {
  return {
    ...toPosition(row),
    strategyId: row.strategy_id,
    accountId: row.account_id,
    exchange: row.exchange,
    updatedAt: row.updated_at,
  };
}

export function createPortfolioRepository(db: Queryable): PortfolioRepository {
  return {
    takeOrderVersion: (orderId, version) => takeOrderVersion(db, orderId, version),
    rebuildBalances: (accountId, at) => rebuildBalances(db, accountId, at),
    rebuildTrades: (strategyId, symbol) => rebuildTrades(db, strategyId, symbol),
    recordEquity: (strategyId, at, prices) => writeEquity(db, strategyId, at, prices),

    async positions(strategyId) {
      let query = db
        .selectFrom('positions')
        .selectAll()
        .orderBy('strategy_id')
        .orderBy('symbol')
        .orderBy('account_id');
      if (strategyId !== undefined) query = query.where('strategy_id', '=', strategyId);
      return (await query.execute()).map(toPositionRecord);
    },

    trades: (strategyId) => readTrades(db, strategyId),
    latestEquity: () => readLatestEquity(db),
    equityCurve: (strategyId, from, to) => readEquityCurve(db, strategyId, from, to),
  };
}
