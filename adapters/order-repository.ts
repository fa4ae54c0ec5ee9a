/**
 * The door to the books of orders. Each method is a transaction of its own; errors as in repositories.ts.
 *
 * Glossary
 * - order: an intent of ours, one row a signal. leg: one venue order that serves it.
 * - reservation: the order's unfilled quantity (and its quote, for buys), counted against position and
 *   funds from admission on. A booked fill turns as much of it into position; settling frees the rest.
 * - claim: the compare-and-set `new → sending` that gives one caller the right to send a leg once.
 */
import type { AdmissionDecision } from '../core/admission.ts';
import type { ApprovalDecision, ApprovalLimit } from '../core/approval.ts';
import type { ErrorCode } from '../core/errors.ts';
import type { Route } from '../core/execution/route.ts';
import type { Fill, Side } from '../core/fill.ts';
import type { Instrument } from '../core/instrument.ts';
import type { IntentState, LegState, LegView, OrderStatus, OrderView } from '../core/order.ts';
import type { RiskContext, RiskReport } from '../core/risk/rule.ts';
import type { OrderType, Signal, TimeInForce } from '../core/signal.ts';
import type { GuardKey } from './guard-repository.ts';
import type { VenueOrder } from './trade-adapter.ts';

export interface AdmitInput {
  readonly signal: Signal;
  /** Of the workflow execution that asks. Only it may carry the order on. */
  readonly workflowRunId: string;
  readonly instrument: Instrument;
  readonly marketTime: number;
}

/** The stored verdict; the same run asking again gets the same one. */
export type Admission =
  /** Go on: quantity and quote are reserved. */
  | {
      readonly verdict: 'admitted';
      readonly order: OrderView;
      /** A part of the position it reduces is held on other accounts than the strategy's own. */
      readonly heldElsewhere?: true;
      /** Orders not yet sent that this one took the place of. */
      readonly superseded: readonly string[];
    }
  /** Ends here, with the final row written: denied, expired, superseded, or unneeded (target met). */
  | { readonly verdict: 'ended'; readonly order: OrderView }
  /**
   * Orders at the venue are in the way: cancel these first and, where told, have the position's guard stand
   * aside; then ask again. Nothing is written.
   */
  | Extract<AdmissionDecision, { verdict: 'blocked' }>
  /** Another workflow run owns this signal: stop, touch nothing. */
  | { readonly verdict: 'refused'; readonly ownerRunId: string };

/** What an order's route is chosen by. */
export interface RoutingFacts {
  readonly signal: Signal;
  readonly side: Side;
  readonly quantity: string;
  readonly price: string | null;
  readonly reducing: boolean;
  /** Quote to hold back a base unit, with buffer and fee; `"0"` where none is. */
  readonly reservePrice: string;
  /** The parts of the strategy's position, signed, in base. */
  readonly holdings: readonly { readonly accountId: string; readonly quantity: string }[];
  /** Quote free for this order on each account its plan names. */
  readonly free: Readonly<Record<string, string>>;
  /** Chosen before: it stands. */
  readonly route: Route | null;
}

export interface NewLeg {
  readonly orderId: string;
  readonly legNumber: number;
  readonly quantity: string;
  readonly type: OrderType;
  readonly price: string | null;
  /** Stop legs only: the trigger, in quote. */
  readonly stopPrice?: string;
  /** Limit legs only; `gtc` where absent. */
  readonly timeInForce?: TimeInForce;
  /** Derivatives only: the venue must not open or turn a position with it. Default: as the order only reduces. */
  readonly reduceOnly?: boolean;
  /** Account and exchange that trade it; default: the order's. */
  readonly accountId?: string;
  readonly exchange?: string;
}

export interface Leg {
  readonly clientOrderId: string;
  readonly orderId: string;
  readonly legNumber: number;
  readonly accountId: string;
  readonly exchange: string;
  readonly symbol: string;
  readonly side: Side;
  readonly type: OrderType;
  readonly price: string | null;
  readonly stopPrice: string | null;
  readonly timeInForce: TimeInForce | null;
  readonly reduceOnly: boolean;
  readonly quantity: string;
  readonly filledQuantity: string;
  readonly filledQuote: string;
  readonly venueOrderId: string | null;
  readonly state: LegState;
  readonly sendState: 'new' | 'sending' | 'sent';
  readonly sendDeadline: number | null;
  readonly sendCount: number;
  readonly errorCode: string | null;
  readonly errorMessage: string | null;
  /** Of its order: an entry is not sent past it. */
  readonly validUntil: number;
  readonly reducing: boolean;
  readonly orderState: IntentState;
}

export type ClaimRefusal =
  /** A halt covers this order (and the order may not pass it). */
  | 'halted'
  /** The entry is past `validUntil`. */
  | 'expired'
  /** The order is no longer `admitted` or `working`: superseded, or final. */
  | 'order-ended'
  /** Someone else claimed it, or it was sent already: look the leg up at the venue. */
  | 'taken';

