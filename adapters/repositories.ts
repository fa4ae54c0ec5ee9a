/**
 * The door to PostgreSQL: what the rest of the house asks of it, each a transaction of its own.
 *
 * Glossary
 * - order: an intent of ours, one row a signal. leg: one venue order that serves it.
 * - reservation: the order's unfilled quantity (and its quote, for buys), counted against position and
 *   funds from admission on. A booked fill turns as much of it into position; settling frees the rest.
 * - claim: the compare-and-set `new → sending` that gives one caller the right to send a leg once.
 * - epoch: the fence of a strategy instance; a commit with an older epoch is refused.
 *
 * Implemented by `createRepositories(db)` in adapters/storage. Failures are KeelError: NOT_FOUND, CONFLICT,
 * FENCED, or UNAVAILABLE when PostgreSQL does not answer.
 */
import type { ErrorCode } from '../core/errors.ts';
import type { Fill, Side } from '../core/fill.ts';
import type { Instrument } from '../core/instrument.ts';
import type { Kline } from '../core/kline.ts';
import type { IntentState, LegState, LegView, OrderStatus, OrderView } from '../core/order.ts';
import type { Position } from '../core/position.ts';
import type { RiskContext, RiskReport } from '../core/risk/rule.ts';
import type { OrderType, Signal } from '../core/signal.ts';
import type { Interval } from '../core/time.ts';
import type { VenueOrder } from './trade-adapter.ts';

/** Any JSON value. */
export type Json =
  null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

// ---- orders -------------------------------------------------------------------------------------

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
  | { readonly verdict: 'admitted'; readonly order: OrderView }
  /** Ends here, with the final row written: denied, expired, superseded, or unneeded (target met). */
  | { readonly verdict: 'ended'; readonly order: OrderView }
  /** Opposite orders rest at the venue: cancel these first, then ask again. Nothing is written. */
  | { readonly verdict: 'blocked'; readonly cancelFirst: readonly string[] }
  /** Another workflow run owns this signal: stop, touch nothing. */
  | { readonly verdict: 'refused'; readonly ownerRunId: string };

export interface NewLeg {
  readonly orderId: string;
  readonly legNumber: number;
  readonly quantity: string;
  readonly type: OrderType;
  readonly price: string | null;
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
  /** Stamps the order with the workflow's version and stores the event; a known version returns the stored one. */
  recordEvent(orderId: string, version: number): Promise<OrderEvent>;
  getOrder(orderId: string): Promise<OrderView>;
  listOrders(query: OrderQuery): Promise<readonly OrderView[]>;
  orderEvents(orderId: string): Promise<readonly OrderEvent[]>;
  orderFills(orderId: string): Promise<readonly Fill[]>;
}

// ---- strategies ---------------------------------------------------------------------------------

export type StrategyStatus = 'created' | 'running' | 'stopping' | 'stopped' | 'failed';

export interface StrategyQuota {
  /** Quote the strategy may work with. */
  readonly allocation: string;
  readonly maxPosition: string | null;
  readonly maxOrderNotional: string | null;
  readonly maxOrdersPerDay: number | null;
}

export interface StrategyRecord {
  readonly id: string;
  readonly name: string;
  readonly type: string;
  readonly accountId: string;
  readonly exchange: string;
  readonly config: { readonly [key: string]: Json };
  readonly status: StrategyStatus;
  readonly statusReason: string | null;
  readonly runId: string | null;
  readonly quota: StrategyQuota;
  readonly createdBy: string;
  readonly createdAt: number;
  readonly updatedAt: number;
}

export type NewStrategy = Pick<
  StrategyRecord,
  'id' | 'name' | 'type' | 'accountId' | 'exchange' | 'config' | 'quota' | 'createdBy'
>;

/** A runner's memory between bars. */
export interface Checkpoint {
  readonly strategyId: string;
  readonly runId: string;
  readonly epoch: number;
  /** `closeAt` up to which bars only warm up; null until the run's first claim fixed it. */
  readonly anchorAt: number | null;
  /** Feed key → `closeAt` of the last bar handled. */
  readonly offsets: Readonly<Record<string, number>>;
  /** Symbol → last sequence number given out. */
  readonly sequences: Readonly<Record<string, number>>;
  /** Null until the first bar was handled. */
  readonly state: Json;
  readonly snapshot: Json;
}

