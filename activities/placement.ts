/**
 * The placement protocol: exactly one venue order per leg, whatever crashes, times out or is asked twice.
 * Plain functions over ports; nothing here knows Temporal. How it works:
 *
 * 1. The leg is in PostgreSQL before anything is sent (`prepareLeg`).
 * 2. Only who wins the compare-and-set `new → sending` may send, once, and not past the deadline it wrote.
 * 3. After any outcome that is not a plain answer, nothing is sent: the venue is asked what happened.
 * 4. "Not found" counts only from a look-up that began after the venue's last chance to show the order
 *    (`conclusiveFrom`), inside its retention. Then the claim is given back, and step 2 decides again.
 *
 * Every call starts from the row in PostgreSQL, so running it again after a crash at any point is safe.
 */
import { KeelError, type ErrorCode } from '../core/errors.ts';
import { isFinalLeg } from '../core/leg-machine.ts';
import { Decimal } from '../core/money.ts';
import type { LegView } from '../core/order.ts';
import { clientOrderId } from '../core/signal.ts';
import type { Leg, LegUpdate, NewLeg, OrderRepository } from '../adapters/order-repository.ts';
import type { TradeAdapter, VenueOrderWithFills } from '../adapters/trade-adapter.ts';

export interface LegPorts {
  readonly adapter: Pick<
    TradeAdapter,
    'visibility' | 'marketTime' | 'placeOrder' | 'cancelOrder' | 'getOrderStatus' | 'findOrder'
  >;
  readonly store: Pick<
    OrderRepository,
    'prepareLeg' | 'getLeg' | 'claimSend' | 'releaseSend' | 'recordLeg'
  >;
  /** The venue's transport clock (`TradeAdapter.venueTime`), milliseconds UTC. */
  readonly clock: { now(): number };
  sleep(ms: number): Promise<void>;
  /** How long a request may be under way, at most 5000 ms (Binance's longest sensible recvWindow). */
  readonly sendWindowMs: number;
  /** Told of every send that failed and every move the leg machine called an anomaly. */
  note(event: LegNote): void;
}

export type LegNote =
  | {
      readonly kind: 'send-failed';
      readonly clientOrderId: string;
      readonly code: ErrorCode;
      readonly message: string;
    }
  | { readonly kind: 'sent-again'; readonly clientOrderId: string; readonly sendCount: number }
  | { readonly kind: 'anomaly'; readonly clientOrderId: string; readonly detail: string };

export interface LegOutcome {
  readonly leg: LegView;
  /** The leg is final and every fill of it is booked: nothing more can come. */
  readonly finished: boolean;
}

export interface ResolveInput extends NewLeg {
  /** False once a cancel was asked for: an order that never reached the venue is then given up. */
  readonly resend: boolean;
  /** How long to go on looking before coming back with `unknown`, in wall milliseconds. */
  readonly patienceMs: number;
}

const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 5_000;
/** A lost answer is mostly found at once; the caller publishes `unknown` and resolves on if it is not. */
const PLACE_PATIENCE_MS = 2_000;

/** Codes by which the venue says that no order came of the request. Only these make `rejected`. */
const DEFINITE_REFUSALS: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'VENUE_INSUFFICIENT_BALANCE',
  'VENUE_WOULD_MATCH',
  'VENUE_WOULD_TRIGGER',
  'VENUE_REDUCE_ONLY',
  'VENUE_INVALID_ORDER',
  'VENUE_INVALID_SYMBOL',
  'VENUE_MARKET_CLOSED',
  'VENUE_AUTH',
  'FILTER_PRICE',
  'FILTER_LOT_SIZE',
  'FILTER_NOTIONAL',
]);

/** Codes by which the request was turned away unread: it can be sent again. */
const REFUSED_UNREAD: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'VENUE_CLOCK',
  'VENUE_RATE_LIMITED',
  'VENUE_BANNED',
  'RATE_LIMITED',
]);

/**
 * Places the order's leg at the venue. Comes back with the leg `unknown` where it cannot yet be said what
 * happened: go on with `resolveLeg`. Throws a retryable KeelError when the venue turned the request away
 * unread, or when a read or PostgreSQL failed: call again.
 */
export async function placeLeg(ports: LegPorts, order: NewLeg): Promise<LegOutcome> {
  return resolveLeg(ports, { ...order, resend: true, patienceMs: PLACE_PATIENCE_MS });
}

