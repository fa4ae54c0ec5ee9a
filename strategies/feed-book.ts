/** A strategy's feeds: which source each reads, the bars being built, and the last closed ones. */
import { aggregateNext, aggregateStart, type AggregateState } from '../core/aggregate.ts';
import type { Bar } from '../core/bar.ts';
import { KeelError } from '../core/errors.ts';
import { type Interval, intervalMs } from '../core/time.ts';
import { BarRing, type BarWindow } from './bar-ring.ts';
import { type Feed, feedKey } from './base-strategy.ts';

/** Where base bars come from: an exchange's symbol. */
export interface Source {
  readonly exchange: string;
  readonly symbol: string;
}

/** Base bars to read before the first live one. */
export interface HistoryNeed extends Source {
  readonly interval: Interval;
  readonly count: number;
}

/** Feed key → the bar being built; absent for feeds of the base interval. */
export type Aggregates = Record<string, AggregateState>;

/** One feed at work. */
export interface FeedSlot {
  readonly feed: Feed;
  readonly key: string;
  readonly window: BarWindow;
  /** Null for a feed of the base interval. */
  aggregate: AggregateState | null;
  /** What the last base bar closed of it: mostly nothing or one bar. Valid until the next base bar. */
  closed: Bar | null;
  /** A second bar that closed by the same base bar, after a gap. */
  alsoClosed: Bar | null;
  /** A bar's length, ms. */
  readonly lengthMs: number;
}

/** One source with the feeds that read it. */
export interface SourceSlot extends Source {
  readonly key: string;
  readonly feeds: readonly FeedSlot[];
  /** Of its last base bar; NaN before there is one. */
  close: number;
}

/** A window for a feed of the base interval that is kept elsewhere; undefined: the book keeps its own. */
export type WindowSource = (feed: Feed) => BarWindow | undefined;

export class FeedBook {
  readonly feeds: readonly Feed[];
  /** Feed key → its last bars. */
  readonly windows: ReadonlyMap<string, BarWindow>;
  /** The interval of the bars that come in. */
  readonly base: Interval;
  readonly #sources: ReadonlyMap<string, SourceSlot>;
  /** The same, in order: what is asked for at every order is not looked up in a map. */
  readonly #slots: readonly SourceSlot[];

  /**
   * Throws INVALID_INPUT when there is no feed, one with a warm-up below one bar, or one that the base bars
   * cannot build.
   */
  constructor(
    feeds: readonly Feed[],
    strategyType: string,
    base: Interval,
    windowOf: WindowSource = () => undefined,
  ) {
    const wrong = feeds.find(({ warmup }) => !Number.isInteger(warmup) || warmup < 1);
    if (feeds.length === 0 || wrong !== undefined) {
      throw new KeelError(
        'INVALID_INPUT',
        `${strategyType} asks for ${wrong === undefined ? 'no feed' : `a warm-up of ${String(wrong.warmup)} bars`}; feeds() must return one feed or more, each with a warmup from 1`,
      );
    }
    const short = feeds.find(({ interval }) => intervalMs(interval) < intervalMs(base));
    if (short !== undefined) {
      throw new KeelError(
        'INVALID_INPUT',
        `${strategyType} wants bars of ${short.interval} of ${short.symbol}, the data has bars of ${base}: give data of ${short.interval} or shorter, or configure a longer interval`,
      );
    }
    this.feeds = feeds;
    this.base = base;
    const windows = new Map<string, BarWindow>();
    this.windows = windows;
    const sources = new Map<string, { source: Source; feeds: FeedSlot[] }>();
    for (const feed of feeds) {
      const key = feedKey(feed);
      const given = feed.interval === base ? windowOf(feed) : undefined;
      const window = given ?? new BarRing(feed.warmup);
      windows.set(key, window);
      const own = sources.get(this.sourceKey(feed)) ?? { source: feed, feeds: [] };
      own.feeds.push({
        feed,
        key,
        window,
        aggregate: feed.interval === base ? null : aggregateStart(feed.interval),
        closed: null,
        alsoClosed: null,
        lengthMs: intervalMs(feed.interval),
      });
      sources.set(this.sourceKey(feed), own);
    }
    this.#sources = new Map(
      [...sources].map(([key, { source, feeds: slots }]) => [
        key,
        { exchange: source.exchange, symbol: source.symbol, key, feeds: slots, close: Number.NaN },
      ]),
    );
    this.#slots = [...this.#sources.values()];
  }

  /** `binance:BTC/USDT:1m` */
  sourceKey({ exchange, symbol }: Source): string {
    return feedKey({ exchange, symbol, interval: this.base });
  }

  /** Undefined where no feed reads it. */
  source(source: Source): SourceSlot | undefined {
    return this.#sources.get(this.sourceKey(source));
  }

  get sources(): Iterable<SourceSlot> {
    return this.#sources.values();
  }

  /** Symbol → last close, of the sources that have one. */
  get closes(): Record<string, number> {
    const known = [...this.#sources.values()].filter(({ close }) => !Number.isNaN(close));
    return Object.fromEntries(known.map(({ symbol, close }) => [symbol, close]));
  }

  /** The last close of a symbol; undefined before there is one. */
  closeOf(symbol: string): number | undefined {
    for (const source of this.#slots) {
      if (source.symbol === symbol && !Number.isNaN(source.close)) return source.close;
    }
    return undefined;
  }

  setCloses(closes: Readonly<Record<string, number>>): void {
    for (const source of this.#sources.values()) source.close = closes[source.symbol] ?? Number.NaN;
  }

  /** The bars being built, as they stand: the slots' own state. */
  get aggregates(): Aggregates {
    const slots = [...this.#sources.values()].flatMap(({ feeds }) => feeds);
    return Object.fromEntries(
      slots.flatMap(({ key, aggregate }) => (aggregate === null ? [] : [[key, aggregate]])),
    );
  }

  /** Goes on with bars that were being built; without any, each begins anew. */
  setAggregates(aggregates: Aggregates = {}): void {
    for (const { feeds } of this.#sources.values()) {
      for (const slot of feeds) {
        if (slot.aggregate === null) continue;
        slot.aggregate = aggregates[slot.key] ?? aggregateStart(slot.feed.interval);
      }
    }
  }

  /** Takes in a base bar: builds on, keeps what it closed in the rings, and leaves it in the slots. */
  take(source: SourceSlot, bar: Bar): void {
    source.close = bar.close;
    for (const slot of source.feeds) {
      if (slot.aggregate === null) {
        slot.closed = bar;
        slot.window.push(bar);
        continue;
      }
      const [first = null, second = null] = aggregateNext(slot.aggregate, bar);
      slot.closed = first;
      slot.alsoClosed = second;
      if (first !== null) slot.window.push(first);
      if (second !== null) slot.window.push(second);
    }
  }

  /** The bars needed to fill every ring, whole bars of each feed's interval, wherever the first begins. */
  history(): HistoryNeed[] {
    const needs = new Map<string, HistoryNeed>();
    for (const feed of this.feeds) {
      const { exchange, symbol } = feed;
      const parts = intervalMs(feed.interval) / intervalMs(this.base);
      const before = needs.get(this.sourceKey(feed))?.count ?? 0;
      const count = Math.max((feed.warmup + 1) * parts - 1, before);
      needs.set(this.sourceKey(feed), { exchange, symbol, interval: this.base, count });
    }
    return [...needs.values()];
  }
}
