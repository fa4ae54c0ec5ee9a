/** Binance's words for an order's state, in ours. */
import type { LegState } from '../../../core/order.ts';

/** developers.binance.com, Spot API, "Enums: Order status". */
const STATES: Readonly<Record<string, LegState>> = {
  NEW: 'open',
  /** Waits for the other leg of a list. */
  PENDING_NEW: 'open',
  PARTIALLY_FILLED: 'partially_filled',
  FILLED: 'filled',
  CANCELED: 'cancelled',
  PENDING_CANCEL: 'cancel_pending',
  REJECTED: 'rejected',
  EXPIRED: 'expired',
  /** Self-trade prevention. */
  EXPIRED_IN_MATCH: 'expired',
};

/** Of an order that waits for its trigger, or waited. */
const STOP_TYPES: readonly string[] = ['STOP_LOSS', 'TAKE_PROFIT'];

export function isStopType(rawType: string): boolean {
  return STOP_TYPES.includes(rawType);
}

/** A word we do not know is `unknown`, which is looked at again and never taken for an end. */
export function legStateOf(rawStatus: string): LegState {
  return STATES[rawStatus] ?? 'unknown';
}
