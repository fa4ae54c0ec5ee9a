/**
 * Runs one strategy instance, bar by bar. Pure: no clock, no I/O. The live activity and the backtest share
 * it; they read the bars, call it, store the checkpoint it returns, and publish its signals.
 *
 *   const runner = new StrategyRunner({ strategy: registry.create(type, config), strategyId, … });
 *   runner.warmUp(barsBefore);                      // what `runner.history()` asks for
 *   const result = runner.onKline(bar, standing);   // one-minute bars, oldest first
 *   if (result.kind === 'handled') commit(result.checkpoint, result.signals);
 *
 * From the same bars, standings and checkpoint it always makes the same signals with the same ids. After it
 * has thrown its state is undefined: make a new one from the last stored checkpoint.
 */
import { KeelError } from '../core/errors.ts';
import type { Instrument } from '../core/instrument.ts';
import type { Kline } from '../core/kline.ts';
import type { MarketData } from '../core/market-data.ts';
import type { OrderView } from '../core/order.ts';
import { isFinalIntent } from '../core/intent-machine.ts';
import type { Signal } from '../core/signal.ts';
import { intervalMs } from '../core/time.ts';
import {
  type AuxValue,
  type BaseStrategy,
  type Context,
  type Feed,
  feedKey,
  type SignalId,
  type Standing,
} from './base-strategy.ts';
import type { Json } from '../core/json.ts';
import { createContext, type Wish } from './context.ts';
import {
  type Aggregates,
  FeedBook,
  type HistoryNeed,
  type Source,
  sourceKey,
} from './feed-book.ts';
import { addToSlice, type PendingSlices, takeSlices } from './slices.ts';

export interface RunnerOptions {
  /** Made by the registry, which checks the configuration. */
  readonly strategy: BaseStrategy;
  readonly strategyId: string;
  readonly strategyType: string;
  readonly runId: string;
  readonly accountId: string;
  /** Where its orders go. */
  readonly exchange: string;
  /** By symbol; their steps cut the quantities reckoned from sizes. Eight places without. */
  readonly instruments?: Readonly<Record<string, Instrument>>;
  /** `closeAt` up to which bars only warm up; 0 or absent: the first bar that comes is live. */
  readonly anchorAt?: number | null;
  /** The last stored checkpoint; with state null it is as if there were none. */
  readonly restored?: RunnerCheckpoint;
  readonly aux?: (name: string, now: number) => AuxValue | undefined;
}

/** All that goes on after a restart; JSON. `offsets` and `sequences` as in the storage's checkpoint. */
export interface RunnerCheckpoint {
  /** Source (`binance:BTC/USDT:1m`) → `closeAt` of the last one-minute bar handled. */
  readonly offsets: Readonly<Record<string, number>>;
  /** Symbol → last sequence given out. */
  readonly sequences: Readonly<Record<string, number>>;
  /** Opaque: the strategy's own state is its member `strategy`. */
  readonly state: Json;
}

export type RunnerResult =
  | {
      readonly kind: 'handled';
      /** In the order asked for. */
      readonly signals: readonly Signal[];
      /** Ids of signals whose orders the strategy wants cancelled. */
      readonly cancels: readonly SignalId[];
      readonly checkpoint: RunnerCheckpoint;
    }
  /** Delivered again: nothing to do. */
  | { readonly kind: 'already-handled' }
  /** Bars with `from < closeAt <= to` are missing: hand them in first, or this one with `acceptGap`. */
  | { readonly kind: 'gap'; readonly from: number; readonly to: number }
  /** The strategy has no feed, or no handler, for it. */
  | { readonly kind: 'not-mine' };

type RunnerState = {
  strategy: Json;
  aggregates: Aggregates;
  /** Symbol → last close, by which sizes are reckoned. */
  closes: Record<string, string>;
  slices: PendingSlices;
  /** Source → time of the last tick; order id → last version seen. */
  ticks: Record<string, number>;
  orders: Record<string, number>;
};

const NOTHING_HELD: Standing = {
  positions: {},
  openOrders: [],
  freeFunds: '0',
  allocation: '0',
};

/** Market time a slice waits for its missing bars. */
const SLICE_TIMEOUT_MS = 120_000;
const ORDERS_REMEMBERED = 500;

function jsonCopy(value: unknown): Json {
  return JSON.parse(JSON.stringify(value)) as Json;
}

