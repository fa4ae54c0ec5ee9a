/** What the engine keeps and tells: orders, trades, events. Times are market time in milliseconds. */
import type { Side } from '../core/fill.ts';
import type { Instrument } from '../core/instrument.ts';
import type { Decimal } from '../core/money.ts';

/**
 * `STOP` and `TAKE_PROFIT` rest untriggered and become market orders: a stop when the market moves against
 * the position it guards (falls to a sell, rises to a buy), a take-profit when it moves the other way. `STOP_LIMIT`
 * is triggered as a stop, and then a limit order.
 */
export type OrderKind = 'LIMIT' | 'LIMIT_MAKER' | 'MARKET' | 'STOP' | 'STOP_LIMIT' | 'TAKE_PROFIT';
export type TimeInForce = 'GTC' | 'IOC' | 'FOK';
export type OrderState = 'NEW' | 'PARTIALLY_FILLED' | 'FILLED' | 'CANCELED' | 'EXPIRED';

/** How an order is filled in pieces; used to rehearse partial fills. */
export interface FillPlan {
  /** Base quantities, one for each chance to fill (all at once for MARKET and IOC). */
  readonly quantities: readonly string[];
  /** What becomes of the rest: filled at the next chance, or never. */
  readonly rest: 'fill' | 'leave';
}

export interface NewOrder {
  readonly clientOrderId: string;
  readonly instrument: Instrument;
  readonly side: Side;
  readonly kind: OrderKind;
  readonly timeInForce: TimeInForce;
  /** Base; absent for a market order by quote amount. */
  readonly quantity?: string;
  readonly quoteQuantity?: string;
  /** Limit orders and stop-limits only. */
  readonly price?: string;
  /** What has a trigger. */
  readonly stopPrice?: string;
  /** Contracts only: it closes at most what is held, and what is left of it expires. */
  readonly reduceOnly?: boolean;
  /** Post-only orders that would match: taken and ended at once, as OKX does, not refused. */
  readonly endsIfMatched?: boolean;
  readonly fillPlan?: FillPlan;
}

export interface EngineOrder {
  readonly orderId: number;
  readonly clientOrderId: string;
  readonly instrument: Instrument;
  readonly side: Side;
  readonly kind: OrderKind;
  readonly timeInForce: TimeInForce;
  readonly price: Decimal;
  /** The trigger; undefined for what has none. */
  readonly stopPrice: Decimal | undefined;
  readonly quantity: Decimal;
  readonly quoteQuantity: Decimal;
  readonly reduceOnly: boolean;
  /** Of orders that the venue itself made. */
  readonly cause: VenueCause | undefined;
  readonly placedAt: number;
  /** When it was triggered; undefined before, and for what has no trigger. */
  triggeredAt: number | undefined;
  state: OrderState;
  filled: Decimal;
  filledQuote: Decimal;
  updatedAt: number;
  /** Taken off by each chance to fill. */
  plan: FillPlan | undefined;
}

/** Why a venue makes an order on an account's contract. */
export type VenueCause = 'liquidation' | 'adl';

/** Funding of a contract that was held at the moment of funding. */
export interface FundingRecord {
  readonly fundingId: number;
  readonly symbol: string;
  readonly asset: string;
  /** Signed: positive is received. */
  readonly amount: string;
  readonly rate: string;
  readonly at: number;
}

export interface EngineTrade {
  readonly tradeId: number;
  readonly order: EngineOrder;
  readonly price: Decimal;
  readonly quantity: Decimal;
  readonly quote: Decimal;
  readonly feeAmount: Decimal;
  readonly feeAsset: string;
  /** Contracts only: what closing earned, without the fee; else zero. */
  readonly realised: Decimal;
  readonly maker: boolean;
  readonly at: number;
}

/** What the account's owner is told; the order is in the state the event left it in. */
export type EngineEvent =
  | { readonly kind: 'new' | 'triggered'; readonly order: EngineOrder; readonly at: number }
  | {
      readonly kind: 'trade';
      readonly order: EngineOrder;
      readonly trade: EngineTrade;
      readonly at: number;
    }
  | {
      readonly kind: 'cancelled';
      readonly order: EngineOrder;
      readonly cancelId: string;
      readonly at: number;
    }
  | { readonly kind: 'expired'; readonly order: EngineOrder; readonly at: number }
  | {
      readonly kind: 'balances';
      readonly assets: readonly string[];
      /** The symbol whose order, or funding, changed them. */
      readonly symbol: string;
      readonly reason: 'order' | 'funding';
      readonly at: number;
    };
