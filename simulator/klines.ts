/** Candles of every interval built from a replay's closed minutes, and the one still forming. */
import { decimal, Decimal } from '../core/money.ts';
import { type Candle, MINUTE_MS } from './candles.ts';
import type { Replay } from './replay.ts';

/** The intervals served, in milliseconds. */
export const INTERVALS: Readonly<Record<string, number>> = {
  '1m': MINUTE_MS,
  '3m': 3 * MINUTE_MS,
  '5m': 5 * MINUTE_MS,
  '15m': 15 * MINUTE_MS,
  '30m': 30 * MINUTE_MS,
  '1h': 60 * MINUTE_MS,
  '2h': 120 * MINUTE_MS,
  '4h': 240 * MINUTE_MS,
  '6h': 360 * MINUTE_MS,
  '8h': 480 * MINUTE_MS,
  '12h': 720 * MINUTE_MS,
  '1d': 1_440 * MINUTE_MS,
};

export interface BuiltKline {
  readonly openAt: number;
  /** First millisecond after. */
  readonly closeAt: number;
  readonly open: string;
  readonly high: string;
  readonly low: string;
  readonly close: string;
  readonly volume: Decimal;
  /** Volume × close of each minute: the recording holds no quote volume. */
  readonly quoteVolume: Decimal;
}

interface Series {
  readonly lengthMs: number;
  readonly closed: BuiltKline[];
  current: BuiltKline | undefined;
  /** Minutes taken in so far. */
  taken: number;
}

/** Builds lazily: an interval costs nothing until someone asks for it. */
export class Klines {
  readonly #replay: Replay;
  readonly #series = new Map<string, Series>();

  constructor(replay: Replay) {
    this.#replay = replay;
  }

  /**
   * Closed klines, oldest first, then the forming one where there is one, as `GET /api/v3/klines` shows them.
   * `from` and `to` bound openAt, both inclusive; with `from` the first `limit` are given, else the last.
   */
  query(
    symbol: string,
    interval: string,
    range: { from?: number; to?: number; limit: number },
  ): BuiltKline[] {
    const { closed, lengthMs } = this.#upToNow(symbol, interval);
    const forming = this.forming(symbol, interval);
    const { from, to = Infinity, limit } = range;
    const inRange = (kline: BuiltKline): boolean =>
      kline.openAt <= to && kline.openAt >= (from ?? 0);
    const earliest = from ?? (to === Infinity ? -Infinity : to - limit * lengthMs);
    const start =
      earliest === -Infinity
        ? Math.max(0, closed.length - limit)
        : firstIndexAtOrAfter(closed, earliest);
    const found = closed
      .slice(start, from === undefined ? undefined : start + limit)
      .filter(inRange);
    if (forming !== undefined && inRange(forming)) {
      found.push(forming);
    }
    return from === undefined ? found.slice(-limit) : found.slice(0, limit);
  }

  /** The kline now forming; its last minute shows only its open. Undefined at the replay's end. */
  forming(symbol: string, interval: string): BuiltKline | undefined {
    const series = this.#upToNow(symbol, interval);
    const minute = this.#replay.forming(symbol);
    if (minute === undefined) {
      return series.current;
    }
    const { openAt, open } = minute;
    return merge(
      series.current,
      { openAt, open, high: open, low: open, close: open, volume: '0' },
      series.lengthMs,
    );
  }

  /** The kline of that interval which the minute ending at `closeAt` belongs to, as it stood then. */
  lastTouched(symbol: string, interval: string): BuiltKline | undefined {
    const series = this.#upToNow(symbol, interval);
    return series.current ?? series.closed.at(-1);
  }

  #upToNow(symbol: string, interval: string): Series {
    const key = `${symbol} ${interval}`;
    let series = this.#series.get(key);
    if (series === undefined) {
      series = {
        lengthMs: INTERVALS[interval] ?? MINUTE_MS,
        closed: [],
        current: undefined,
        taken: 0,
      };
      this.#series.set(key, series);
    }
    const count = this.#replay.closedCount(symbol);
    for (const minute of this.#replay.bars(symbol).slice(series.taken, count)) {
      takeIn(series, minute);
    }
    series.taken = count;
    return series;
  }
}

function takeIn(series: Series, minute: Candle): void {
  const before = series.current;
  const merged = merge(before, minute, series.lengthMs);
  if (before !== undefined && merged.openAt !== before.openAt) {
    series.closed.push(before);
  }
  if (minute.openAt + MINUTE_MS === merged.closeAt) {
    series.closed.push(merged);
    series.current = undefined;
  } else {
    series.current = merged;
  }
}

function merge(before: BuiltKline | undefined, minute: Candle, lengthMs: number): BuiltKline {
  const openAt = minute.openAt - (minute.openAt % lengthMs);
  const volume = decimal(minute.volume);
  const quoteVolume = volume.mul(minute.close);
  if (before?.openAt !== openAt) {
    const { open, high, low, close } = minute;
    return { openAt, closeAt: openAt + lengthMs, open, high, low, close, volume, quoteVolume };
  }
  return {
    ...before,
    high: decimal(minute.high).gt(before.high) ? minute.high : before.high,
    low: decimal(minute.low).lt(before.low) ? minute.low : before.low,
    close: minute.close,
    volume: before.volume.add(volume),
    quoteVolume: before.quoteVolume.add(quoteVolume),
  };
}

function firstIndexAtOrAfter(klines: readonly BuiltKline[], openAt: number): number {
  let low = 0;
  let high = klines.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((klines[middle]?.openAt ?? Infinity) < openAt) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

export interface DayStatistics {
  readonly openAt: number;
  readonly closeAt: number;
  readonly open: string;
  readonly high: string;
  readonly low: string;
  readonly last: string;
  readonly volume: Decimal;
  readonly quoteVolume: Decimal;
  readonly minutes: number;
}

const DAY_MS = 86_400_000;

/** The rolling last 24 hours up to market time. */
export function dayStatistics(replay: Replay, symbol: string): DayStatistics {
  const closeAt = replay.marketTime;
  const last = replay.price(symbol);
  const bars = replay.bars(symbol).slice(0, replay.closedCount(symbol)).slice(-1_440);
  const day = bars.filter((bar) => bar.openAt >= closeAt - DAY_MS);
  let high = decimal(last);
  let low = high;
  let volume = new Decimal(0);
  let quoteVolume = volume;
  for (const bar of day) {
    high = Decimal.max(high, bar.high);
    low = Decimal.min(low, bar.low);
    volume = volume.add(bar.volume);
    quoteVolume = quoteVolume.add(decimal(bar.volume).mul(bar.close));
  }
  return {
    openAt: day[0]?.openAt ?? closeAt,
    closeAt,
    open: day[0]?.open ?? last,
    high: high.toFixed(),
    low: low.toFixed(),
    last,
    volume,
    quoteVolume,
    minutes: day.length,
  };
}