export class StrategyRunner {
  readonly #options: RunnerOptions;
  readonly #book: FeedBook;
  readonly #offsets: Record<string, number>;
  readonly #sequences: Record<string, number>;
  readonly #fresh: boolean;
  #state: RunnerState;

  /** Throws INVALID_INPUT when the strategy asks for no feed, or for a warm-up below one bar. */
  constructor(options: RunnerOptions) {
    this.#options = options;
    this.#book = new FeedBook(options.strategy.feeds(), options.strategyType);
    const restored = options.restored;
    this.#fresh = restored === undefined || restored.state === null;
    this.#offsets = { ...restored?.offsets };
    this.#sequences = { ...restored?.sequences };
    this.#state = this.#fresh
      ? {
          strategy: options.strategy.initialState(),
          aggregates: this.#book.startAggregates(),
          closes: {},
          slices: {},
          ticks: {},
          orders: {},
        }
      : (jsonCopy(restored?.state) as unknown as RunnerState);
    const anchorAt = options.anchorAt ?? 0;
    if (anchorAt > 0) {
      for (const feed of this.feeds) this.#offsets[sourceKey(feed)] ??= anchorAt;
    }
  }

  get feeds(): readonly Feed[] {
    return this.#book.feeds;
  }

  /** True when the strategy looks at ticks; at its orders. */
  get wantsTicks(): boolean {
    return this.#options.strategy.onMarketData !== undefined;
  }

  get wantsOrders(): boolean {
    return this.#options.strategy.onOrderUpdate !== undefined;
  }

