/**
 * An execution strategy decides, from facts alone, which legs an order sends next. Pure and without memory:
 * whoever asks again with the same facts gets the same answer, so a workflow that slept through an outage,
 * or was replayed, goes on where the order stands.
 *
 *     const strategy = executionStrategy(plan, terms, route);
 *     strategy.decide({ now, legs });   // send, cancel, wait or done
 *
 * A leg is one venue order. The caller sends what it is told, numbers the legs, and asks again at each change.
 */
import type { ErrorCode } from '../errors.ts';
import type { Side } from '../fill.ts';
import { Decimal, decimal, toDecimalString } from '../money.ts';
import type { LegState } from '../order.ts';
import type { OrderType } from '../signal.ts';

/** The order as admission made it. */
export interface OrderTerms {
  readonly orderId: string;
  readonly side: Side;
  readonly type: OrderType;
  /** Limit price in quote; null for others. */
  readonly price: string | null;
  /** Base, on the step. */
  readonly quantity: string;
  /** In quote: the notional of orders without a price is taken at it. */
  readonly referencePrice: string;
}

/** An account an order may be worked on, with what its venue accepts of this order's type. */
export interface Place {
  readonly accountId: string;
  readonly exchange: string;
  readonly step: string;
  readonly minQuantity: string;
  readonly maxQuantity: string;
  readonly minNotional: string;
  /** Most of the order that this account can take, in base: what is held there, or can be paid. Null: any. */
  readonly capacity: string | null;
}

export interface LegPlan {
  readonly accountId: string;
  readonly exchange: string;
  /** Base, on the account's step. */
  readonly quantity: string;
  /** Which part of the plan it serves, from 0: a TWAP's slot, an iceberg's tip, a split's round. */
  readonly slot: number;
  /** For people: `slice 3 of 10`. */
  readonly note: string;
  /** Its price is asked for when it is sent; absent: the order's own limit price, if it has one. */
  readonly repriced?: true;
}

export interface LegFact extends LegPlan {
  readonly legNumber: number;
  /** When it was begun: wall clock, ms UTC. */
  readonly begunAt: number;
  /** Not final, or a fill of it is still to be booked. */
  readonly live: boolean;
  readonly state: LegState;
  /** Base. */
  readonly filled: string;
  readonly errorCode: ErrorCode | null;
}

export interface ExecutionFacts {
  /** Wall clock, ms UTC. */
  readonly now: number;
  /** All legs so far, by their numbers. */
  readonly legs: readonly LegFact[];
}

export type ExecutionDecision =
  | { readonly kind: 'send'; readonly legs: readonly LegPlan[] }
  | { readonly kind: 'cancel'; readonly legNumbers: readonly number[]; readonly reason: string }
  /** Until this wall-clock moment, or until a leg changes; null: only the latter. */
  | { readonly kind: 'wait'; readonly until: number | null }
  /** No leg lives. `reason` says why something is left unfilled; null when nothing is. */
  | { readonly kind: 'done'; readonly reason: string | null };

export interface ExecutionStrategy {
  /** Lines for people: the schedule, or where the order goes and why. */
  readonly schedule: readonly string[];
  decide(facts: ExecutionFacts): ExecutionDecision;
}

/** Base filled by all legs together. */
export function filledBy(legs: readonly LegFact[]): Decimal {
  return legs.reduce((sum, leg) => sum.plus(leg.filled), new Decimal(0));
}

/** Codes of a leg that was not sent because its order may send no more. */
const ORDER_MAY_NOT_SEND: ReadonlySet<ErrorCode | null> = new Set<ErrorCode | null>([
  'HALTED',
  'SIGNAL_EXPIRED',
  'SIGNAL_SUPERSEDED',
]);

/** A leg the venue definitely refused. */
export function isRefused(leg: LegFact): boolean {
  return leg.state === 'rejected';
}

/**
 * What ends any plan: the quantity is filled, or a leg was kept from being sent (a halt, an expiry), for then
 * no other may be sent either: live ones are cancelled. Null when the plan goes on.
 */
export function endingOf(terms: OrderTerms, legs: readonly LegFact[]): ExecutionDecision | null {
  const live = legs.filter((leg) => leg.live);
  const kept = legs.find((leg) => !leg.live && ORDER_MAY_NOT_SEND.has(leg.errorCode));
  if (kept !== undefined) {
    const reason = `${kept.note}: ${String(kept.errorCode)}, no more is sent`;
    return live.length > 0 ? cancelAll(live, reason) : { kind: 'done', reason };
  }
  if (live.length === 0 && filledBy(legs).gte(terms.quantity))
    return { kind: 'done', reason: null };
  return null;
}

export function cancelAll(legs: readonly LegFact[], reason: string): ExecutionDecision {
  return { kind: 'cancel', legNumbers: legs.map((leg) => leg.legNumber), reason };
}

/** `0.3 of 1 is left unfilled: why`. */
export function leftUnfilled(terms: OrderTerms, legs: readonly LegFact[], why: string): string {
  const left = decimal(terms.quantity).minus(filledBy(legs));
  return `${toDecimalString(left)} of ${terms.quantity} is left unfilled: ${why}`;
}
