/**
 * The market's clock: a cursor over recorded minutes of one or more symbols.
 *
 * Standing at minute i, the bar is forming and only its open is known: market time is openAt(i) and the
 * price open(i). A step closes the minute: market time becomes the next bar's openAt (its closeAt, where no
 * minute is missing) and the price that bar's open. After the last minute market time is its closeAt, the
 * price its close, and `done` is true.
 */
import { KeelError } from '../core/errors.ts';
import { type Candle, MINUTE_MS, type Recording } from './candles.ts';

export interface ReplayStart {
  /** First forming minute is the first recorded one at or after this time. */
  readonly startAt?: number;
  /** Or: so many minutes are history when the replay begins. Default 0. */
  readonly warmupBars?: number;
}

export interface SymbolBar {
  readonly symbol: string;
  readonly bar: Candle;
}

/** The minute now forming, with the bars that will be known once it is closed. */
export interface Minute {
  readonly openAt: number;
  readonly closeAt: number;
  readonly bars: readonly SymbolBar[];
}

interface Track {
  readonly bars: readonly Candle[];
  /** How many bars are closed: index of the first that is not. */
  closed: number;
}

export class Replay {
  readonly #minutes: readonly number[];
  readonly #tracks = new Map<string, Track>();
  readonly #firstIndex: number;
  #index: number;

  /** Throws INVALID_INPUT where nothing is left to replay or a symbol begins after the start. */
  constructor(recordings: readonly Recording[], start: ReplayStart = {}) {
    const minutes = new Set<number>();
    for (const { symbol, bars } of recordings) {
      if (this.#tracks.has(symbol)) {
        throw new KeelError('INVALID_INPUT', `${symbol} is recorded twice: give one file a symbol`);
      }
      this.#tracks.set(symbol, { bars, closed: 0 });
      for (const bar of bars) {
        minutes.add(bar.openAt);
      }
    }
    this.#minutes = [...minutes].sort((a, b) => a - b);
    this.#firstIndex = this.#indexOfStart(start);
    this.#index = this.#firstIndex;
    const beginsAt = this.marketTime;
    for (const [symbol, track] of this.#tracks) {
      if ((track.bars[0]?.openAt ?? Infinity) > beginsAt) {
        throw new KeelError(
          'INVALID_INPUT',
          `${symbol} has no bar at or before the start ${new Date(beginsAt).toISOString()}`,
        );
      }
      track.closed = track.bars.filter((bar) => bar.openAt < beginsAt).length;
    }
  }

  #indexOfStart(start: ReplayStart): number {
    const index =
      start.startAt === undefined
        ? (start.warmupBars ?? 0)
        : this.#minutes.findIndex((openAt) => openAt >= (start.startAt ?? 0));
    if (index < 0 || index >= this.#minutes.length) {
      const last = this.#minutes.at(-1);
      throw new KeelError(
        'INVALID_INPUT',
        `nothing left to replay: the start is after the last recorded minute ${
          last === undefined ? '(none)' : new Date(last).toISOString()
        }`,
      );
    }
    return index;
  }

  get symbols(): readonly string[] {
    return [...this.#tracks.keys()];
  }

  /** Minutes closed since the replay began. */
  get bar(): number {
    return this.#index - this.#firstIndex;
  }

  /** Minutes in the whole replay. */
  get totalBars(): number {
    return this.#minutes.length - this.#firstIndex;
  }

  get done(): boolean {
    return this.#index >= this.#minutes.length;
  }

  /** Milliseconds UTC of the recorded market. */
  get marketTime(): number {
    const forming = this.#minutes[this.#index];
    return forming ?? (this.#minutes.at(-1) ?? 0) + MINUTE_MS;
  }

  /** The last price known at market time. */
  price(symbol: string): string {
    const track = this.#track(symbol);
    const price = this.forming(symbol)?.open ?? track.bars[track.closed - 1]?.close;
    if (price === undefined) {
      throw new KeelError('INTERNAL', `${symbol} has no price at ${String(this.marketTime)}`);
    }
    return price;
  }

  /** A contract's mark: the last recorded close, or before there is one the price. */
  markPrice(symbol: string): string {
    const { bars, closed } = this.#track(symbol);
    return bars[closed - 1]?.close ?? this.price(symbol);
  }

  /** The bar now forming, of which only the open may be shown; undefined where this minute has none. */
  forming(symbol: string): Candle | undefined {
    const track = this.#track(symbol);
    const bar = track.bars[track.closed];
    return bar?.openAt === this.#minutes[this.#index] ? bar : undefined;
  }

  /** All recorded bars of a symbol; only the first `closedCount` may be shown. */
  bars(symbol: string): readonly Candle[] {
    return this.#track(symbol).bars;
  }

  closedCount(symbol: string): number {
    return this.#track(symbol).closed;
  }

  /** The minute now forming; undefined at the end. */
  minute(): Minute | undefined {
    const openAt = this.#minutes[this.#index];
    if (openAt === undefined) {
      return undefined;
    }
    const bars = this.symbols.flatMap((symbol) => {
      const bar = this.forming(symbol);
      return bar === undefined ? [] : [{ symbol, bar }];
    });
    return { openAt, closeAt: openAt + MINUTE_MS, bars };
  }

  /** Closes the forming minute. Does nothing at the end. */
  step(): void {
    const minute = this.minute();
    if (minute === undefined) {
      return;
    }
    for (const { symbol } of minute.bars) {
      this.#track(symbol).closed += 1;
    }
    this.#index += 1;
  }

  #track(symbol: string): Track {
    const track = this.#tracks.get(symbol);
    if (track === undefined) {
      throw new KeelError(
        'NOT_FOUND',
        `${symbol} is not recorded; recorded: ${this.symbols.join(', ')}`,
      );
    }
    return track;
  }
}
