/**
 * A strategy at work in memory: its feeds, its state and its context. Pure. The live runner and the backtest
 * both drive it, so that a strategy cannot tell them apart.
 */
import { KeelError } from '../core/errors.ts';
import type { Bar } from '../core/bar.ts';
import type { Instrument } from '../core/instrument.ts';
import type { Json } from '../core/json.ts';
import type { MarketData } from '../core/market-data.ts';
import type { OrderView } from '../core/order.ts';
import { type Interval, intervalMs } from '../core/time.ts';
import { type AuxValue, type BaseStrategy, type Feed, feedKey } from './base-strategy.ts';
import { type Account, type SignalNamer, StrategyContext } from './context.ts';
import { type Aggregates, FeedBook, type SourceSlot, type WindowSource } from './feed-book.ts';
import { addToSlice, type PendingSlices, takeSlices } from './slices.ts';

export interface SessionOptions {
  /** Made by the registry, which checks the configuration. */
  readonly strategy: BaseStrategy;
  readonly strategyId: string;
  readonly strategyType: string;
  /** The interval of the bars that come in. */
  readonly base: Interval;
  /** By symbol; their steps cut the quantities reckoned from sizes. Eight places without. */
  readonly instruments?: Readonly<Record<string, Instrument>>;
  readonly aux?: ((name: string, now: number) => AuxValue | undefined) | undefined;
  readonly nameSignal: SignalNamer;
  /** Where feeds of the base interval keep their bars, if not in the session. */
  readonly windowOf?: WindowSource;
  /** Symbol → last sequence given out; counted up in place. */
  readonly sequences: Record<string, number>;
}

/** All of a session that goes on after a restart; JSON. */
export type SessionState = {
  strategy: Json;
  aggregates: Aggregates;
  /** Symbol → last close, by which sizes are reckoned. */
  closes: Record<string, number>;
  slices: PendingSlices;
};

/** Market time a slice waits for its missing bars. */
const SLICE_TIMEOUT_MS = 120_000;

export class StrategySession {
  readonly book: FeedBook;
  readonly context: StrategyContext;
  readonly #options: SessionOptions;
  readonly #strategy: BaseStrategy;
  readonly #holder: { strategy: Json };
  #slices: PendingSlices = {};

  /** Throws INVALID_INPUT as `FeedBook`. @param restored state of an earlier session; a copy of the caller's */
  constructor(options: SessionOptions, account: Account, restored?: SessionState) {
    this.#options = options;
    this.#strategy = options.strategy;
    this.book = new FeedBook(
      options.strategy.feeds(),
      options.strategyType,
      options.base,
      options.windowOf,
    );
    this.#holder = {
      strategy: restored === undefined ? options.strategy.initialState() : restored.strategy,
    };
    if (restored !== undefined) {
      this.book.setAggregates(restored.aggregates);
      this.book.setCloses(restored.closes);
      this.#slices = restored.slices;
    }
    this.context = new StrategyContext(
      {
        holder: this.#holder,
        book: this.book,
        sequences: options.sequences,
        instruments: options.instruments ?? {},
        nameSignal: options.nameSignal,
        aux: options.aux,
      },
      account,
    );
  }

  get feeds(): readonly Feed[] {
    return this.book.feeds;
  }

  /** As it stands; not a copy. */
  state(): SessionState {
    const { aggregates, closes } = this.book;
    return { strategy: this.#holder.strategy, aggregates, closes, slices: this.#slices };
  }

  /**
   * Takes in the next base bar of a source and calls the strategy for each bar that closed by it. All of
   * them are visible before the first call. Throws STRATEGY_FAILED, naming strategy and bar, when the
   * strategy's own code threw (a KeelError of its keeps its code).
   */
  onBar(source: SourceSlot, bar: Bar, warming = false): void {
    const { context, book } = this;
    book.take(source, bar);
    context.now = bar.closeAt;
    context.warming = warming;
    if (this.#strategy.onKline !== undefined) {
      for (const slot of source.feeds) {
        if (slot.closed === null) continue;
        this.#onKline(slot.closed, slot.feed, slot.lengthMs);
        if (slot.alsoClosed !== null) this.#onKline(slot.alsoClosed, slot.feed, slot.lengthMs);
      }
    }
    if (this.#strategy.onSlice !== undefined) this.#onSlices(source, bar.closeAt);
  }

  onTick(tick: MarketData): void {
    this.#moment(tick.timestamp);
    this.#guarded(
      () => `tick ${tick.exchange}:${tick.symbol} at ${new Date(tick.timestamp).toISOString()}`,
      () => this.#strategy.onMarketData?.(tick, this.context),
    );
  }

  onOrder(order: OrderView, now: number): void {
    this.#moment(now);
    this.#guarded(
      () => `order ${order.orderId} version ${String(order.version)}`,
      () => this.#strategy.onOrderUpdate?.(order, this.context),
    );
  }

  #moment(now: number): void {
    this.context.now = now;
    this.context.warming = false;
    this.context.validForMs = intervalMs(this.book.base);
  }

  #onKline(bar: Bar, feed: Feed, validForMs: number): void {
    this.context.validForMs = validForMs;
    try {
      this.#strategy.onKline?.(bar, feed, this.context);
    } catch (cause) {
      const closing = new Date(bar.closeAt).toISOString();
      throw this.#failure(`bar ${feedKey(feed)} closing at ${closing}`, cause);
    }
  }

  #onSlices(source: SourceSlot, now: number): void {
    for (const { feed, closed, alsoClosed } of source.feeds) {
      if (closed !== null) this.#slices = addToSlice(this.#slices, feed, closed);
      if (alsoClosed !== null) this.#slices = addToSlice(this.#slices, feed, alsoClosed);
    }
    const taken = takeSlices(this.#slices, this.feeds, now, SLICE_TIMEOUT_MS);
    this.#slices = taken.pending;
    for (const slice of taken.slices) {
      // As for a bar: until the next one of the shortest feed in it.
      const lengths = [...slice.bars.keys()].map(({ interval }) => intervalMs(interval));
      this.context.validForMs = Math.min(...lengths);
      this.#guarded(
        () => `slice of ${new Date(slice.closeAt).toISOString()}`,
        () => this.#strategy.onSlice?.(slice.bars, this.context),
      );
    }
  }

  #guarded(at: () => string, call: () => void): void {
    try {
      call();
    } catch (cause) {
      throw this.#failure(at(), cause);
    }
  }

  #failure(at: string, cause: unknown): KeelError {
    const { strategyId, strategyType } = this.#options;
    return new KeelError(
      cause instanceof KeelError ? cause.code : 'STRATEGY_FAILED',
      `strategy ${strategyId} (${strategyType}) failed on ${at}: ${cause instanceof Error ? cause.message : String(cause)}`,
      { cause },
    );
  }
}
