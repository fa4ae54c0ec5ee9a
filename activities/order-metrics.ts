/** What the order activities count and log: orders by status, seconds to the venue, venue errors by code. */
import type { OrderView } from '../core/order.ts';
import type { Logger } from '../observability/logger.ts';
import { counter, histogram } from '../observability/metrics.ts';
import type { LegNote } from './placement.ts';

const finished = counter('keel_orders_total', 'Orders that became final', ['exchange', 'status']);
const signalToVenue = histogram(
  'keel_signal_to_venue_seconds',
  "Seconds from the start of an order's workflow to the venue's answer",
  ['exchange'],
);
const venueErrors = counter(
  'keel_venue_errors_total',
  'Sends that a venue did not plainly accept',
  ['exchange', 'code'],
);
const anomalies = counter('keel_leg_anomalies_total', 'Moves of a leg that its machine forbids', [
  'exchange',
]);

const escalated = counter(
  'keel_unknown_outcomes_escalated_total',
  'Alerts about sends of which it stayed unknown what became',
  ['exchange'],
);

export function countEscalated(exchange: string): void {
  escalated.inc({ exchange });
}

/** `startedAt`: wall-clock milliseconds when the order's workflow began. */
export function countSent(exchange: string, startedAt: number): void {
  signalToVenue.observe({ exchange }, Math.max(0, Date.now() - startedAt) / 1000);
}

export function countLegNote(exchange: string, note: LegNote): void {
  if (note.kind === 'send-failed') venueErrors.inc({ exchange, code: note.code });
  if (note.kind === 'anomaly') anomalies.inc({ exchange });
}

/** Counts a final order; one that traded is logged as `order_executed`, `execution_time` in milliseconds. */
export function countFinished(order: OrderView, logger: Logger, startedAt: number | null): void {
  finished.inc({ exchange: order.exchange, status: order.status });
  const facts = {
    order_id: order.orderId,
    strategy_id: order.strategyId,
    exchange: order.exchange,
    symbol: order.symbol,
    side: order.side,
    quantity: order.filledQuantity,
    price: order.averagePrice,
  };
  if (order.averagePrice !== null) {
    logger.info(
      { ...facts, execution_time: startedAt === null ? null : Date.now() - startedAt },
      'order_executed',
    );
  } else {
    logger.info({ ...facts, status: order.status, reason: order.reason }, 'order_ended');
  }
}
