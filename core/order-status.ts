/** The one word a person reads for an order: its intent's state, and from `working` on its leg's. */
import { isFinalLeg } from './leg-machine.ts';
import { decimal } from './money.ts';
import type { IntentState, LegState, OrderStatus } from './order.ts';

/** The status a leg lends to its order; `filled` says whether anything was filled so far. */
function statusOfLeg(state: LegState, anyFilled: boolean): OrderStatus {
  switch (state) {
    case 'amend_pending':
    case 'triggered':
    case 'open':
      return anyFilled ? 'partially_filled' : 'open';
    default:
      return state;
  }
}

/**
 * The status of an order.
 * @param order quantities are decimal strings in base; legs in the order of their numbers. `done` with
 * quantity zero was unneeded; `done` without a leg was cancelled before anything was sent.
 */
export function orderStatusOf(order: {
  readonly state: IntentState;
  readonly quantity: string;
  readonly filledQuantity: string;
  /** Another leg is to come. */
  readonly moreLegs: boolean;
  readonly legs: readonly { readonly state: LegState }[];
}): OrderStatus {
  const { state } = order;
  if (state !== 'working' && state !== 'done') return state;

  const quantity = decimal(order.quantity);
  const filled = decimal(order.filledQuantity);
  if (quantity.isZero() && filled.isZero()) return state === 'done' ? 'unneeded' : 'submitting';

  const live = order.legs.findLast((leg) => !isFinalLeg(leg.state));
  if (live !== undefined) return statusOfLeg(live.state, filled.gt(0));
  if (filled.gte(quantity)) return 'filled';

  if (state === 'working' && order.moreLegs) return filled.gt(0) ? 'partially_filled' : 'open';

  const last = order.legs.at(-1);
  if (last !== undefined) return statusOfLeg(last.state, filled.gt(0));
  return state === 'done' ? 'cancelled' : 'submitting';
}
