/** What the risk rules look at, read in one consistent snapshot. */
import { KeelError } from '../../core/errors.ts';
import { accountsOf } from '../../core/execution/plan.ts';
import type { Instrument } from '../../core/instrument.ts';
import { decimal, toDecimalString } from '../../core/money.ts';
import type { RiskContext } from '../../core/risk/rule.ts';
import { canonical, canonicalOrNull } from './amounts.ts';
import type { Queryable } from './database.ts';
import { accountFree, strategyFunds } from './funds.ts';
import { haltsCovering } from './halts.ts';
import { orderNotFound, type OrderRow } from './order-views.ts';
import { sql } from 'kysely';

/**
 * The context of an order's risk check. Its own reservation counts as free, every other open order's as
 * taken: of two orders checked at once at least one sees the other. `approvalNotional` is for strategies
 * without a limit of their own. Throws NOT_FOUND.
 */
export async function readRiskContext(
  db: Queryable,
  orderId: string,
  instrument: Instrument,
  marketTime: number,
  approvalNotional: string | null,
): Promise<RiskContext> {
  return db
    .transaction()
    .setIsolationLevel('repeatable read')
    .setAccessMode('read only')
    .execute(async (trx) => {
      const order = await trx
        .selectFrom('orders')
        .selectAll()
        .where('order_id', '=', orderId)
        .executeTakeFirst();
      if (order === undefined) throw orderNotFound(orderId);
      const limits = await readLimits(trx, order.strategy_id, approvalNotional);
      const funds = await strategyFunds(trx, order.strategy_id, orderId);
      const paysQuote = order.side === 'buy' || instrument.contract !== undefined;
      const asset = paysQuote ? instrument.quote : instrument.base;
      const quantity = decimal(order.quantity);
      const { holders, ...position } = await readPosition(trx, order);
      let free = decimal('0');
      for (const accountId of payingAccounts(order, holders)) {
        free = free.plus(await accountFree(trx, accountId, asset, orderId));
      }
      return {
        order: {
          orderId,
          strategyId: order.strategy_id,
          symbol: order.symbol,
          side: order.side,
          quantity: toDecimalString(quantity),
          price: canonical(order.price ?? order.signal.referencePrice),
          reducing: order.reducing,
          source: { kind: order.source_kind, name: order.source_name },
        },
        instrument,
        marketTime,
        position,
        funds: {
          allocation: funds.allocation,
          free: funds.free,
          accountFree: toDecimalString(free),
          required: toDecimalString(paysQuote ? quantity.mul(order.reserve_price) : quantity),
        },
        ordersToday: await countOrdersToday(trx, order),
        halts: await haltsCovering(trx, {
          strategyId: order.strategy_id,
          exchange: order.exchange,
          symbol: order.symbol,
        }),
        limits,
      };
    });
}

async function readLimits(
  db: Queryable,
  strategyId: string,
  approvalNotional: string | null,
): Promise<RiskContext['limits']> {
  const quota = await db
    .selectFrom('strategy_quotas')
    .selectAll()
    .where('strategy_id', '=', strategyId)
    .executeTakeFirst();
  if (quota === undefined) {
    throw new KeelError('NOT_FOUND', `strategy "${strategyId}" has no quota row`);
  }
  return {
    maxPosition: canonicalOrNull(quota.max_position),
    maxOrderNotional: canonicalOrNull(quota.max_order_notional),
    maxOrdersPerDay: quota.max_orders_per_day,
    approvalNotional: canonicalOrNull(quota.approval_notional) ?? approvalNotional,
  };
}

/**
 * The accounts that pay for an order: those that hold what it reduces, else those its plan names, else the
 * strategy's own. What each can take of it is decided when it is routed.
 */
function payingAccounts(order: OrderRow, holders: readonly string[]): readonly string[] {
  const named = order.reducing ? holders : accountsOf(order.signal.execution);
  return named.length === 0 ? [order.account_id] : named;
}

async function readPosition(
  db: Queryable,
  order: OrderRow,
): Promise<RiskContext['position'] & { readonly holders: readonly string[] }> {
  const { rows } = await sql<{ held: string; open: string; holders: string[] }>`
    select
      (select coalesce(json_agg(account_id order by account_id), '[]') from positions
       where strategy_id = ${order.strategy_id} and symbol = ${order.symbol} and quantity <> 0) as holders,
      (select coalesce(sum(quantity), 0) from positions
       where strategy_id = ${order.strategy_id} and symbol = ${order.symbol}) as held,
      (select coalesce(sum(greatest(quantity - filled_quantity, 0)
                           * case side when 'buy' then 1 else -1 end), 0)
       from orders
       where strategy_id = ${order.strategy_id} and symbol = ${order.symbol}
         and finished_at is null and order_id <> ${order.order_id}) as open`.execute(db);
  return {
    quantity: canonical(rows[0]?.held ?? '0'),
    openQuantity: canonical(rows[0]?.open ?? '0'),
    holders: rows[0]?.holders ?? [],
  };
}

/**
 * The day's orders up to this one that were, or may yet be, sent. Later ones do not count, so that of two at
 * the limit's edge the first passes.
 */
async function countOrdersToday(db: Queryable, order: OrderRow): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select count(*) as count from orders
    where strategy_id = ${order.strategy_id} and trading_day = ${order.trading_day}::date
      and quantity > 0 and state not in ('denied', 'expired', 'superseded')
      and (created_at, order_id) < (${order.created_at}::bigint, ${order.order_id})`.execute(db);
  return (rows[0]?.count ?? 0) + 1;
}
