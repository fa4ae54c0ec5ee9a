/** The status column follows intent, legs and fills; this is the one place that writes it. */
import { decimal } from '../../core/money.ts';
import { orderStatusOf } from '../../core/order-status.ts';
import { canonical } from './amounts.ts';
import type { Queryable } from './database.ts';
import { orderNotFound } from './order-views.ts';

/** Derives `orders.status` anew. Call it in the transaction that changed the order or a leg of it. */
export async function refreshStatus(trx: Queryable, orderId: string): Promise<void> {
  const order = await trx
    .selectFrom('orders')
    .select(['state', 'quantity', 'filled_quantity', 'status', 'more_legs'])
    .where('order_id', '=', orderId)
    .executeTakeFirst();
  if (order === undefined) throw orderNotFound(orderId);
  const legs = await trx
    .selectFrom('legs')
    .select('state')
    .where('order_id', '=', orderId)
    .orderBy('leg_number')
    .execute();
  const status = orderStatusOf({
    state: order.state,
    quantity: canonical(order.quantity),
    filledQuantity: canonical(order.filled_quantity),
    moreLegs: order.more_legs,
    legs,
  });
  if (status === order.status) return;
  await trx.updateTable('orders').set({ status }).where('order_id', '=', orderId).execute();
}

/** What is still to be filled; never below zero, even where a venue fills more than was asked. */
export function remainingQuantity(quantity: string, filled: string) {
  const rest = decimal(quantity).minus(filled);
  return rest.isNegative() ? decimal('0') : rest;
}