/** Finds out what became of a leg, and sends (again) only where that is allowed and certain to be single. */
export async function resolveLeg(ports: LegPorts, input: ResolveInput): Promise<LegOutcome> {
  const { resend, patienceMs, ...order } = input;
  const patientUntil = ports.clock.now() + patienceMs;
  let pauseMs = FIRST_PAUSE_MS;
  let leg = await ports.store.prepareLeg(order);
  for (;;) {
    if (neverAtVenue(leg)) return { leg: viewOf(leg), finished: true };
    if (leg.sendState === 'new') {
      const step = resend ? await send(ports, leg) : await giveUp(ports, leg, 'cancelled');
      if ('finished' in step) return step;
      leg = step;
      continue;
    }
    const startedAt = ports.clock.now();
    const found = await ports.adapter.findOrder(leg);
    if (found !== null) return record(ports, found, 'placeOrder');
    if (
      leg.sendState === 'sending' &&
      leg.sendDeadline !== null &&
      isConclusive(ports, leg.sendDeadline, startedAt)
    ) {
      await ports.store.releaseSend(leg.clientOrderId, leg.sendDeadline);
    } else if (ports.clock.now() >= patientUntil) {
      return { leg: viewOf(leg), finished: false };
    } else {
      await ports.sleep(pauseMs);
      pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
    }
    leg = await ports.store.getLeg(leg.clientOrderId);
  }
}

/**
 * What is known of a leg whose placing or resolving failed with `error`: a look-up that failed after a send
 * leaves the outcome unknown, and the caller asks again. Throws any other error on.
 */
export async function leftUnknown(
  ports: LegPorts,
  order: Pick<NewLeg, 'orderId' | 'legNumber'>,
  error: unknown,
): Promise<LegOutcome> {
  if (!(error instanceof KeelError) || error.code !== 'VENUE_UNAVAILABLE') throw error;
  const leg = await ports.store.getLeg(clientOrderId(order.orderId, order.legNumber));
  if (leg.sendState !== 'sending') throw error;
  return { leg: viewOf(leg), finished: false };
}

/** Claims the right to send and sends once. Returns the outcome, or the leg's row to go on from. */
async function send(ports: LegPorts, leg: Leg): Promise<LegOutcome | Leg> {
  const marketTime = await ports.adapter.marketTime();
  const deadline = ports.clock.now() + ports.sendWindowMs;
  const claim = await ports.store.claimSend(leg.clientOrderId, deadline, marketTime);
  if (!claim.claimed) {
    switch (claim.why) {
      case 'taken':
        return claim.leg;
      case 'halted':
        return giveUp(
          ports,
          claim.leg,
          'expired',
          'HALTED',
          'trading was halted before the order was sent',
        );
      case 'expired':
        return giveUp(
          ports,
          claim.leg,
          'expired',
          'SIGNAL_EXPIRED',
          'the signal was past its time before it was sent',
        );
      case 'order-ended':
        return giveUp(
          ports,
          claim.leg,
          'expired',
          'SIGNAL_SUPERSEDED',
          'the order ended before it was sent',
        );
    }
  }
  if (claim.leg.sendCount > 1) {
    ports.note({
      kind: 'sent-again',
      clientOrderId: leg.clientOrderId,
      sendCount: claim.leg.sendCount,
    });
  }
  let answer: VenueOrderWithFills;
  try {
    answer = await ports.adapter.placeOrder({
      clientOrderId: leg.clientOrderId,
      symbol: leg.symbol,
      side: leg.side,
      type: leg.type,
      quantity: leg.quantity,
      ...(leg.price === null ? {} : { price: leg.price }),
      ...(leg.stopPrice === null ? {} : { stopPrice: leg.stopPrice }),
      ...(leg.timeInForce === null ? {} : { timeInForce: leg.timeInForce }),
      ...(leg.reduceOnly ? { reduceOnly: true } : {}),
      deadline,
    });
  } catch (error) {
    return afterFailedSend(ports, leg, deadline, error);
  }
  return record(ports, answer, 'placeOrder');
}

