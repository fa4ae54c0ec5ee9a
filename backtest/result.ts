/** What a backtest hands out: facts only. What is reckoned from them is in metrics and reports. */
import type { Fill, Side } from '../core/fill.ts';
import type { IntentState, OrderStatus } from '../core/order.ts';
import type { OrderType } from '../core/signal.ts';
import type { Interval } from '../core/time.ts';
import type { Trade } from '../core/trade.ts';

export interface BacktestResult {
  readonly run: BacktestRun;
  /** Every order a signal became, in the order asked for; denied and expired ones too. */
  readonly orders: readonly BacktestOrder[];
  /** Oldest first, each with its order's tag. */
  readonly fills: readonly BacktestFill[];
  /** Round trips, by entry; what is open at the end has `exitAt` null. */
  readonly trades: readonly Trade[];
  readonly equity: EquityCurve;
  readonly markets: readonly MarketSpan[];
  /** Bars in which a limit and a stop, or two exits, could both have been reached: the path decided. */
  readonly ambiguousBars: number;
  /** Final equity if every ambiguous bar had gone for and against the strategy; null where there was none. */
  readonly bounds: { readonly best: string; readonly worst: string } | null;
  /** Quote lost to slippage: Σ |price − unslipped price| × quantity. */
  readonly slippagePaid: string;
  /** Funding received (+) or paid (−), in quote. */
  readonly funding: string;
  /** Flaws and limits of this run, for people: ticks not simulated, an execution plan sent whole … */
  readonly notices: readonly string[];
}

export interface BacktestRun {
  readonly strategyType: string;
  /** The checked configuration. */
  readonly config: unknown;
  readonly exchange: string;
  readonly symbols: readonly string[];
  /** Of the bars it ran on. */
  readonly interval: Interval;
  /** Open of the first traded bar, close of the last; ms UTC. */
  readonly from: number;
  readonly to: number;
  readonly quote: string;
  /** Quote at the start. */
  readonly wallet: string;
  /** Worth at the last closes. */
  readonly finalEquity: string;
}

export interface BacktestOrder {
  readonly orderId: string;
  readonly symbol: string;
  readonly side: Side | null;
  readonly type: OrderType;
  readonly price: string | null;
  readonly quantity: string;
  readonly filledQuantity: string;
  readonly state: IntentState;
  readonly status: OrderStatus;
  readonly reasonCode: string | null;
  readonly reason: string | null;
  readonly tag: string;
  /** `closeAt` of the bar that asked for it, and when it became final (null while it is open at the end). */
  readonly askedAt: number;
  readonly endedAt: number | null;
}

export type BacktestFill = Fill & { readonly tag: string };

/** One point a base bar. */
export interface EquityCurve {
  /** `closeAt`, ms UTC, ascending. */
  readonly at: Float64Array;
  /** Worth in quote, positions at the close. */
  readonly value: Float64Array;
  /** Quote value of what was held, absolute: what exposure is reckoned from. */
  readonly invested: Float64Array;
}

/** What the market did meanwhile. */
export interface MarketSpan {
  readonly symbol: string;
  readonly bars: number;
  /** Open of the first bar and close of the last. */
  readonly firstPrice: number;
  readonly lastPrice: number;
}

/** A result by its fields: a fresh one reckons some of them when they are asked for, and a spread would lose those. */
export function plainResult(result: BacktestResult): BacktestResult {
  const { at, value, invested } = result.equity;
  return {
    run: result.run,
    orders: result.orders,
    fills: result.fills,
    trades: result.trades,
    equity: { at, value, invested },
    markets: result.markets,
    ambiguousBars: result.ambiguousBars,
    bounds: result.bounds,
    slippagePaid: result.slippagePaid,
    funding: result.funding,
    notices: result.notices,
  };
}
