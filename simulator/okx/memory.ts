/** What OKX forgets: an order that ended without any fill is known for two hours more. */
import type { SimulatedVenue } from '../venue.ts';

const KNOWN_FOR_MS = 2 * 3_600_000;

/** By the wall clock, as a client measures it: a replayed day passes in minutes. */
export function createMemory({ engine, wallTime }: SimulatedVenue): (orderId: number) => boolean {
  const endedAt = new Map<number, number>();
  engine.onEvent((event) => {
    if ((event.kind === 'cancelled' || event.kind === 'expired') && event.order.filled.isZero()) {
      endedAt.set(event.order.orderId, wallTime());
    }
  });
  return (orderId) => wallTime() - (endedAt.get(orderId) ?? Infinity) > KNOWN_FOR_MS;
}
