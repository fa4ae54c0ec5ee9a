/**
 * The door to a venue's trading side. One implementation a venue; all pass the suite in
 * `adapters/venues/trade-adapter.contract.ts`.
 *
 * Every method throws `KeelError` with one of our codes and nothing else. What the placement protocol
 * (activities/placement.ts) needs to know of a failed send is in the code:
 * - a definite refusal (VENUE_INSUFFICIENT_BALANCE, VENUE_INVALID_ORDER, FILTER_*, VENUE_AUTH, …): no order exists;
 * - refused unread (VENUE_CLOCK, VENUE_RATE_LIMITED, VENUE_BANNED): no order exists, sending again is safe;
 * - VENUE_DUPLICATE_ID: the order exists;
 * - VENUE_UNKNOWN_OUTCOME: it may or may not exist; look it up.
 */
import type { AccountTrade, Fill, Side } from '../core/fill.ts';

import type { Instrument } from '../core/instrument.ts';
import type { LegState } from '../core/order.ts';
import type { OrderBook } from '../core/order-book.ts';
import type { OrderType, TimeInForce } from '../core/signal.ts';

export interface PlaceOrderRequest {
  readonly clientOrderId: string;
  readonly symbol: string;
  readonly side: Side;
  readonly type: OrderType;
  /** Base units, already on the step. */
  readonly quantity: string;
  /** Limit and stop-limit orders only, already on the tick. */
  readonly price?: string;
  /**
   * Stop and stop-limit orders only, already on the tick: when the market falls to it (sells) or rises to it (buys)
   * the venue makes it a market order, or a limit order at `price`. Behind the market already:
   * VENUE_WOULD_TRIGGER, and no order exists.
   */
  readonly stopPrice?: string;
  /**
   * Limit orders only; `gtc` where absent. What `ioc` and `fok` leave ends `expired` or `cancelled`; a `post-only`
   * order that would take is refused with VENUE_WOULD_MATCH or ends without a fill.
   */
  readonly timeInForce?: TimeInForce;
  /** Derivatives only: the venue refuses or shrinks what would open or turn the position. */
  readonly reduceOnly?: boolean;
  /**
   * By `venueTime`, milliseconds: after it the venue must refuse the request (Binance: timestamp +
   * recvWindow). The adapter does not send past it.
   */
  readonly deadline: number;
}

/** One order as the venue states it, in our words. */
export interface VenueOrder {
  readonly clientOrderId: string;
  readonly venueOrderId: string;
  readonly symbol: string;
  readonly side: Side;
  readonly type: OrderType;
  readonly price: string | null;
  /** Stop and stop-limit orders only, else null. */
  readonly stopPrice: string | null;
  readonly quantity: string;
  readonly filledQuantity: string;
  readonly filledQuote: string;
  /** Mapped from `rawStatus`; never `submitting`. */
  readonly state: LegState;
  /** The venue's own word: `NEW`, `PARTIALLY_FILLED`, `EXPIRED_IN_MATCH` … */
  readonly rawStatus: string;
  /** Venue time of the last change. */
  readonly updatedAt: number;
}

/** An order with all its fills known so far. Fills may lag the order: then their sum is below `filledQuantity`. */
export interface VenueOrderWithFills {
  readonly order: VenueOrder;
  readonly fills: readonly Fill[];
}

export interface Balance {
  readonly asset: string;
  readonly free: string;
  readonly locked: string;
}

export interface VenuePosition {
  readonly symbol: string;
  readonly quantity: string;
}

/** Funding of a contract, as the venue booked it. */
export interface FundingPayment {
  /** Unique per account and symbol: the key that makes booking idempotent. */
  readonly venueFundingId: string;
  readonly symbol: string;
  /** The settlement asset. */
  readonly asset: string;
  /** Signed: positive is received. */
  readonly amount: string;
  readonly paidAt: number;
}

/** A funding rate that a contract settled at. */
export interface FundingRate {
  /** A fraction of notional, positive where longs pay shorts. */
  readonly rate: string;
  /** Venue time at which it was paid, and told. */
  readonly publishedAt: number;
}

/** An order on the account's contract that the venue made itself, with its fills. Its client id is the venue's. */
export interface VenueMadeOrder {
  readonly cause: 'liquidation' | 'adl' | 'settlement';
  readonly order: VenueOrder;
  readonly fills: readonly Fill[];
}

/** How long this venue may stay silent about an order that exists; what makes "not found" conclusive. */
export interface VisibilityBounds {
  /** Largest error of our measured clock offset. */
  readonly clockErrorMs: number;
  /** Longest the matching engine may hold a request it has accepted. */
  readonly engineTimeoutMs: number;
  /** Longest an accepted order may be missing from reads. */
  readonly visibilityLagMs: number;
  /** How long a finished order can still be looked up by client order id. */
  readonly retentionMs: number;
}