/** What a strategy is told of its own standing. */
export interface StrategySnapshot {
  readonly positions: Readonly<Record<string, Position>>;
  readonly openOrders: readonly OrderView[];
  /** Quote not bound in positions or reservations. */
  readonly freeFunds: string;
  readonly allocation: string;
}

export interface StrategyRepository {
  /** Throws CONFLICT when the id is taken. */
  create(strategy: NewStrategy): Promise<StrategyRecord>;
  get(id: string): Promise<StrategyRecord>;
  list(): Promise<readonly StrategyRecord[]>;
  /** Marks running under a new run id and clears the checkpoint. CONFLICT while another run is on; same run: no-op. */
  beginRun(id: string, runId: string): Promise<StrategyRecord>;
  /** Leaves a newer run alone. */
  endRun(
    id: string,
    runId: string,
    status: 'stopping' | 'stopped' | 'failed',
    reason?: string,
  ): Promise<void>;
  /** Takes the instance: epoch + 1. The first claim of a run fixes `anchorAt`. FENCED if the run is over. */
  claim(strategyId: string, runId: string, anchorAt: number): Promise<Checkpoint>;
  /** One transaction, fenced: checkpoint and outbox. Throws FENCED when the epoch is not the newest. */
  commit(checkpoint: Checkpoint, signals: readonly Signal[]): Promise<void>;
  unpublished(strategyId?: string): Promise<readonly Signal[]>;
  /** All signals that a run committed, oldest first. */
  signalIds(runId: string): Promise<readonly string[]>;
  markPublished(signalIds: readonly string[]): Promise<void>;
  snapshot(strategyId: string): Promise<StrategySnapshot>;
  /**
   * True when every running strategy has handled its bars up to `marketTime` and each of its signals has an
   * order that rests at the venue or is final: the moment a replay may go on to its next bar.
   */
  isQuiet(marketTime: number): Promise<boolean>;
}

// ---- the rest -----------------------------------------------------------------------------------

export interface KlineRepository {
  upsert(klines: readonly Kline[]): Promise<void>;
  newest(exchange: string, symbol: string, interval: Interval): Promise<Kline | null>;
  /** Bars with `from < closeAt <= to`, oldest first. */
  range(q: {
    readonly exchange: string;
    readonly symbol: string;
    readonly interval: Interval;
    readonly from: number;
    readonly to: number;
  }): Promise<readonly Kline[]>;
  /** The last `count` bars with `closeAt <= to`, oldest first. */
  last(q: {
    readonly exchange: string;
    readonly symbol: string;
    readonly interval: Interval;
    readonly to: number;
    readonly count: number;
  }): Promise<readonly Kline[]>;
}

export interface AccountRecord {
  readonly id: string;
  readonly exchange: string;
  readonly mode: 'paper' | 'sandbox' | 'live';
  readonly feeIn: string;
}

export interface AccountBalance {
  readonly accountId: string;
  readonly asset: string;
  readonly total: string;
  readonly reserved: string;
  readonly updatedAt: number;
}

export interface AccountRepository {
  /** Inserts the account and its opening balances once; later calls change nothing. */
  ensure(account: AccountRecord, opening: Readonly<Record<string, string>>): Promise<void>;
  list(): Promise<readonly AccountRecord[]>;
  balances(accountId?: string): Promise<readonly AccountBalance[]>;
}

export interface PositionRecord extends Position {
  readonly strategyId: string;
  readonly accountId: string;
  readonly exchange: string;
  readonly updatedAt: number;
}

export interface EquityPoint {
  readonly strategyId: string;
  readonly at: number;
  readonly equity: string;
  readonly cash: string;
  readonly positionValue: string;
  readonly realisedPnl: string;
  readonly unrealisedPnl: string;
  /** Position value / equity. */
  readonly utilisation: string;
}

