/** The types of order. Without a schema library: workflows load it. */

/**
 * `stop` and `stop-limit` rest at the venue untriggered; when the price reaches the trigger a stop becomes a market
 * order, and a stop-limit a limit order.
 */
export const ORDER_TYPES = ['market', 'limit', 'stop', 'stop-limit'] as const;
export type OrderType = (typeof ORDER_TYPES)[number];

/** Whether such an order has a limit: it may rest for ever. */
export function hasLimit(type: OrderType): boolean {
  return type === 'limit' || type === 'stop-limit';
}

/** Whether such an order waits for the price to reach its trigger. */
export function hasTrigger(type: OrderType): boolean {
  return type === 'stop' || type === 'stop-limit';
}