/** Something happened to one of the account's orders; the subscriber reads the order itself from the venue. */
export interface OrderNotice {
  readonly clientOrderId: string;
  readonly symbol: string;
}

/** The account traded by an order that Keel did not make: a person's, another program's, the venue's own. */
export interface ForeignTradeNotice {
  /** The venue's name of the symbol, traded by Keel or not. Null: the stream was cut, one may have been missed. */
  readonly venueSymbol: string | null;
}

export interface TradeAdapter {
  /** As in `accounts.exchange`, topic names and `Kline.exchange`. */
  readonly exchange: string;
  readonly accountId: string;
  readonly visibility: VisibilityBounds;
  /** The venue takes stop orders: a guard's stop rests there, and triggers while Keel is down. */
  readonly stopOrders: boolean;

  /** Loads instruments and measures the clock offset. Call once before anything else. */
  connect(): Promise<void>;
  disconnect(): Promise<void>;

  /**
   * The venue's transport clock, ms UTC: our wall clock plus the measured offset. Deadlines are in it, so that
   * hosts whose clocks differ agree on when one has passed.
   */
  venueTime(): number;
  /** Market time: the venue's clock, or in a replay the simulator's. Milliseconds UTC. */
  marketTime(): Promise<number>;

  /** Throws NOT_FOUND for a symbol the venue does not list. */
  instrument(symbol: string): Promise<Instrument>;
  /** At most `depth` levels a side, 1 to 100. */
  orderBook(symbol: string, depth: number): Promise<OrderBook>;
  getBalance(asset: string): Promise<Balance>;
  getBalances(): Promise<readonly Balance[]>;
  getPositions(): Promise<readonly VenuePosition[]>;

  /**
   * Makes sure that the account trades these symbols as configured: one-way position mode, margin type,
   * leverage. Sets what differs while nothing is open, else throws CONFLICT saying what differs. Spot: nothing.
   * `instrument` tells the leverage from here on.
   */
  prepareAccount(symbols: readonly string[]): Promise<void>;

  placeOrder(request: PlaceOrderRequest): Promise<VenueOrderWithFills>;
  /** Asks for a cancel. VENUE_ORDER_NOT_FOUND where nothing is open any more: look at the order. */
  cancelOrder(order: OrderNotice): Promise<void>;
  /** One look-up by client order id, with fills. Throws VENUE_ORDER_NOT_FOUND. */
  getOrderStatus(order: OrderNotice): Promise<VenueOrderWithFills>;
  /**
   * Every place an order can be seen: the look-up by id, open orders, history, own trades. Null only when
   * all of them answered and none knows it; a failed read throws.
   */
  findOrder(order: OrderNotice): Promise<VenueOrderWithFills | null>;
  openOrders(symbol: string): Promise<readonly VenueOrder[]>;
  /** Fills of Keel's orders executed at or after `since` (market time), oldest first. */
  fillsSince(symbol: string, since: number): Promise<readonly Fill[]>;
  /** All trades of the account executed at or after `since` (market time), oldest first: others' too. */
  accountTrades(symbol: string, since: number): Promise<readonly AccountTrade[]>;
  /** Funding of a contract paid at or after `since` (market time), oldest first. Spot: none. */
  fundingSince(symbol: string, since: number): Promise<readonly FundingPayment[]>;
  /** Public: rates the contract settled at, told at or after `since` (market time), oldest first. Spot: none. */
  fundingRates(symbol: string, since: number): Promise<readonly FundingRate[]>;
  /**
   * Orders that the venue itself made on the account's contract and traded at or after `since` (market time),
   * oldest first. Spot: none. A stop's triggered order is none of these: it is told as the stop's fills.
   */
  venueOrdersSince(symbol: string, since: number): Promise<readonly VenueMadeOrder[]>;

  /**
   * Calls back on every change of the account's orders, and once with each subscribed symbol's open orders
   * after a reconnect. A hint, not a source: level-triggered readers must poll as well.
   */
  watchOrders(onNotice: (notice: OrderNotice) => void): Promise<{ close(): Promise<void> }>;
  /**
   * Calls back when an order that Keel did not make trades, and once after a reconnect. A hint, not a source:
   * `accountTrades` and `venueOrdersSince` tell the trades, and must be read from time to time as well.
   */
  watchForeignTrades(
    onNotice: (notice: ForeignTradeNotice) => void,
  ): Promise<{ close(): Promise<void> }>;
}
