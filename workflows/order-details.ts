/** What a person at the Temporal UI reads of an order: plain markdown, rewritten at each change. */
import type { OrderFacts } from '../activities/order-activities.ts';
import type { LegView } from '../core/order.ts';
import type { Signal } from '../core/signal.ts';

/** One line: `buy market 0.01 BTC/USDT`. */
export function describeOrder(signal: Signal, order: OrderFacts | null): string {
  if (order === null) {
    const { wanted } = signal;
    return wanted.kind === 'order'
      ? `${wanted.side} ${signal.type} ${wanted.quantity} ${signal.symbol}`
      : `target ${wanted.quantity} ${signal.symbol}`;
  }
  const price = order.price === null ? '' : ` at ${order.price}`;
  return `${order.side} ${order.type} ${order.quantity} ${signal.symbol}${price}`;
}

export function orderDetails(
  signal: Signal,
  order: OrderFacts | null,
  leg: LegView | null,
): string {
  const lines = [
    `**${describeOrder(signal, order)}** on ${signal.exchange}`,
    `- why: ${signal.tag} (${signal.strategyType}, ${signal.source.kind} ${signal.source.name})`,
    `- status: ${order?.status ?? 'pending'}`,
  ];
  if (order !== null && order.averagePrice !== null)
    lines.push(`- filled: ${order.filledQuantity} at ${order.averagePrice}`);
  if (order !== null && order.reason !== null) lines.push(`- reason: ${order.reason}`);
  if (leg !== null) {
    lines.push(
      `- venue order: ${leg.venueOrderId ?? 'not known yet'} (${leg.clientOrderId}), ${leg.state}`,
    );
  }
  return lines.join('\n');
}
