/**
 * What must be true of orders that persons decided on or amended once a chaos run is quiet: one sentence for each
 * thing that is wrong. Pure, as verdict.ts, which it belongs to.
 */
import { decimal } from '../../core/money.ts';
import type { OrderView } from '../../core/order.ts';
import { ORDER_KINDS } from './order-kinds.ts';

/** An order that a person amended, and the one that took its place. */
export interface AmendFacts {
  readonly orderId: string;
  readonly newOrderId: string;
  /** That both were to fill together, in base. */
  readonly quantity: string;
}

interface People {
  readonly signals: readonly { readonly id: string; readonly kind: string }[];
  readonly amends: readonly AmendFacts[];
  readonly accounts: readonly { readonly ours: { readonly orders: readonly OrderView[] } }[];
}

const DECIDED: ReadonlySet<string> = new Set(
  ORDER_KINDS.filter(({ decided }) => decided === true).map(({ name }) => name),
);

/** By id, with all its legs: each account has its own. */
function wholeOrders({ accounts }: Pick<People, 'accounts'>): Map<string, OrderView> {
  const orders = new Map<string, OrderView>();
  for (const order of accounts.flatMap(({ ours }) => ours.orders)) {
    const known = orders.get(order.orderId);
    const legs = [...(known?.legs ?? []), ...order.legs];
    orders.set(order.orderId, { ...order, legs });
  }
  return orders;
}

/** Nothing over the limit was sent but what a person approved; what was rejected is denied. */
export function judgeApprovals(facts: Pick<People, 'signals' | 'accounts'>): string[] {
  const orders = wholeOrders(facts);
  return facts.signals
    .filter(({ kind }) => DECIDED.has(kind))
    .flatMap(({ id }) => {
      const order = orders.get(id);
      if (order === undefined) return [];
      const verdict = order.approval?.verdict;
      const sent = order.legs.some(({ venueOrderId }) => venueOrderId !== null);
      return [
        ...(sent && verdict !== 'approved'
          ? [`order ${id} is over the limit and was sent, though nobody approved it`]
          : []),
        ...(verdict === 'rejected' && order.status !== 'denied'
          ? [`order ${id} was rejected and is ${order.status}`]
          : []),
      ];
    });
}

/** The order that takes another's place is there, and both together are never more than was asked for. */
export function judgeAmends(facts: Pick<People, 'amends' | 'accounts'>): string[] {
  const orders = wholeOrders(facts);
  return facts.amends.flatMap(({ orderId, newOrderId, quantity }) => {
    const [before, after] = [orders.get(orderId), orders.get(newOrderId)];
    if (before === undefined || after === undefined) {
      return [`the amend of order ${orderId} left no order ${newOrderId}`];
    }
    const left = decimal(quantity).minus(before.filledQuantity);
    const of = `the amend of order ${orderId} to ${quantity}`;
    if (after.legs.length > 0 && !left.eq(after.quantity)) {
      return [`${of}: ${before.filledQuantity} were filled, and ${after.quantity} placed anew`];
    }
    return decimal(after.filledQuantity).gt(left)
      ? [`${of}: ${before.filledQuantity} and ${after.filledQuantity} were filled`]
      : [];
  });
}
