/**
 * What a strategy is. Write one file with a class that extends `BaseStrategy`, register it, and it runs
 * unchanged in backtest, paper and live: it sees only its `Context`, and asks only for positions and orders.
 *
 *   export class MyStrategy extends BaseStrategy<Config, State> {
 *     static readonly type = 'my-strategy';
 *     static readonly summary = 'One sentence on what it bets on.';
 *     static readonly config = z.strictObject({ … });
 *     readonly feed = { exchange: …, symbol: …, interval: '1m', warmup: 100 } as const;
 *     feeds() { return [this.feed]; }
 *     initialState(): State { return { … }; }
 *     override onKline(bar, feed, ctx) { ctx.target(feed.symbol, { allocation: 0.5 }, { tag: 'why' }); }
 *   }
 *
 * A strategy must be a function of what it is given: no clock, no random numbers, no fields that change.
 * All it remembers is `ctx.state`, which is JSON and is stored after every bar.
 */
import type { z } from 'zod';
import type { Bar } from '../core/bar.ts';
import type { ExecutionPlanInput } from '../core/execution/plan.ts';
import type { Side } from '../core/fill.ts';
import type { Json } from '../core/json.ts';
import type { MarketData } from '../core/market-data.ts';
import type { OrderView } from '../core/order.ts';
import type { Position } from '../core/position.ts';
import type { TimeInForce } from '../core/signal.ts';
import type { StopSpec } from '../core/stops.ts';
import type { Interval } from '../core/time.ts';

export type { Bar } from '../core/bar.ts';

/** A stream of bars the strategy wants. */
export interface Feed {
  readonly exchange: string;
  readonly symbol: string;
  readonly interval: Interval;
  /** Bars that `ctx.bars` keeps, and that are read before the first live one. At least 1. */
  readonly warmup: number;
}

/** The key of a feed: `binance:BTC/USDT:5m`. */
export function feedKey(feed: Omit<Feed, 'warmup'>): string {
  return `${feed.exchange}:${feed.symbol}:${feed.interval}`;
}

/**
 * The last closed bars of a feed, oldest first, at most its `warmup`. For indicators, hence float64. Views
 * of the runner's memory: valid during the call, not to be kept or written to.
 */
export interface BarColumns {
  readonly length: number;
  /** Milliseconds UTC. */
  readonly closeAt: Float64Array;
  readonly open: Float64Array;
  readonly high: Float64Array;
  readonly low: Float64Array;
  readonly close: Float64Array;
  /** In base. */
  readonly volume: Float64Array;
}

/**
 * How much. Everything but `qty` is reckoned at the last close and stated as a quantity in base.
 * - `flat`: nothing held.
 * - `qty`: base units.
 * - `notional`: quote.
 * - `allocation`: fraction of the strategy's equity, 1 is all of it.
 * - `risk`: fraction of equity lost if `opts.stop` is reached; needs `stop`.
 *
 * For targets a negative size is short (`risk` takes its direction from the stop). For orders it is positive.
 */
export type Size =
  | 'flat'
  | { readonly qty: string }
  | { readonly notional: string }
  | { readonly allocation: number }
  | { readonly risk: number };

export interface OrderOptions {
  /** Why, for people; at most 64 characters. */
  readonly tag: string;
  /** Makes it a limit order at this price; a market order without it. */
  readonly limitPrice?: string | number;
  /** Makes it a stop order: at market once the price reaches this; with `limitPrice` a stop-limit, a limit from then on. */
  readonly stopPrice?: string | number;
  /** How long a limit order works; `gtc` unless stated. See core/signal.ts. */
  readonly timeInForce?: TimeInForce;
  /** Market milliseconds after which a resting order is cancelled. */
  readonly timeoutMs?: number;
  /**
   * Market milliseconds an entry may be late; one bar of the feed unless stated (in `onSlice` of the shortest feed
   * in the slice, in `onMarketData` and `onOrderUpdate` of the bars that come in), and a TWAP's span more.
   */
  readonly validForMs?: number;
  /** How it is worked at the venue (docs/guides/execution.md); whole, as one order, without it. */
  readonly execution?: ExecutionPlanInput;
  /** The exits that guard the position this entry opens. */
  readonly stops?: StopSpec;
  /** The price at which the position would be given up; what `{ risk }` is reckoned from. */
  readonly stop?: string | number;
}

