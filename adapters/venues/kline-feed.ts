/**
 * One feed's order: bars of one symbol and interval go out oldest first, each once, with no gap that the
 * venue's history can fill.
 */
import type { Kline } from '../../core/kline.ts';
import { type Interval, intervalMs } from '../../core/time.ts';
import type { SourceEvent } from '../data-source.ts';

export interface KlineQuery {
  readonly symbol: string;
  readonly venueSymbol: string;
  readonly interval: Interval;
}

export interface HistoryPage {
  /** Closed bars, oldest first. */
  readonly klines: readonly Kline[];
  readonly malformed: readonly { readonly raw: string; readonly reason: string }[];
  /** Open time to go on from; null when this page reached the venue's time. */
  readonly next: number | null;
}

/** Closed klines by REST: what a source missed, in pages. */
export interface KlineHistory {
  /**
   * The closed bars that open at or after `from`. A bar that closes after the venue's time is dropped: it is
   * still forming. Throws VENUE_UNAVAILABLE (also for HTML), VENUE_RATE_LIMITED, VENUE_INVALID_SYMBOL.
   */
  page(query: KlineQuery, from: number): Promise<HistoryPage>;
}

/** Live bars kept while history is fetched; were there more, history holds them as well. */
const WAITING_BARS = 1000;

export interface KlineFeedOptions {
  readonly query: KlineQuery;
  readonly history: KlineHistory;
  readonly emit: (event: SourceEvent) => Promise<void>;
  /** Open time of the first bar wanted; absent: begin with the first live bar. */
  readonly since?: number;
}

export class KlineFeed {
  readonly key: string;
  readonly #options: KlineFeedOptions;
  readonly #barMs: number;
  /** Open time of the next bar due; undefined before the first one. */
  #next: number | undefined;
  /** Live bars that came while history is fetched; undefined while live bars go straight on. */
  #waiting: Kline[] | undefined;
  /** What is under way: a feed does one thing at a time. */
  #busy: Promise<unknown> = Promise.resolve();

  constructor(options: KlineFeedOptions) {
    const { symbol, interval } = options.query;
    this.key = `${symbol} ${interval}`;
    this.#options = options;
    this.#barMs = intervalMs(interval);
    this.#next = options.since;
  }

  /** From now on live bars wait, until `fill` is through. */
  hold(): void {
    this.#waiting ??= [];
  }

  /** Takes a closed bar from the stream. Throws what a back-fill of its gap throws. */
  async live(kline: Kline): Promise<void> {
    if (this.#waiting !== undefined) {
      if (this.#waiting.length < WAITING_BARS) this.#waiting.push(kline);
      return;
    }
    await this.#serially(() => this.#inOrder(kline));
  }

  /** Fetches what is due up to the venue's time, then hands on the live bars that waited. */
  fill(signal: AbortSignal): Promise<void> {
    this.hold();
    return this.#serially(() => this.#fill(signal));
  }

  /** Resolves when nothing is under way. */
  async settled(): Promise<void> {
    await this.#busy;
  }

  #serially(work: () => Promise<void>): Promise<void> {
    const next = this.#busy.then(work);
    this.#busy = next.catch(() => undefined);
    return next;
  }

  async #fill(signal: AbortSignal): Promise<void> {
    this.hold();
    if (this.#next !== undefined) await this.#fetch(this.#next, signal);
    for (let kline = this.#waiting?.[0]; kline !== undefined; kline = this.#waiting?.[0]) {
      await this.#inOrder(kline, signal);
      this.#waiting?.shift();
    }
    this.#waiting = undefined;
  }

  async #inOrder(kline: Kline, signal?: AbortSignal): Promise<void> {
    if (this.#next !== undefined && kline.openAt > this.#next) {
      // Bars the venue itself does not have stay a gap; the validator behind us reports it.
      await this.#fetch(this.#next, signal);
    }
    await this.#handOn(kline);
  }

  async #fetch(from: number, signal?: AbortSignal): Promise<void> {
    for (let at: number | null = from; at !== null && signal?.aborted !== true;) {
      if (isAborted(signal)) return;
      const page = await this.#options.history.page(this.#options.query, at);
      for (const { raw, reason } of page.malformed) {
        await this.#options.emit({ kind: 'malformed', raw, reason });
      }
      for (const kline of page.klines) {
        if (isAborted(signal)) return;
        await this.#handOn(kline);
      }
      at = page.next;
    }
  }

  async #handOn(kline: Kline): Promise<void> {
    if (this.#next !== undefined && kline.openAt < this.#next) return;
    await this.#options.emit({ kind: 'kline', kline });
    this.#next = kline.openAt + this.#barMs;
  }
}

// A call, since the compiler takes a property it has seen false for false ever after.
function isAborted(signal: AbortSignal | undefined): boolean {
  return signal?.aborted === true;
}
