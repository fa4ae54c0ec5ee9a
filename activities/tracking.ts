/**
 * Following a leg at the venue, and cancelling it. Both are level-triggered: they read what is, book it,
 * and never rely on having seen a change happen.
 */
import { KeelError } from '../core/errors.ts';
import { isFinalLeg } from '../core/leg-machine.ts';
import type { LegState, LegView } from '../core/order.ts';
import type { NewLeg } from '../adapters/order-repository.ts';
import type { OrderNotice, VenueOrderWithFills } from '../adapters/trade-adapter.ts';
import {
  giveUp,
  neverAtVenue,
  record,
  viewOf,
  type LegOutcome,
  type LegPorts,
} from './placement.ts';

export interface TrackPorts extends LegPorts {
  /** Called once a round: tells Temporal that the tracker lives. */
  beat(): void;
  /** Resolves on the next word of the venue about this order, or after `ms`. */
  waitForNotice(ms: number): Promise<void>;
  readonly pollMs: number;
}

export interface TrackInput extends OrderNotice {
  /** What the caller knows; the tracker returns as soon as the truth differs. */
  readonly lastSeen: { readonly state: LegState; readonly filledQuantity: string };
  /** Market time from which the order has lived long enough; null: for ever. */
  readonly timeoutAt: number | null;
}

export interface TrackResult extends LegOutcome {
  readonly kind: 'changed' | 'timeout';
}

/** So many looks in a row at which the venue does not know the order are told to people. */
const UNSEEN_LOOKS = 30;

/** Follows a leg until it differs from `lastSeen`, has finished, or market time reaches `timeoutAt`. */
export async function trackLeg(ports: TrackPorts, input: TrackInput): Promise<TrackResult> {
  const { clientOrderId, symbol, lastSeen, timeoutAt } = input;
  let unseen = 0;
  for (;;) {
    ports.beat();
    const seen = await look(ports, { clientOrderId, symbol });
    if (seen === null) {
      unseen += 1;
      if (unseen % UNSEEN_LOOKS === 0) {
        const detail = `the venue had the order and has not shown it at the last ${String(unseen)} looks`;
        ports.note({ kind: 'anomaly', clientOrderId, detail });
      }
    } else {
      unseen = 0;
      const outcome = await record(ports, seen, 'trackOrder');
      const { state, filledQuantity } = outcome.leg;
      if (
        outcome.finished ||
        state !== lastSeen.state ||
        filledQuantity !== lastSeen.filledQuantity
      ) {
        return { kind: 'changed', ...outcome };
      }
      if (
        !isFinalLeg(state) &&
        timeoutAt !== null &&
        (await ports.adapter.marketTime()) >= timeoutAt
      ) {
        return { kind: 'timeout', ...outcome };
      }
    }
    await ports.waitForNotice(ports.pollMs);
  }
}

const CANCEL_READS = 5;
const CANCEL_READ_PAUSE_MS = 200;

/**
 * Cancels the leg and reads the venue until it says how it ended: a leg may have been filled on the way.
 * A leg that was never sent ends as `cancelled` without a word to the venue. Comes back unfinished when the
 * venue has not come to an end yet: call again. Throws when the venue or PostgreSQL does not answer.
 */
export async function cancelLeg(ports: LegPorts, order: NewLeg): Promise<LegOutcome> {
  let leg = await ports.store.prepareLeg(order);
  if (leg.sendState === 'new' && !isFinalLeg(leg.state)) {
    const step = await giveUp(ports, leg, 'cancelled');
    if ('finished' in step) return step;
    leg = step;
  }
  if (neverAtVenue(leg)) return { leg: viewOf(leg), finished: true };
  if (leg.state === 'open' || leg.state === 'partially_filled') {
    await ports.store.recordLeg({
      clientOrderId: leg.clientOrderId,
      state: 'cancel_pending',
      fills: [],
      seenBy: 'cancelOrder',
    });
  }
  if (!isFinalLeg(leg.state)) {
    try {
      await ports.adapter.cancelOrder(leg);
    } catch (error) {
      // Nothing is open under this id (any more, or yet): the look-up below tells which.
      if (!(error instanceof KeelError) || error.code !== 'VENUE_ORDER_NOT_FOUND') throw error;
    }
  }
  let view: LegView = viewOf(leg);
  for (let reads = 0; reads < CANCEL_READS; reads += 1) {
    if (reads > 0) await ports.sleep(CANCEL_READ_PAUSE_MS * reads);
    const seen = await look(ports, leg);
    if (seen === null) continue;
    const outcome = await record(ports, seen, 'cancelOrder');
    if (outcome.finished) return outcome;
    view = outcome.leg;
  }
  return { leg: view, finished: false };
}

/** One cheap look-up; where it fails to find the order, every other place it can be seen. */
async function look(ports: LegPorts, order: OrderNotice): Promise<VenueOrderWithFills | null> {
  const notice = { clientOrderId: order.clientOrderId, symbol: order.symbol };
  try {
    return await ports.adapter.getOrderStatus(notice);
  } catch (error) {
    if (!(error instanceof KeelError) || error.code !== 'VENUE_ORDER_NOT_FOUND') throw error;
    return ports.adapter.findOrder(notice);
  }
}
