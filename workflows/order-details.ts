/** What a person at the Temporal UI reads of an order: plain markdown, rewritten at each change. */
import type { OrderFacts } from '../activities/order-activities.ts';
import { isFinalIntent } from '../core/intent-machine.ts';
import type { Signal } from '../core/signal.ts';
import { executionLines } from './execution-state.ts';
import type { UnknownOutcome } from './leg-run.ts';
import type { Progress } from './order-messages.ts';
import { cancelReason } from './order-outcome.ts';

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

export type Shown = Pick<
  Progress,
  'order' | 'leg' | 'wait' | 'decision' | 'execution' | 'unknown' | 'cancel'
>;

export function orderDetails(signal: Signal, shown: Shown): string {
  const { leg, order } = shown;
  const lines = [
    `**${describeOrder(signal, order)}** on ${signal.exchange}`,
    `- why: ${signal.tag} (${signal.strategyType}, ${signal.source.kind} ${signal.source.name})`,
    `- status: ${order?.status ?? 'pending'}`,
    ...approvalLines(shown),
    ...endingLines(signal, shown),
  ];
  if (order !== null && order.averagePrice !== null)
    lines.push(`- filled: ${order.filledQuantity} at ${order.averagePrice}`);
  if (order !== null && order.reason !== null) lines.push(`- reason: ${order.reason}`);
  if (leg !== null) {
    lines.push(
      `- venue order: ${leg.venueOrderId ?? 'not known yet'} (${leg.clientOrderId}), ${leg.state}`,
    );
  }
  lines.push(...unknownLines(shown.unknown));
  if (shown.execution !== null) lines.push(...executionLines(shown.execution));
  return lines.join('\n');
}

/** How an order that is not over will end: asked to, or by its time-out. */
function endingLines({ eventTime, timeoutMs }: Signal, { cancel, order }: Shown): string[] {
  if (order !== null && isFinalIntent(order.state)) return [];
  if (cancel !== null) return [`- **is being ${cancelReason(cancel)}**`];
  if (timeoutMs === undefined) return [];
  return [
    `- rests until ${new Date(eventTime + timeoutMs).toISOString()} market time, then it is cancelled`,
  ];
}

/** Since when it is unknown what became of the send, and what a person can do. */
export function unknownLines(unknown: UnknownOutcome | null): string[] {
  if (unknown === null) return [];
  return [
    `- **unknown since ${new Date(unknown.since).toISOString()}** whether the venue has the order. Nothing is ` +
      'sent again until its absence is conclusive. It resolves itself as soon as the venue shows the order, or ' +
      'surely has none. To act: look at the venue by client order id; `keel cancel` keeps it from being sent anew.',
  ];
}

function approvalLines({ decision, wait }: Shown): string[] {
  if (decision !== null) {
    const note = decision.note === null ? '' : `: ${decision.note}`;
    return [`- ${decision.verdict} by ${decision.by} (${decision.role})${note}`];
  }
  if (wait === null) return [];
  return [
    `- **waits for a person**: worth ${wait.notional}, over the limit of ${wait.limit}. ` +
      'Update `approve` or `reject` with `{by, role: "risk"}`, or `keel approve`. ' +
      `Expires ${String(Math.round(wait.expiresInMs / 1000))} s after it was admitted.`,
  ];
}
