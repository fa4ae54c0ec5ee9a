/**
 * The life of an intent (our order, one a signal) as a table of allowed moves. Never throws: a throw in a
 * workflow would retry its task for ever. The caller logs anomalies and goes on with the returned state.
 */
import type { IntentState } from './order.ts';

/** What a state machine made of a word it was given. */
export type MoveOutcome =
  /** The move is allowed and changes the state. */
  | 'applied'
  /** Old news: said before, or overtaken. */
  | 'ignored'
  /** It contradicts what we believed. The state stays; a person should know. */
  | 'anomaly';

export interface IntentMove {
  readonly outcome: MoveOutcome;
  /** The state to go on with. */
  readonly state: IntentState;
  readonly detail: string;
}

const ENDINGS = ['done', 'denied', 'expired', 'superseded', 'failed'] as const;

/**
 * From each state, the states it may move to. `working` may still be superseded, expired or denied, since a
 * leg exists before the right to send it is claimed, and the claim reads clock and halt. An approved order is
 * `admitted` again.
 */
export const INTENT_MOVES: Readonly<Record<IntentState, readonly IntentState[]>> = {
  pending: ['admitted', ...ENDINGS],
  admitted: ['awaiting_approval', 'working', ...ENDINGS],
  awaiting_approval: ['admitted', 'working', ...ENDINGS],
  working: ENDINGS,
  done: [],
  denied: [],
  expired: [],
  superseded: [],
  failed: [],
};

const RANK: Readonly<Record<IntentState, number>> = {
  pending: 0,
  admitted: 1,
  awaiting_approval: 2,
  working: 3,
  done: 4,
  denied: 4,
  expired: 4,
  superseded: 4,
  failed: 4,
};

/** True for the states nothing leaves. */
export function isFinalIntent(state: IntentState): boolean {
  return INTENT_MOVES[state].length === 0;
}

/** Moves an intent. A word about an earlier state is ignored, a second, different ending is an anomaly. */
export function moveIntent(from: IntentState, to: IntentState): IntentMove {
  if (from === to) return { outcome: 'ignored', state: from, detail: `already ${from}` };
  if (INTENT_MOVES[from].includes(to)) {
    return { outcome: 'applied', state: to, detail: `${from} → ${to}` };
  }
  if (RANK[to] < RANK[from]) {
    return { outcome: 'ignored', state: from, detail: `${to} is older than ${from}` };
  }
  return { outcome: 'anomaly', state: from, detail: `${to} after the final state ${from}` };
}
