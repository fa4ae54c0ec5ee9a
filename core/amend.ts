/** Amending an order that rests: whether new terms may be asked for, and what would be left to fill. Pure. */
import type { ErrorCode } from './errors.ts';
import type { Side } from './fill.ts';
import { checkFilters, exitInstrument } from './filters.ts';
import type { Instrument } from './instrument.ts';
import { decimal, toDecimalString } from './money.ts';
import type { LegState } from './order.ts';
import type { OrderType } from './signal.ts';

/** What is to change; at least one of the two. Decimal strings: the whole quantity in base, the price in quote. */
export interface AmendWish {
  readonly quantity?: string;
  readonly limitPrice?: string;
}

/** The order as it stands. Decimal strings in base and quote. */
export interface AmendableOrder {
  readonly orderId: string;
  readonly type: OrderType;
  readonly side: Side;
  readonly quantity: string;
  readonly price: string | null;
  readonly filledQuantity: string;
  /** It can only make the position smaller. */
  readonly reducing: boolean;
  /** Of its one leg; null where it has none yet, or several. */
  readonly legState: LegState | null;
  readonly instrument: Instrument;
}

/** An amend that was asked for and passed. */
export interface AmendStep {
  readonly orderId: string;
  /** The whole quantity, in base, what the first order filled included. */
  readonly quantity: string;
  /** In quote. */
  readonly limitPrice: string;
  /** User name. */
  readonly by: string;
  /** Names the amend; the same one asked again is the same order. */
  readonly requestId: string;
}

export type AmendVerdict =
  | {
      readonly ok: true;
      readonly quantity: string;
      readonly price: string;
      /** New quantity less what is filled: more than zero. */
      readonly remainder: string;
    }
  | { readonly ok: false; readonly code: ErrorCode; readonly reason: string };

const RESTS: ReadonlySet<LegState | null> = new Set<LegState>(['open', 'partially_filled']);

/** Says which wish may go on to the risk rules; the venue's limits are checked for the remainder at the new price. */
export function checkAmend(wish: AmendWish, order: AmendableOrder): AmendVerdict {
  const { filledQuantity, instrument, orderId } = order;
  const refuse = (code: ErrorCode, reason: string): AmendVerdict => ({ ok: false, code, reason });
  if (wish.quantity === undefined && wish.limitPrice === undefined) {
    return refuse('INVALID_INPUT', 'an amend changes quantity, limitPrice or both: give one');
  }
  if (order.type !== 'limit' || order.price === null) {
    return refuse('CONFLICT', `order ${orderId} is a ${order.type} order: only limit orders amend`);
  }
  if (!RESTS.has(order.legState)) {
    const state = order.legState ?? 'not one resting order';
    return refuse('CONFLICT', `order ${orderId} is ${state}: only one that rests can be amended`);
  }
  const quantity = wish.quantity ?? order.quantity;
  const price = wish.limitPrice ?? order.price;
  if (decimal(quantity).eq(order.quantity) && decimal(price).eq(order.price)) {
    return refuse('INVALID_INPUT', `order ${orderId} is ${quantity} at ${price} already`);
  }
  const left = decimal(quantity).minus(filledQuantity);
  if (left.lte(0)) {
    const reason = `quantity ${quantity} is not more than the ${filledQuantity} filled; cancel the order instead`;
    return refuse('INVALID_INPUT', reason);
  }
  if (order.reducing && decimal(quantity).gt(order.quantity)) {
    const reason = `order ${orderId} reduces the position by ${order.quantity}: an amend cannot make it larger`;
    return refuse('INVALID_INPUT', reason);
  }
  const remainder = toDecimalString(left);
  // The band is around the venue's average price, which the order does not know: the venue checks it.
  const limits = { ...(order.reducing ? exitInstrument(instrument) : instrument) };
  delete limits.priceBand;
  const { side } = order;
  const fits = checkFilters(limits, { side, type: 'limit', quantity: remainder, price }, price);
  if (!fits.ok) return refuse(fits.code, `an amend to ${quantity} at ${price}: ${fits.reason}`);
  return { ok: true, quantity, price, remainder };
}
