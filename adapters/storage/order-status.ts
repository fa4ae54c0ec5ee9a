/** The status column follows intent, legs and fills: how it is derived, and written with what changed it. */
import { decimal } from '../../core/money.ts';
import { orderStatusOf } from '../../core/order-status.ts';
import type { LegState, OrderStatus } from '../../core/order.ts';
import { canonical } from './amounts.ts';
import type { Queryable } from './database.ts';
import type { OrderRow } from './order-views.ts';

export type OrderChanges = Partial<
  Pick<OrderRow, 'state' | 'reason' | 'filled_quantity' | 'filled_quote' | 'reserved_quote'>
>;

/**
 * Changes a locked order, and its status with it. Call it once the order's legs are written.
 * `order` is the row as it was locked.
 */
export async function changeWithStatus(
  trx: Queryable,
  order: OrderRow,
  changes: OrderChanges,
  now: number,
): Promise<void> {
  const legs = await trx
    .selectFrom('legs')
    .select('state')
    .where('order_id', '=', order.order_id)
    .orderBy('leg_number')
    .execute();
  const status = statusOf(
    { ...order, ...changes },
    legs.map((leg) => leg.state),
  );
  const changed = Object.keys(changes).length > 0;
  if (!changed && status === order.status) return;
  await trx
    .updateTable('orders')
    .set({ ...changes, status, ...(changed ? { updated_at: now } : {}) })
    .where('order_id', '=', order.order_id)
    .execute();
}

/** Of an order with legs in these states, in the order of their numbers. */
export function statusOf(
  order: Pick<OrderRow, 'state' | 'quantity' | 'filled_quantity' | 'more_legs'>,
  legs: readonly LegState[],
): OrderStatus {
  return orderStatusOf({
    state: order.state,
    quantity: canonical(order.quantity),
    filledQuantity: canonical(order.filled_quantity),
    moreLegs: order.more_legs,
    legs: legs.map((state) => ({ state })),
  });
}

/** What is still to be filled; never below zero, even where a venue fills more than was asked. */
export function remainingQuantity(quantity: string, filled: string) {
  const rest = decimal(quantity).minus(filled);
  return rest.isNegative() ? decimal('0') : rest;
}
