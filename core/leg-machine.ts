/**
 * The life of a leg (one venue order) as a table of allowed moves. Never throws. Fills are facts and are
 * booked whatever this machine says; it only decides which state the leg shows.
 */
import type { MoveOutcome } from './intent-machine.ts';
import type { LegState } from './order.ts';

export interface LegMove {
  readonly outcome: MoveOutcome;
  /** The state to go on with. */
  readonly state: LegState;
  readonly detail: string;
}

/**
 * From each state, the states it may move to.
 * - `unknown` never becomes `rejected`: after an ambiguous send only the venue's record of the order, or its
 *   conclusive absence, ends it. It becomes `submitting` when the right to send again was claimed.
 * - `unknown` is only reached from states in which a request of ours is in flight.
 * - `cancel_pending` is not left for `open`: a read may be older than our cancel.
 */
export const LEG_MOVES: Readonly<Record<LegState, readonly LegState[]>> = {
  submitting: [
    'open',
    'partially_filled',
    'filled',
    'cancelled',
    'expired',
    'rejected',
    'cancel_pending',
    'triggered',
    'unknown',
  ],
  open: [
    'partially_filled',
    'filled',
    'cancelled',
    'expired',
    'rejected',
    'cancel_pending',
    'amend_pending',
    'triggered',
  ],
  partially_filled: ['filled', 'cancelled', 'expired', 'cancel_pending', 'amend_pending'],
  triggered: [
    'open',
    'partially_filled',
    'filled',
    'cancelled',
    'expired',
    'rejected',
    'cancel_pending',
    'amend_pending',
  ],
  amend_pending: [
    'open',
    'partially_filled',
    'filled',
    'cancelled',
    'expired',
    'cancel_pending',
    'unknown',
  ],
  cancel_pending: ['filled', 'cancelled', 'expired', 'rejected', 'unknown'],
  unknown: [
    'submitting',
    'open',
    'partially_filled',
    'filled',
    'cancelled',
    'expired',
    'triggered',
  ],
  filled: [],
  cancelled: [],
  expired: [],
  rejected: [],
};

/** True for the states nothing leaves. `unknown` and the pending ones are not final. */
export function isFinalLeg(state: LegState): boolean {
  return LEG_MOVES[state].length === 0;
}

/**
 * Moves a leg. A late word about an earlier state is ignored. Anomalies: a second, different ending (such as
 * `filled` after `cancelled`, which does happen), any sign of life of a rejected order, and `rejected` for
 * an order that cannot be refused any more.
 */
export function moveLeg(from: LegState, to: LegState): LegMove {
  if (from === to) return { outcome: 'ignored', state: from, detail: `already ${from}` };
  if (LEG_MOVES[from].includes(to)) {
    return { outcome: 'applied', state: to, detail: `${from} → ${to}` };
  }
  if (isFinalLeg(from) && isFinalLeg(to)) {
    return { outcome: 'anomaly', state: from, detail: `${to} after the final state ${from}` };
  }
  if (from === 'rejected' && (to === 'open' || to === 'partially_filled' || to === 'triggered')) {
    return { outcome: 'anomaly', state: from, detail: `${to}: the rejected order lives` };
  }
  if (to === 'rejected') {
    return { outcome: 'anomaly', state: from, detail: `rejected cannot follow ${from}` };
  }
  return { outcome: 'ignored', state: from, detail: `${to} says nothing new after ${from}` };
}
