/** Keel touches only orders it made: those whose client order id begins with its prefix. */
import { KeelError } from '../../core/errors.ts';
import type { AccountTrade, Fill } from '../../core/fill.ts';
import { CLIENT_ORDER_ID_PREFIX } from '../../core/signal.ts';
import type { PlaceOrderRequest } from '../trade-adapter.ts';

export function isOurs<T extends { readonly clientOrderId: string | null }>(
  order: T,
): order is T & { readonly clientOrderId: string } {
  return order.clientOrderId?.startsWith(CLIENT_ORDER_ID_PREFIX) === true;
}

/** Of an account's trades those of Keel's orders, as fills. */
export function ourFills(trades: readonly AccountTrade[]): Fill[] {
  return trades.filter(isOurs).map(({ realisedPnl: _ofTheAccount, ...fill }) => fill);
}

/** Throws VENUE_INVALID_ORDER for an order that is not Keel's, before the venue is asked anything. */
export function requireOurId(clientOrderId: string): void {
  if (isOurs({ clientOrderId })) return;
  throw new KeelError(
    'VENUE_INVALID_ORDER',
    `client order id "${clientOrderId}" is not one of Keel's, which start with ${CLIENT_ORDER_ID_PREFIX}: ` +
      'orders of others are never placed, looked up or cancelled',
  );
}

/** The price that this type of order cannot do without. Throws VENUE_INVALID_ORDER. */
export function requirePrice(request: PlaceOrderRequest, name: 'price' | 'stopPrice'): string {
  const value = request[name];
  if (value !== undefined) return value;
  throw new KeelError(
    'VENUE_INVALID_ORDER',
    `${request.type} order ${request.clientOrderId} has no ${name}: give one, as a decimal string`,
  );
}

/** Throws VENUE_INVALID_ORDER for a stop-limit, where the adapter does not speak the venue's way of them. */
export function refuseStopLimit({ type, clientOrderId }: PlaceOrderRequest, venue: string): void {
  if (type !== 'stop-limit') return;
  throw new KeelError(
    'VENUE_INVALID_ORDER',
    `${clientOrderId} is a stop-limit, which Keel does not send to ${venue}: nothing was sent; use a stop, or a limit order`,
  );
}
