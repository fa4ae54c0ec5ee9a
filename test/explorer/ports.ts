/** What the steps of an order see of the world from a process: venue, books, clock, each await a turn of fate. */
import { KeelError } from '../../core/errors.ts';
import type { TrackPorts } from '../../activities/tracking.ts';
import type { SettlePorts } from '../../activities/settling.ts';
import type { World } from './plot.ts';
import type { Process } from './schedule.ts';
import { BOUNDS } from './venue.ts';

const POLL_MS = 2_000;

/** A call to the books; it may fail as PostgreSQL does. */
export function inStore<T>(
  { schedule }: World,
  process: Process,
  name: string,
  effect: () => T,
): Promise<T> {
  return schedule.call(
    process,
    'store',
    name,
    effect,
    () => new KeelError('UNAVAILABLE', 'PostgreSQL does not answer'),
  );
}

/** A call to the venue; `code` is what its caller hears where the answer is lost. */
export function atVenue<T>(
  { schedule }: World,
  process: Process,
  name: string,
  effect: () => T | Promise<T>,
  code: 'VENUE_UNAVAILABLE' | 'VENUE_UNKNOWN_OUTCOME' = 'VENUE_UNAVAILABLE',
): Promise<T> {
  return schedule.call(process, 'venue', name, effect, () => new KeelError(code, 'no answer'));
}

export function portsOf(world: World, process: Process): TrackPorts {
  const { schedule, venue, books, chance, plot } = world;
  const skewMs = chance.below(2 * BOUNDS.clockErrorMs + 1) - BOUNDS.clockErrorMs;
  const clock = { now: () => schedule.now + skewMs };
  const store = <T>(name: string, effect: () => T): Promise<T> =>
    inStore(world, process, name, effect);
  return {
    adapter: {
      visibility: BOUNDS,
      marketTime: () => atVenue(world, process, 'marketTime', () => schedule.now),
      placeOrder: (request) =>
        atVenue(
          world,
          process,
          'placeOrder',
          () => {
            // As an adapter does: past the deadline nothing leaves the process.
            if (clock.now() > request.deadline) throw new KeelError('VENUE_CLOCK', 'too late');
            const passage = plot.passages[requests(world)] ?? { kind: 'arrives' };
            schedule.note(`request ${passage.kind}`);
            return venue.place(request, passage);
          },
          'VENUE_UNKNOWN_OUTCOME',
        ),
      cancelOrder: ({ clientOrderId }) =>
        atVenue(
          world,
          process,
          'cancelOrder',
          () => {
            venue.cancel(clientOrderId);
          },
          'VENUE_UNKNOWN_OUTCOME',
        ),
      getOrderStatus: ({ clientOrderId }) =>
        atVenue(world, process, 'getOrderStatus', () => {
          const found = venue.find(clientOrderId);
          if (found === null) throw new KeelError('VENUE_ORDER_NOT_FOUND', 'unknown order');
          return found;
        }),
      findOrder: ({ clientOrderId }) =>
        atVenue(world, process, 'findOrder', () => venue.find(clientOrderId)),
    },
    store: {
      prepareLeg: (leg) => store('prepareLeg', () => books.prepareLeg(leg)),
      getLeg: (id) => store('getLeg', () => books.getLeg(id)),
      claimSend: (id, deadline, marketTime) =>
        store('claimSend', () => books.claimSend(id, deadline, marketTime)),
      releaseSend: (id, deadline) => store('releaseSend', () => books.releaseSend(id, deadline)),
      recordLeg: (update) => store('recordLeg', () => books.recordLeg(update)),
    },
    clock,
    sleep: (ms) => schedule.sleep(process, ms),
    sendWindowMs: 5_000,
    note: () => undefined,
    beat: () => undefined,
    waitForNotice: (ms) => schedule.sleep(process, ms),
    pollMs: POLL_MS,
  };
}

export function settlePortsOf(world: World, process: Process): SettlePorts {
  const { books, protocol } = world;
  const ports = portsOf(world, process);
  return {
    store: {
      getLeg: ports.store.getLeg,
      getOrder: () => inStore(world, process, 'getOrder', () => books.getOrder()),
      settle: (_, final) =>
        inStore(world, process, 'settle', () => {
          protocol.free(books, final);
        }),
    },
    legPorts: () => ports,
  };
}

/** Requests so far, of all processes. */
function requests({ schedule }: World): number {
  return schedule.trace.filter((line) => line.startsWith('request ')).length;
}