async function afterFailedSend(
  ports: LegPorts,
  leg: Leg,
  deadline: number,
  error: unknown,
): Promise<LegOutcome | Leg> {
  const { clientOrderId } = leg;
  // Whatever is no error of ours says nothing about the venue: ambiguous.
  const code = error instanceof KeelError ? error.code : 'VENUE_UNKNOWN_OUTCOME';
  const message = error instanceof Error ? error.message : String(error);
  ports.note({ kind: 'send-failed', clientOrderId, code, message });
  if (REFUSED_UNREAD.has(code)) {
    await ports.store.releaseSend(clientOrderId, deadline);
    throw error;
  }
  if (DEFINITE_REFUSALS.has(code)) {
    return finish(ports, {
      clientOrderId,
      state: 'rejected',
      ofClaim: deadline,
      errorCode: code,
      errorMessage: message,
    });
  }
  const unknown = await ports.store.recordLeg({
    clientOrderId,
    state: 'unknown',
    ofClaim: deadline,
    errorCode: code,
    errorMessage: message,
    fills: [],
    seenBy: 'placeOrder',
  });
  noteAnomaly(ports, clientOrderId, unknown);
  return ports.store.getLeg(clientOrderId);
}

/** Ends a leg that is at no venue. If another sender claimed it meanwhile the store ignores this: go on from its row. */
export async function giveUp(
  ports: LegPorts,
  leg: Leg,
  state: 'expired' | 'cancelled',
  errorCode?: ErrorCode,
  errorMessage?: string,
): Promise<LegOutcome | Leg> {
  return finish(ports, {
    clientOrderId: leg.clientOrderId,
    state,
    ...(errorCode === undefined ? {} : { errorCode }),
    ...(errorMessage === undefined ? {} : { errorMessage }),
  });
}

async function finish(
  ports: LegPorts,
  update: Omit<LegUpdate, 'fills' | 'seenBy'>,
): Promise<LegOutcome | Leg> {
  const recorded = await ports.store.recordLeg({ ...update, fills: [], seenBy: 'placeOrder' });
  noteAnomaly(ports, update.clientOrderId, recorded);
  if (recorded.leg.state === update.state) return { leg: recorded.leg, finished: true };
  return ports.store.getLeg(update.clientOrderId);
}

/** Books what the venue states about a leg, with its fills, in one transaction. */
export async function record(
  ports: LegPorts,
  seen: VenueOrderWithFills,
  seenBy: string,
): Promise<LegOutcome> {
  const { clientOrderId, filledQuantity } = seen.order;
  const recorded = await ports.store.recordLeg({
    clientOrderId,
    venueOrder: seen.order,
    fills: seen.fills,
    seenBy,
  });
  noteAnomaly(ports, clientOrderId, recorded);
  const filled = seen.fills.reduce((sum, fill) => sum.add(fill.quantity), new Decimal(0));
  return {
    leg: recorded.leg,
    finished: isFinalLeg(recorded.leg.state) && filled.gte(filledQuantity),
  };
}

function noteAnomaly(
  ports: LegPorts,
  clientOrderId: string,
  recorded: { readonly outcome: 'applied' | 'ignored' | 'anomaly'; readonly detail: string },
): void {
  if (recorded.outcome === 'anomaly')
    ports.note({ kind: 'anomaly', clientOrderId, detail: recorded.detail });
}

/** The moment, by the venue's clock, from which a new look-up would show the order if there were one. */
function conclusiveFrom(ports: LegPorts, sendDeadline: number): number {
  const { clockErrorMs, engineTimeoutMs, visibilityLagMs } = ports.adapter.visibility;
  return sendDeadline + clockErrorMs + engineTimeoutMs + visibilityLagMs;
}

function isConclusive(ports: LegPorts, sendDeadline: number, lookUpStartedAt: number): boolean {
  const { retentionMs } = ports.adapter.visibility;
  return (
    lookUpStartedAt > conclusiveFrom(ports, sendDeadline) &&
    ports.clock.now() - sendDeadline < retentionMs
  );
}

/** Final by our own word or the venue's refusal: there is nothing to look up. */
export function neverAtVenue(leg: Leg): boolean {
  return isFinalLeg(leg.state) && leg.venueOrderId === null;
}

export function viewOf(leg: Leg): LegView {
  return {
    clientOrderId: leg.clientOrderId,
    legNumber: leg.legNumber,
    accountId: leg.accountId,
    exchange: leg.exchange,
    venueOrderId: leg.venueOrderId,
    state: leg.state,
    quantity: leg.quantity,
    price: leg.price,
    filledQuantity: leg.filledQuantity,
    filledQuote: leg.filledQuote,
    errorCode: leg.errorCode,
    errorMessage: leg.errorMessage,
  };
}
