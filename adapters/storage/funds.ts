/**
 * How much room there is: sums over positions, ledger and open orders. Each is one statement, so a fill that
 * turns reservation into position is seen either before or after, never half.
 */
import { sql } from 'kysely';
import { KeelError } from '../../core/errors.ts';
import { canonical } from './amounts.ts';
import type { Queryable } from './database.ts';

/** The base of `BTC/USDT:USDT` in SQL. */
export const baseOf = (column: string) => sql<string>`split_part(${sql.ref(column)}, '/', 1)`;
/** Its quote. */
export const quoteOf = (column: string) =>
  sql<string>`split_part(split_part(${sql.ref(column)}, '/', 2), ':', 1)`;

export interface StrategyFunds {
  readonly allocation: string;
  /** allocation + Σ quote flow of its positions − Σ quote reserved by its open orders. */
  readonly free: string;
}

/** Quote funds of a strategy; `exceptOrderId`'s own reservation counts as free. Throws NOT_FOUND. */
export async function strategyFunds(
  db: Queryable,
  strategyId: string,
  exceptOrderId = '',
): Promise<StrategyFunds> {
  const { rows } = await sql<{ allocation: string; free: string }>`
    select q.allocation, q.allocation
      + (select coalesce(sum(p.quote_flow), 0) from positions p where p.strategy_id = q.strategy_id)
      - (select coalesce(sum(o.reserved_quote), 0) from orders o
         where o.strategy_id = q.strategy_id and o.finished_at is null and o.order_id <> ${exceptOrderId})
      as free
    from strategy_quotas q where q.strategy_id = ${strategyId}`.execute(db);
  const row = rows[0];
  if (row === undefined) throw new KeelError('NOT_FOUND', `there is no strategy "${strategyId}"`);
  return { allocation: canonical(row.allocation), free: canonical(row.free) };
}

/**
 * What the account holds of an asset beyond what its other open orders hold back: opening balance + ledger −
 * reserved quote of open buys paid in it − unfilled rest of open sells of it.
 */
export async function accountFree(
  db: Queryable,
  accountId: string,
  asset: string,
  exceptOrderId = '',
): Promise<string> {
  const { rows } = await sql<{ free: string }>`
    select
      (select coalesce(sum(amount), 0) from opening_balances
       where account_id = ${accountId} and asset = ${asset})
      + (select coalesce(sum(amount), 0) from ledger_entries
         where account_id = ${accountId} and asset = ${asset})
      - (select coalesce(sum(case
           when side = 'buy' and ${quoteOf('symbol')} = ${asset} then reserved_quote
           when side = 'sell' and ${baseOf('symbol')} = ${asset} then greatest(quantity - filled_quantity, 0)
           else 0 end), 0)
         from orders
         where account_id = ${accountId} and finished_at is null and order_id <> ${exceptOrderId})
      as free`.execute(db);
  return canonical(rows[0]?.free ?? '0');
}
