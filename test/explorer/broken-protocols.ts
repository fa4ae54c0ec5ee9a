/** Protocols that are wrong in one way each: what the explorer must catch. */
import { KeelError } from '../../core/errors.ts';
import { isFinalIntent } from '../../core/intent-machine.ts';
import { record, type LegPorts } from '../../activities/placement.ts';
import { PROTOCOL, type Protocol } from './protocol.ts';
import { BOUNDS } from './venue.ts';

function withAdapter(ports: LegPorts, change: Partial<LegPorts['adapter']>): LegPorts {
  return { ...ports, adapter: { ...ports.adapter, ...change } };
}

/** Places and resolves over changed ports. */
function over(change: (ports: LegPorts) => LegPorts): Protocol {
  return {
    ...PROTOCOL,
    place: (ports, leg, attempt) => PROTOCOL.place(change(ports), leg, attempt),
    resolve: (ports, input) => PROTOCOL.resolve(change(ports), input),
  };
}

export const BROKEN_PROTOCOLS: Readonly<Record<string, Protocol>> = {
  'resend without look-up': over((ports) =>
    withAdapter(ports, {
      visibility: { ...BOUNDS, engineTimeoutMs: -1_000_000 },
      findOrder: () => Promise.resolve(null),
    }),
  ),

  "resend inside the venue's deadline": over((ports) =>
    withAdapter(ports, {
      visibility: { ...BOUNDS, clockErrorMs: 0, engineTimeoutMs: -5_000, visibilityLagMs: 0 },
    }),
  ),

  'the attempt number trusted': {
    ...PROTOCOL,
    async place(ports, order, attempt) {
      if (attempt > 1) return PROTOCOL.place(ports, order, attempt);
      const leg = await ports.store.prepareLeg(order);
      const { clientOrderId, symbol, side, type, quantity, price } = leg;
      const deadline = ports.clock.now() + ports.sendWindowMs;
      const limit = price === null ? {} : { price };
      const request = { clientOrderId, symbol, side, type, quantity, deadline, ...limit };
      return record(ports, await ports.adapter.placeOrder(request), 'placeOrder');
    },
  },

  'unknown turned into rejected': over((ports) =>
    withAdapter(ports, {
      placeOrder: async (request) => {
        try {
          return await ports.adapter.placeOrder(request);
        } catch (error) {
          throw error instanceof KeelError && error.code === 'VENUE_UNKNOWN_OUTCOME'
            ? new KeelError('VENUE_INVALID_ORDER', error.message)
            : error;
        }
      },
    }),
  ),

  'reservation released twice': {
    ...PROTOCOL,
    free: (books, final) => {
      if (isFinalIntent(books.state)) books.free();
      else books.settle(final);
    },
  },

  'a refusal told late, of a claim that is over': over((ports) => ({
    ...ports,
    store: {
      ...ports.store,
      recordLeg: ({ ofClaim: _, ...update }) => ports.store.recordLeg(update),
    },
  })),

  'a cancel taken for granted': {
    ...PROTOCOL,
    async cancel(ports, order) {
      const leg = await ports.store.prepareLeg(order);
      await ports.adapter.cancelOrder(leg);
      const recorded = await ports.store.recordLeg({
        clientOrderId: leg.clientOrderId,
        state: 'cancel_pending',
        fills: [],
        seenBy: 'cancelOrder',
      });
      return { leg: { ...recorded.leg, state: 'cancelled' }, finished: true };
    },
  },

  'settled while a leg may live': {
    ...PROTOCOL,
    settle: async (ports, orderId, final) => {
      await ports.store.settle(orderId, final);
      return { settled: true };
    },
  },

  'the remainder of a chase placed beside the leg that it is to replace': {
    ...PROTOCOL,
    chase: (...order) => {
      const strategy = PROTOCOL.chase(...order);
      const ended = { live: false, state: 'cancelled' } as const;
      return {
        schedule: strategy.schedule,
        decide: ({ legs, now }) => {
          const decision = strategy.decide({ legs, now });
          if (decision.kind !== 'cancel') return decision;
          return strategy.decide({ now, legs: legs.map((leg) => ({ ...leg, ...ended })) });
        },
      };
    },
  },
};
