/** Binance's words for an order's state, in ours. */
import type { LegState } from '../../../core/order.ts';
import type { OrderType } from '../../../core/signal.ts';

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

/** developers.binance.com, Spot API, "Enums: Order types". */
const TYPES: Readonly<Record<string, OrderType>> = {
  MARKET: 'market',
  STOP_LOSS: 'stop',
  TAKE_PROFIT: 'stop',
  STOP_LOSS_LIMIT: 'stop-limit',
  TAKE_PROFIT_LIMIT: 'stop-limit',
};

export function orderTypeOf(rawType: string): OrderType {
  return TYPES[rawType] ?? 'limit';
}

/** A word we do not know is `unknown`, which is looked at again and never taken for an end. */
export function legStateOf(rawStatus: string): LegState {
  return STATES[rawStatus] ?? 'unknown';
}
