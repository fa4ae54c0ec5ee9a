/** What the risk rules look at, read in one consistent snapshot. */
import { accountsOf } from '../../core/execution/plan.ts';
import type { Instrument } from '../../core/instrument.ts';
import { decimal, toDecimalString } from '../../core/money.ts';
import type { RiskContext } from '../../core/risk/rule.ts';
import { canonical, canonicalOrNull } from './amounts.ts';
import type { Queryable } from './database.ts';
import { accountFree, freeOf } from './funds.ts';
import { haltsOn, type HaltNotice } from './halts.ts';
import { ORDER_COLUMNS, orderNotFound, type OrderRow } from './order-views.ts';
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
      const found = await selectStanding(trx)
        .where('orders.order_id', '=', orderId)
        .executeTakeFirst();
      if (found === undefined) throw orderNotFound(orderId);
      const { holders, ...order } = found;
      const paysQuote = order.side === 'buy' || instrument.contract !== undefined;
      const asset = paysQuote ? instrument.quote : instrument.base;
      const quantity = decimal(order.quantity);
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
        position: { quantity: canonical(order.held), openQuantity: canonical(order.open_quantity) },
        funds: {
          allocation: canonical(order.allocation),
          free: canonical(order.strategy_free),
          accountFree: toDecimalString(free),
          required: toDecimalString(paysQuote ? quantity.mul(order.reserve_price) : quantity),
        },
        ordersToday: order.orders_before + 1,
        halts: haltsOn(
          {
            strategyId: order.strategy_id,
            exchange: order.exchange,
            symbol: order.symbol,
          },
          order.halts,
        ),
        limits: {
          maxPosition: canonicalOrNull(order.max_position),
          maxOrderNotional: canonicalOrNull(order.max_order_notional),
          maxOrdersPerDay: order.max_orders_per_day,
          approvalNotional: canonicalOrNull(order.approval_notional) ?? approvalNotional,
        },
      };
    });
}

/**
 * An order, and in the same statement the standing of its strategy: limits, position, funds, the halts in
 * force.
 * - `orders_before`: the day's earlier orders that were, or may yet be, sent. Later ones do not count, so
 *   that of two at the limit's edge the first passes.
 */
function selectStanding(db: Queryable) {
  return db
    .selectFrom('orders')
    .innerJoin('strategy_quotas', 'strategy_quotas.strategy_id', 'orders.strategy_id')
    .select(ORDER_COLUMNS)
    .select(['allocation', 'max_position', 'max_order_notional'])
    .select(['max_orders_per_day', 'approval_notional'])
    .select([
      freeOf(sql.ref('orders.order_id')).as('strategy_free'),
      sql<readonly string[]>`(
        select coalesce(json_agg(p.account_id order by p.account_id), '[]') from positions p
        where p.strategy_id = orders.strategy_id and p.symbol = orders.symbol and p.quantity <> 0)`.as(
        'holders',
      ),
      sql<string>`(
        select coalesce(sum(p.quantity), 0) from positions p
        where p.strategy_id = orders.strategy_id and p.symbol = orders.symbol)`.as('held'),
      sql<string>`(
        select coalesce(sum(greatest(o.quantity - o.filled_quantity, 0)
                            * case o.side when 'buy' then 1 else -1 end), 0)
        from orders o
        where o.strategy_id = orders.strategy_id and o.symbol = orders.symbol
          and o.finished_at is null and o.order_id <> orders.order_id)`.as('open_quantity'),
      sql<number>`(
        select count(*) from orders o
        where o.strategy_id = orders.strategy_id and o.trading_day = orders.trading_day
          and o.quantity > 0 and o.state not in ('denied', 'expired', 'superseded')
          and (o.created_at, o.order_id) < (orders.created_at, orders.order_id))`.as(
        'orders_before',
      ),
      sql<readonly HaltNotice[]>`(
        select coalesce(json_agg(json_build_object('scope', h.scope, 'target', h.target,
          'reason', h.reason) order by h.id), '[]') from halts h where h.lifted_at is null)`.as(
        'halts',
      ),
    ]);
}

/**
 * The accounts that pay for an order: those that hold what it reduces, else those its plan names, else the
 * strategy's own. What each can take of it is decided when it is routed.
 */
function payingAccounts(order: OrderRow, holders: readonly string[]): readonly string[] {
  const named = order.reducing ? holders : accountsOf(order.signal.execution);
  return named.length === 0 ? [order.account_id] : named;
}
