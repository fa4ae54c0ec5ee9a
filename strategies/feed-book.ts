/** A runner's feeds: which source each reads, and their last closed bars. */
import { aggregateNext, aggregateStart, type AggregateState } from '../core/aggregate.ts';
import { KeelError } from '../core/errors.ts';
import type { Kline } from '../core/kline.ts';
import { intervalMs } from '../core/time.ts';
import { BarRing } from './bar-ring.ts';
import { type Bar, type Feed, feedKey } from './base-strategy.ts';

/** Where one-minute bars come from: an exchange's symbol. */
export interface Source {
  readonly exchange: string;
  readonly symbol: string;
}

/** One-minute bars to read before the first live one. */
export interface HistoryNeed extends Source {
  readonly interval: '1m';
  readonly count: number;
}

export interface ClosedBar {
  readonly feed: Feed;
  readonly bar: Bar;
}

/** Feed key → the bar being built. */
export type Aggregates = Record<string, AggregateState>;

/** `binance:BTC/USDT:1m` */
export function sourceKey(source: Source): string {
  return feedKey({ exchange: source.exchange, symbol: source.symbol, interval: '1m' });
}

export class FeedBook {
  readonly feeds: readonly Feed[];
  readonly rings: ReadonlyMap<string, BarRing>;

  /** Throws INVALID_INPUT when there is no feed, or one with a warm-up below one bar. */
  constructor(feeds: readonly Feed[], strategyType: string) {
    const wrong = feeds.find(({ warmup }) => !Number.isInteger(warmup) || warmup < 1);
    if (feeds.length === 0 || wrong !== undefined) {
      throw new KeelError(
        'INVALID_INPUT',
        `${strategyType} asks for ${wrong === undefined ? 'no feed' : `a warm-up of ${String(wrong.warmup)} bars`}; feeds() must return one feed or more, each with a warmup from 1`,
      );
    }
    this.feeds = feeds;
    this.rings = new Map(feeds.map((feed) => [feedKey(feed), new BarRing(feed.warmup)]));
  }

  startAggregates(): Aggregates {
    return Object.fromEntries(
      this.feeds.map((feed) => [feedKey(feed), aggregateStart(feed.interval)]),
    );
  }

  feedsOf(source: Source): readonly Feed[] {
    return this.feeds.filter(
      (feed) => feed.exchange === source.exchange && feed.symbol === source.symbol,
    );
  }

  /** Takes in a one-minute bar: moves `aggregates` on, and keeps and returns the bars it closed. */
  take(bar: Kline, aggregates: Aggregates): readonly ClosedBar[] {
    return this.feedsOf(bar).flatMap((feed) => {
      const key = feedKey(feed);
      const next = aggregateNext(aggregates[key] ?? aggregateStart(feed.interval), bar);
      aggregates[key] = next.state;
      return next.closed.map((closed) => {
        this.rings.get(key)?.push(closed);
        return { feed, bar: closed };
      });
    });
  }

  /** The bars needed to fill every ring, whole bars of each feed's interval, wherever the first begins. */
  history(): HistoryNeed[] {
    const needs = new Map<string, HistoryNeed>();
    for (const feed of this.feeds) {
      const { exchange, symbol } = feed;
      const minutes = intervalMs(feed.interval) / intervalMs('1m');
      const before = needs.get(sourceKey(feed))?.count ?? 0;
      const count = Math.max((feed.warmup + 1) * minutes - 1, before);
      needs.set(sourceKey(feed), { exchange, symbol, interval: '1m', count });
    }
    return [...needs.values()];
  }
}