  /** Source (`binance:BTC/USDT:1m`) → `closeAt` of the last bar handled, or the anchor. */
  get offsets(): Readonly<Record<string, number>> {
    return { ...this.#offsets };
  }

  /** The bars `warmUp` needs, up to each source's offset. Enough for whole bars of the longest interval. */
  history(): HistoryNeed[] {
    return this.#book.history();
  }

  /**
   * Replays one-minute bars up to the offset (the anchor, or the last bar handled); later ones are left out.
   * Without either, all are replayed, and the last one becomes the offset.
   * A fresh run builds its state from them, with `ctx.warming` true and no signals; a restored one only
   * fills `ctx.bars`. Call it once, before the first live bar, with bars in the order of `closeAt`.
   */
  warmUp(bars: readonly Kline[]): void {
    const scratch = this.#book.startAggregates();
    const limits = { ...this.#offsets };
    for (const bar of bars) {
      const limit = limits[sourceKey(bar)];
      if (!this.#wants(bar) || (limit !== undefined && bar.closeAt > limit)) continue;
      if (this.#fresh) {
        this.#advance(bar, NOTHING_HELD, true);
        if (limit === undefined) this.#offsets[sourceKey(bar)] = bar.closeAt;
      } else {
        this.#book.take(bar, scratch);
      }
    }
  }

  /**
   * Takes in the next one-minute bar. Throws STRATEGY_FAILED, naming strategy and bar, when the strategy's
   * own code threw (a KeelError of its keeps its code).
   * @param standing positions, open orders and funds as they are known now; store it with the checkpoint
   */
  onKline(
    bar: Kline,
    standing: Standing,
    options: { readonly acceptGap?: boolean } = {},
  ): RunnerResult {
    if (!this.#wants(bar)) return { kind: 'not-mine' };
    const key = sourceKey(bar);
    const last = this.#offsets[key];
    if (last !== undefined && bar.closeAt <= last) return { kind: 'already-handled' };
    if (last !== undefined && bar.openAt > last && options.acceptGap !== true) {
      return { kind: 'gap', from: last, to: bar.openAt };
    }
    const wish = this.#advance(bar, standing, false);
    this.#offsets[key] = bar.closeAt;
    return this.#handled(wish);
  }

  /** Takes in a tick; older ones than the last are left out. Throws as `onKline`. */
  onMarketData(tick: MarketData, standing: Standing): RunnerResult {
    const { strategy } = this.#options;
    if (strategy.onMarketData === undefined || !this.#wants(tick)) {
      return { kind: 'not-mine' };
    }
    const key = sourceKey(tick);
    const last = this.#state.ticks[key];
    if (last !== undefined && tick.timestamp <= last) return { kind: 'already-handled' };
    const wish: Wish = { signals: [], cancels: [] };
    const at = `tick ${key} at ${new Date(tick.timestamp).toISOString()}`;
    this.#call(at, { now: tick.timestamp, standing, wish }, (ctx) => {
      strategy.onMarketData?.(tick, ctx);
    });
    this.#state.ticks[key] = tick.timestamp;
    return this.#handled(wish);
  }

  /** Takes in a change of one of the strategy's orders, once per version. Throws as `onKline`. */
  onOrderUpdate(order: OrderView, standing: Standing): RunnerResult {
    const { strategy, strategyId } = this.#options;
    if (strategy.onOrderUpdate === undefined || order.strategyId !== strategyId) {
      return { kind: 'not-mine' };
    }
    const seen = this.#state.orders[order.orderId];
    if (seen !== undefined && order.version <= seen) return { kind: 'already-handled' };
    const wish: Wish = { signals: [], cancels: [] };
    const now = Math.max(order.eventTime, ...Object.values(this.#offsets));
    const at = `order ${order.orderId} version ${String(order.version)}`;
    this.#call(at, { now, standing, wish }, (ctx) => {
      strategy.onOrderUpdate?.(order, ctx);
    });
    this.#rememberOrder(order);
    return this.#handled(wish);
  }

  /** Everything needed to go on from here; a copy. */
  checkpoint(): RunnerCheckpoint {
    return {
      offsets: { ...this.#offsets },
      sequences: { ...this.#sequences },
      state: jsonCopy(this.#state),
    };
  }

  #wants(source: Source): boolean {
    return this.#book.feedsOf(source).length > 0;
  }

  #handled(wish: Wish): RunnerResult {
    const { signals, cancels } = wish;
    return { kind: 'handled', signals, cancels, checkpoint: this.checkpoint() };
  }

  /** All bars that close are visible before the strategy is called for the first of them. */
  #advance(bar: Kline, standing: Standing, warming: boolean): Wish {
    const { strategy } = this.#options;
    const wish: Wish = { signals: [], cancels: [] };
    const closed = this.#book.take(bar, this.#state.aggregates);
    this.#state.closes[bar.symbol] = bar.close;
    const event = { now: bar.closeAt, standing, wish, warming };
    for (const one of closed) {
      if (strategy.onKline !== undefined) {
        this.#call(barName(one.feed, one.bar.closeAt), { ...event, feed: one.feed }, (ctx) => {
          strategy.onKline?.(one.bar, one.feed, ctx);
        });
      }
    }
    if (strategy.onSlice !== undefined) {
      for (const one of closed) {
        this.#state.slices = addToSlice(this.#state.slices, one.feed, one.bar);
      }
      const taken = takeSlices(this.#state.slices, this.feeds, bar.closeAt, SLICE_TIMEOUT_MS);
      this.#state.slices = taken.pending;
      for (const slice of taken.slices) {
        this.#call(`slice of ${new Date(slice.closeAt).toISOString()}`, event, (ctx) => {
          strategy.onSlice?.(slice.bars, ctx);
        });
      }
    }
    return wish;
  }

  /** Calls the strategy with a context; its failure becomes a KeelError that says where. */
  #call(
    at: string,
    event: {
      readonly now: number;
      readonly standing: Standing;
      readonly wish: Wish;
      readonly warming?: boolean;
      readonly feed?: Feed;
    },
    run: (ctx: Context) => void,
  ): void {
    const ctx = createContext({
      ...this.#options,
      now: event.now,
      warming: event.warming ?? false,
      validForMs: intervalMs(event.feed?.interval ?? '1m'),
      standing: event.standing,
      closes: this.#state.closes,
      sequences: this.#sequences,
      rings: this.#book.rings,
      wish: event.wish,
      holder: this.#state,
    });
    try {
      run(ctx);
    } catch (cause) {
      const { strategyId, strategyType } = this.#options;
      throw new KeelError(
        cause instanceof KeelError ? cause.code : 'STRATEGY_FAILED',
        `strategy ${strategyId} (${strategyType}) failed on ${at}: ${cause instanceof Error ? cause.message : String(cause)}`,
        { cause },
      );
    }
  }

  #rememberOrder(order: OrderView): void {
    const { orders } = this.#state;
    orders[order.orderId] = order.version;
    const ids = Object.keys(orders);
    const oldest = ids[0];
    if (ids.length > ORDERS_REMEMBERED && oldest !== undefined && isFinalIntent(order.state)) {
      this.#state.orders = Object.fromEntries(Object.entries(orders).slice(1));
    }
  }
}

function barName(feed: Feed, closeAt: number): string {
  return `bar ${feedKey(feed)} closing at ${new Date(closeAt).toISOString()}`;
}