export interface TradeRecord {
  readonly strategyId: string;
  readonly symbol: string;
  readonly tradeNumber: number;
  readonly side: 'long' | 'short';
  readonly entryAt: number;
  readonly exitAt: number | null;
  readonly entryTag: string;
  readonly exitTag: string | null;
  readonly quantity: string;
  readonly entryPrice: string;
  readonly exitPrice: string | null;
  readonly pnl: string | null;
  readonly fees: string;
  readonly mae: string | null;
  readonly mfe: string | null;
}

/** What the manager derives. Every method is idempotent and does not care in which order it is called. */
export interface PortfolioRepository {
  /** False when this version, or a newer one, was taken in already. */
  takeOrderVersion(orderId: string, version: number): Promise<boolean>;
  /** Recomputes balances and reservations of an account from opening balances, ledger and open orders. */
  rebuildBalances(accountId: string, at: number): Promise<readonly AccountBalance[]>;
  /** Recomputes the round trips of a strategy and symbol from its fills and the stored bars. */
  rebuildTrades(strategyId: string, symbol: string): Promise<void>;
  /** Writes equity at market time `at`, marking at the prices given (symbol → price). */
  recordEquity(
    strategyId: string,
    at: number,
    prices: Readonly<Record<string, string>>,
  ): Promise<EquityPoint>;
  positions(strategyId?: string): Promise<readonly PositionRecord[]>;
  trades(strategyId?: string): Promise<readonly TradeRecord[]>;
  /** Newest point of each strategy. */
  latestEquity(): Promise<readonly EquityPoint[]>;
  equityCurve(strategyId: string, from: number, to: number): Promise<readonly EquityPoint[]>;
}

export interface Halt {
  readonly id: number;
  readonly scope: 'all' | 'strategy' | 'exchange' | 'symbol';
  readonly target: string;
  readonly reason: string;
  readonly setBy: string;
  readonly setAt: number;
}

export interface HaltRepository {
  set(halt: Omit<Halt, 'id' | 'setAt'>): Promise<Halt>;
  lift(id: number, by: string): Promise<void>;
  active(): Promise<readonly Halt[]>;
}

export type Role = 'viewer' | 'trader' | 'risk' | 'admin';

export interface UserRecord {
  readonly name: string;
  readonly role: Role;
  readonly passwordHash: string;
  readonly createdAt: number;
}

export interface UserRepository {
  count(): Promise<number>;
  /** False when the name is taken. */
  add(user: UserRecord): Promise<boolean>;
  find(name: string): Promise<UserRecord | null>;
}

export interface AuditRepository {
  write(entry: {
    readonly actor: string;
    readonly action: string;
    readonly target: string;
    readonly detail?: Json;
  }): Promise<void>;
}

export interface SettingRepository {
  /** Stores the value unless there is one; returns the one that is there. */
  getOrCreate(key: string, value: () => string): Promise<string>;
}

/** The paper venue's books. */
export interface PaperStore {
  load(accountId: string, clientOrderId: string): Promise<Json | null>;
  list(accountId: string): Promise<readonly Json[]>;
  /**
   * Runs `change` on the account under a lock and stores what it returns, all or nothing: orders by client
   * order id, balances by asset.
   */
  transact<T>(
    accountId: string,
    change: (books: {
      readonly orders: Map<string, Json>;
      readonly balances: Map<string, string>;
    }) => T,
  ): Promise<T>;
}

export interface Repositories {
  readonly orders: OrderRepository;
  readonly strategies: StrategyRepository;
  readonly klines: KlineRepository;
  readonly accounts: AccountRepository;
  readonly portfolio: PortfolioRepository;
  readonly halts: HaltRepository;
  readonly users: UserRepository;
  readonly audit: AuditRepository;
  readonly settings: SettingRepository;
  readonly paper: PaperStore;
  /** Resolves when PostgreSQL answers; throws UNAVAILABLE with the reason. */
  ping(): Promise<void>;
  close(): Promise<void>;
}
