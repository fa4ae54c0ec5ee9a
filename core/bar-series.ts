/** Bars of one market in columns: what a backtest runs over, a million of them without an object each. */
import type { Bar } from './bar.ts';
import { intervalMs, type Interval } from './time.ts';

/**
 * Closed bars of one market and interval, oldest first, `openAt` strictly ascending; a missing bar is a jump in
 * `openAt`. All columns are `length` long and are not to be written to: slices share them.
 */
export interface BarSeries {
  readonly exchange: string;
  /** Unified, such as `BTC/USDT`. */
  readonly symbol: string;
  readonly interval: Interval;
  readonly length: number;
  /** First millisecond of each bar, UTC; it closes at `openAt + intervalMs(interval)`. */
  readonly openAt: Float64Array;
  readonly open: Float64Array;
  readonly high: Float64Array;
  readonly low: Float64Array;
  readonly close: Float64Array;
  /** In base. */
  readonly volume: Float64Array;
}

/** The columns of a series, in the order files keep them. */
export const BAR_COLUMNS = ['openAt', 'open', 'high', 'low', 'close', 'volume'] as const;
export type BarColumn = (typeof BAR_COLUMNS)[number];

/** A series' market and interval. */
export type SeriesKey = Pick<BarSeries, 'exchange' | 'symbol' | 'interval'>;

/** Index of the first bar that opens at `at` or later; `length` where there is none. O(log n). */
export function firstBarFrom(series: Pick<BarSeries, 'openAt' | 'length'>, at: number): number {
  let low = 0;
  let high = series.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((series.openAt[middle] ?? Infinity) < at) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * The bars that lie wholly in `from <= openAt` and `closeAt <= to`, as views of the same memory. Empty where
 * there are none; times in ms UTC, infinities allowed.
 */
export function sliceSeries(series: BarSeries, from: number, to: number): BarSeries {
  const start = firstBarFrom(series, from);
  // closeAt <= to is openAt < to - interval + 1 in whole milliseconds.
  const end = firstBarFrom(series, to - intervalMs(series.interval) + 1);
  return barsBetween(series, start, Math.max(start, end));
}

/** The same bars with each column made anew; all columns must come out equally long. */
export function mapColumns(
  series: BarSeries,
  make: (column: Float64Array) => Float64Array,
): BarSeries {
  const openAt = make(series.openAt);
  return {
    exchange: series.exchange,
    symbol: series.symbol,
    interval: series.interval,
    length: openAt.length,
    openAt,
    open: make(series.open),
    high: make(series.high),
    low: make(series.low),
    close: make(series.close),
    volume: make(series.volume),
  };
}

/** The bars with index `start` up to, not including, `end`, as views of the same memory. */
export function barsBetween(series: BarSeries, start: number, end: number): BarSeries {
  return mapColumns(series, (column) => column.subarray(start, end));
}

/** One bar as an object. Throws `RangeError` where there is none of that index. */
export function barAt(series: BarSeries, index: number): Bar {
  const value = (column: BarColumn): number => {
    const found = series[column][index];
    if (found !== undefined) return found;
    throw new RangeError(`bar ${String(index)} of ${String(series.length)} does not exist`);
  };
  const openAt = value('openAt');
  return {
    openAt,
    closeAt: openAt + intervalMs(series.interval),
    open: value('open'),
    high: value('high'),
    low: value('low'),
    close: value('close'),
    volume: value('volume'),
  };
}

/** A series of bars given as objects, oldest first. */
export function seriesOf(key: SeriesKey, bars: readonly Bar[]): BarSeries {
  const column = (name: BarColumn): Float64Array => Float64Array.from(bars, (bar) => bar[name]);
  return {
    ...key,
    length: bars.length,
    openAt: column('openAt'),
    open: column('open'),
    high: column('high'),
    low: column('low'),
    close: column('close'),
    volume: column('volume'),
  };
}
