/** Long series made short enough to draw: nobody sees more points than a screen has columns. */
import { type BarSeries, firstBarFrom } from '../../../core/bar-series.ts';
import { intervalMs } from '../../../core/time.ts';

export interface Point {
  /** ms UTC. */
  readonly at: number;
  readonly value: number;
}

/**
 * The points of a curve for `columns` columns of equal time: of each the first, lowest, highest and last in their
 * order, so that no peak is lost and gaps stay gaps. At most four a column; all of them where there are fewer.
 */
export function curvePoints(
  at: Float64Array,
  value: Float64Array,
  from: number,
  to: number,
  columns: number,
): Point[] {
  const point = (index: number): Point => ({
    at: at[index] ?? Number.NaN,
    value: value[index] ?? Number.NaN,
  });
  if (at.length <= columns) return Array.from(at, (_, index) => point(index));
  const points: Point[] = [];
  const width = (to - from) / columns;
  const columnOf = (time: number): number =>
    Math.min(columns - 1, Math.floor((time - from) / width));
  let start = 0;
  while (start < at.length) {
    const column = columnOf(at[start] ?? to);
    let lowest = start;
    let highest = start;
    let end = start;
    for (; end < at.length && columnOf(at[end] ?? to) === column; end += 1) {
      const now = value[end] ?? Number.NaN;
      if (now < (value[lowest] ?? Number.NaN)) lowest = end;
      if (now > (value[highest] ?? Number.NaN)) highest = end;
    }
    const kept = new Set([start, lowest, highest, end - 1]);
    points.push(...[...kept].sort((a, b) => a - b).map(point));
    start = end;
  }
  return points;
}

export interface Candle {
  /** First millisecond, UTC. */
  readonly openAt: number;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
}

export interface Candles {
  /** Length of each, a multiple of the bars' interval. */
  readonly widthMs: number;
  readonly candles: readonly Candle[];
}

const MINUTE_MS = 60_000;
/** Lengths that people know candles by. */
const WIDTHS_MS = [
  1, 5, 15, 30, 60, 120, 240, 480, 720, 1440, 2880, 4320, 10_080, 20_160, 40_320,
].map((minutes) => minutes * MINUTE_MS);

/** The shortest of those lengths, a multiple of the bar, that makes no more candles than wanted. */
function candleWidth(bar: number, length: number, most: number): number {
  const least = Math.max(bar, length / (most - 1));
  return (
    WIDTHS_MS.find((width) => width >= least && width % bar === 0) ?? Math.ceil(least / bar) * bar
  );
}

/** The bars between two times as at most `most` candles, which begin at multiples of their length. */
export function candlesOf(series: BarSeries, from: number, to: number, most: number): Candles {
  const widthMs = candleWidth(intervalMs(series.interval), to - from, most);
  const candles: Candle[] = [];
  let index = firstBarFrom(series, from);
  const end = firstBarFrom(series, to);
  while (index < end) {
    const openAt = Math.floor((series.openAt[index] ?? to) / widthMs) * widthMs;
    const open = series.open[index] ?? Number.NaN;
    let high = -Infinity;
    let low = Infinity;
    let close = open;
    for (; index < end && (series.openAt[index] ?? to) < openAt + widthMs; index += 1) {
      high = Math.max(high, series.high[index] ?? high);
      low = Math.min(low, series.low[index] ?? low);
      close = series.close[index] ?? close;
    }
    candles.push({ openAt, open, high, low, close });
  }
  return { widthMs, candles };
}