export type ClaimResult =
  | { readonly claimed: true; readonly leg: Leg }
  | { readonly claimed: false; readonly why: ClaimRefusal; readonly leg: Leg };

/** What is learnt about a leg; booked with its fills in one transaction. */
export interface LegUpdate {
  readonly clientOrderId: string;
  /** The venue's statement, if there is one. */
  readonly venueOrder?: VenueOrder;
  /** Our own statement where the venue gave none: `rejected`, `unknown`, `cancel_pending`, `expired`. */
  readonly state?: Extract<
    LegState,
    'rejected' | 'unknown' | 'cancel_pending' | 'expired' | 'cancelled'
  >;
  /**
   * The deadline of the claim whose request `state` is about. Ignored where that claim is no longer in force:
   * a sender that stalled before it told of a refusal must not end what another one sent since.
   */
  readonly ofClaim?: number;
  readonly errorCode?: ErrorCode;
  readonly errorMessage?: string;
  readonly fills: readonly Fill[];
  /** Who saw it: `placeOrder`, `trackOrder`, `cancelOrder`, `reconcile`. */
  readonly seenBy: string;
}

export interface LegRecord {
  readonly leg: LegView;
  /** Venue trade ids booked by this call; empty when all were known. */
  readonly booked: readonly string[];
  /** The live guard of the position that the booked fills changed: it is to be told. */
  readonly guard: GuardKey | null;
  /** `anomaly` where the machine forbade the move: logged, never thrown; fills are booked all the same. */
  readonly outcome: 'applied' | 'ignored' | 'anomaly';
  readonly detail: string;
}

export interface FinalState {
  readonly state: Extract<IntentState, 'done' | 'denied' | 'expired' | 'superseded' | 'failed'>;
  readonly reasonCode?: ErrorCode;
  readonly reason?: string;
}

export interface OrderQuery {
  readonly strategyId?: string;
  readonly status?: OrderStatus;
  readonly symbol?: string;
  /** Only orders that are not final. */
  readonly open?: boolean;
  readonly limit: number;
  /** Order id to continue after (orders come newest first). */
  readonly after?: string;
}

/** What happens to an order in the transaction that stores its event; none or one of them. */
export interface OrderChange {
  /** As `recordRisk`. */
  readonly report?: RiskReport;
  /** As `settle`. */
  readonly final?: FinalState;
}

export interface OrderEvent {
  readonly orderId: string;
  readonly version: number;
  readonly status: OrderStatus;
  readonly event: OrderView;
  readonly at: number;
}

export interface OrderRepository {
  /** Locks strategy, then position; decides by core/admission.ts; writes the intent row and its reservation. */
  admit(input: AdmitInput): Promise<Admission>;
  riskContext(orderId: string, instrument: Instrument, marketTime: number): Promise<RiskContext>;
  /** Stores the report; a denial also makes the order final and frees its reservation. */
  recordRisk(orderId: string, report: RiskReport): Promise<OrderView>;
  routingFacts(orderId: string): Promise<RoutingFacts>;
  /** Stores the route unless the order has one; returns the one that is there. */
  recordRoute(orderId: string, route: Route): Promise<Route>;
  /** The order waits for a person, with what it has reserved; one that was decided on, or is final, stays. */
  awaitApproval(orderId: string, due: ApprovalLimit): Promise<OrderView>;
  /** Who decided, when, and why: with the order and in the audit log. The first decision stands. */
  recordApproval(orderId: string, decision: ApprovalDecision): Promise<OrderView>;
  /** Inserts the leg as `submitting`/`new` and moves the intent to `working`; returns the row that is there. */
  prepareLeg(leg: NewLeg): Promise<Leg>;
  getLeg(clientOrderId: string): Promise<Leg>;
  /** One statement: `new → sending` with the deadline, unless halted, expired or ended. */
  claimSend(clientOrderId: string, sendDeadline: number, marketTime: number): Promise<ClaimResult>;
  /** `sending → new`, only if the deadline is still the one given: the venue never saw it. */
  releaseSend(clientOrderId: string, sendDeadline: number): Promise<boolean>;
  /** The one way fills reach the books: leg, fills, order totals, position, history and ledger together. */
  recordLeg(update: LegUpdate): Promise<LegRecord>;
  /** Makes the order final and frees what is reserved. Idempotent: a final order stays as it is. */
  settle(orderId: string, final: FinalState): Promise<OrderView>;
  /**
   * Makes the change, stamps the order with the workflow's version and stores the event; a known version
   * returns the stored one.
   */
  recordEvent(orderId: string, version: number, change?: OrderChange): Promise<OrderEvent>;
  getOrder(orderId: string): Promise<OrderView>;
  listOrders(query: OrderQuery): Promise<readonly OrderView[]>;
  orderEvents(orderId: string): Promise<readonly OrderEvent[]>;
  orderFills(orderId: string): Promise<readonly Fill[]>;
}