/** Names one signal for ever. */
export type SignalId = string;

/** What the strategy holds in one symbol. Decimal strings; see core/position.ts. */
export interface PositionView {
  readonly symbol: string;
  /** Signed, in base. */
  readonly quantity: string;
  /** Quote per base unit, null when flat. */
  readonly averageCost: string | null;
  readonly realisedPnl: string;
}

/** Auxiliary data (funding, sentiment) as it was published by now; its names are in aux-names.ts. */
export interface AuxValue {
  readonly value: number;
  readonly publishedAt: number;
}

/** What a live runner is told of the strategy's standing before each event; `StrategySnapshot` of storage. */
export interface Standing {
  readonly positions: Readonly<Record<string, Position>>;
  readonly openOrders: readonly OrderView[];
  /** Quote not bound in positions or reservations. */
  readonly freeFunds: string;
  /** Quote the strategy was given. */
  readonly allocation: string;
}

/** All a strategy sees and may do; the same in backtest, paper and live. */
export interface Context<S extends Json = Json> {
  /** Market time of the event, ms. */
  readonly now: number;
  /** True while history is replayed to build state: what is asked for then is not sent. */
  readonly warming: boolean;
  /** Read it, replace it or change it in place; stored after every event. */
  state: S;
  /** Quote: what the strategy is worth at the last closes, and what it has free. */
  readonly funds: { readonly equity: string; readonly free: string };
  /** Closed bars up to now. Throws NOT_FOUND for a feed the strategy did not ask for. */
  bars(feed: Feed): BarColumns;
  position(symbol: string): PositionView;
  /** The strategy's orders in the symbol that are not final. */
  open(symbol: string): readonly OrderView[];
  aux(name: string): AuxValue | undefined;
  /**
   * States the position wanted. A newer target takes the place of an older one. Throws INVALID_INPUT where
   * the size cannot be reckoned: no bar of the symbol yet, `{ risk }` without a stop.
   */
  target(symbol: string, size: Size, options: OrderOptions): SignalId;
  /** Asks for one order beside what is held and open. Throws as `target`, and for a size of zero. */
  order(symbol: string, side: Side, size: Size, options: OrderOptions): SignalId;
  /** Asks to cancel the order of a signal. Nothing happens if it is final. */
  cancel(id: SignalId): void;
}

/**
 * @typeParam C the parsed configuration, inferred from the class's static `config`
 * @typeParam S the state; a type alias, not an interface, so that TypeScript knows it for JSON
 */
export abstract class BaseStrategy<C = unknown, S extends Json = Json> {
  readonly config: C;

  constructor(config: C) {
    this.config = config;
  }

  /** The feeds it wants; always the same ones for the same configuration. */
  abstract feeds(): readonly Feed[];
  abstract initialState(): S;

  /** A bar of one feed closed. `bar` is valid during the call: copy what is to be kept. */
  onKline?(bar: Bar, feed: Feed, ctx: Context<S>): void;
  /**
   * Once per `closeAt`, when the bars of all feeds that close then have come. A bar that is still missing
   * when the slice has waited its time-out is left out of the map. Keys are the objects `feeds()` returned.
   */
  onSlice?(bars: ReadonlyMap<Feed, Bar>, ctx: Context<S>): void;
  onMarketData?(tick: MarketData, ctx: Context<S>): void;
  /** One of its own orders changed; once per version. */
  onOrderUpdate?(order: OrderView, ctx: Context<S>): void;
}

/** A strategy's class as the registry holds it. */
export interface StrategyClass {
  /** Kebab case; names topics and configuration. */
  readonly type: string;
  /** One sentence for people. */
  readonly summary: string;
  /** Strict; its ranges are the optimiser's space. */
  readonly config: z.ZodObject;
  new (config: never): BaseStrategy;
}
