/**
 * How much room there is: sums over positions, ledger and open orders. Each is one statement, so a fill that
 * turns reservation into position is seen either before or after, never half.
 */
import { sql, type Expression } from 'kysely';
import { KeelError } from '../../core/errors.ts';
import { canonical } from './amounts.ts';
import type { Queryable } from './database.ts';

/** The base of `BTC/USDT:USDT` in SQL. */
export const baseOf = (column: string) => sql<string>`split_part(${sql.ref(column)}, '/', 1)`;
/** Its quote. */
export const quoteOf = (column: string) =>
  sql<string>`split_part(split_part(${sql.ref(column)}, '/', 2), ':', 1)`;

/** True for a contract's symbol. */
export const isContractIn = (column: string) => sql<boolean>`strpos(${sql.ref(column)}, ':') > 0`;
/** The margin that a contract's position holds: |cost| / leverage, rounded up to 8 places as core/contract.ts. */
export const marginHeld = sql`ceil(abs(p.cost) / p.leverage * 100000000) / 100000000`;

export interface StrategyFunds {
  readonly allocation: string;
  /**
   * allocation + Σ quote flow of its spot positions + Σ realised P&L less margin held of its contracts
   * − Σ quote reserved by its open orders.
   */
  readonly free: string;
}

/** SQL: `StrategyFunds.free` of a row of `strategy_quotas`, but for what the order given reserves. */
export const freeOf = (exceptOrderId: Expression<string>) => sql<string>`(
  strategy_quotas.allocation
  + (select coalesce(sum(case when ${isContractIn('p.symbol')} then p.realised_pnl - ${marginHeld}
       else p.quote_flow end), 0) from positions p where p.strategy_id = strategy_quotas.strategy_id)
  - (select coalesce(sum(o.reserved_quote), 0) from orders o
     where o.strategy_id = strategy_quotas.strategy_id and o.finished_at is null
       and o.order_id <> ${exceptOrderId}))`;

/** Quote funds of a strategy; `exceptOrderId`'s own reservation counts as free. Throws NOT_FOUND. */
export async function strategyFunds(
  db: Queryable,
  strategyId: string,
  exceptOrderId = '',
): Promise<StrategyFunds> {
  const row = await db
    .selectFrom('strategy_quotas')
    .select(['allocation', freeOf(sql.val(exceptOrderId)).as('free')])
    .where('strategy_id', '=', strategyId)
    .executeTakeFirst();
  if (row === undefined) throw new KeelError('NOT_FOUND', `there is no strategy "${strategyId}"`);
  return { allocation: canonical(row.allocation), free: canonical(row.free) };
}

/**
 * What open orders hold back on an account, as a subquery (order_id, asset, amount): the unfilled rest of
 * their live legs there, and on the order's own account what no live leg works yet. Spot sells hold back
 * base, all others quote.
 */
export const reservationsOn = (accountId: string) => sql`(
  select o.order_id,
    case when spot_sell then ${baseOf('o.symbol')} else ${quoteOf('o.symbol')} end as asset,
    rest.quantity * case when spot_sell then 1 else o.reserve_price end as amount
  from orders o
  cross join lateral (select o.side = 'sell' and not ${isContractIn('o.symbol')} as spot_sell) kind
  cross join lateral (
    select coalesce(sum(greatest(quantity - filled_quantity, 0)), 0) as all_live,
      coalesce(sum(greatest(quantity - filled_quantity, 0)) filter (where account_id = ${accountId}), 0)
        as here
    from legs
    where legs.order_id = o.order_id and state not in ('filled', 'cancelled', 'expired', 'rejected')
  ) live
  cross join lateral (
    select live.here + case when o.account_id = ${accountId}
      then greatest(o.quantity - o.filled_quantity - live.all_live, 0) else 0 end as quantity
  ) rest
  -- Only a routed order has legs on another account than its own.
  where o.finished_at is null and (o.account_id = ${accountId} or o.route is not null))`;

/**
 * What the account holds of an asset beyond what its other open orders hold back: opening balance + ledger −
 * reservations − margin that its contracts hold in it.
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
      - (select coalesce(sum(r.amount), 0) from ${reservationsOn(accountId)} r
         where r.asset = ${asset} and r.order_id <> ${exceptOrderId})
      - (select coalesce(sum(${marginHeld}), 0) from positions p
         where p.account_id = ${accountId} and ${isContractIn('p.symbol')} and ${quoteOf('p.symbol')} = ${asset})
      as free`.execute(db);
  return canonical(rows[0]?.free ?? '0');
}
