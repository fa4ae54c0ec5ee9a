/** OKX's words for the states of orders and of algo orders (stops), in ours. */
import type { LegState } from '../../../core/order.ts';

/** www.okx.com/docs-v5, "Order details": state. */
const ORDER_STATES: Readonly<Record<string, LegState>> = {
  live: 'open',
  partially_filled: 'partially_filled',
  filled: 'filled',
  canceled: 'cancelled',
  /** Market maker protection. */
  mmp_canceled: 'cancelled',
};

/** www.okx.com/docs-v5, "Algo order details": state. `effective` is triggered: its order tells the rest. */
const ALGO_STATES: Readonly<Record<string, LegState>> = {
  live: 'open',
  pause: 'open',
  effective: 'triggered',
  partially_effective: 'triggered',
  canceled: 'cancelled',
  /** Triggered, and the order it should have become was refused: nothing of it is left. */
  order_failed: 'expired',
};

/** A word we do not know is `unknown`, which is looked at again and never taken for an end. */
export function orderStateOf(rawState: string): LegState {
  return ORDER_STATES[rawState] ?? 'unknown';
}

export function algoStateOf(rawState: string): LegState {
  return ALGO_STATES[rawState] ?? 'unknown';
}
