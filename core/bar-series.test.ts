import { describe, expect, it } from '@jest/globals';
import type { Bar } from './bar.ts';
import { barAt, barsBetween, firstBarFrom, seriesOf, sliceSeries } from './bar-series.ts';

const MINUTE = 60_000;

function bar(minute: number): Bar {
  const openAt = minute * MINUTE;
  return { openAt, closeAt: openAt + MINUTE, open: minute, high: 9, low: 0.5, close: 2, volume: 3 };
}

/** Minutes 10, 11, 12, 15: two are missing. */
const series = seriesOf(
  { exchange: 'binance', symbol: 'BTC/USDT', interval: '1m' },
  [10, 11, 12, 15].map(bar),
);
const minutes = (of: { openAt: Float64Array }): number[] => [...of.openAt].map((at) => at / MINUTE);

describe('a bar series', () => {
  it('gives back the bars it is made of', () => {
    expect([0, 1, 2, 3].map((index) => barAt(series, index))).toEqual([10, 11, 12, 15].map(bar));
    expect(() => barAt(series, 4)).toThrow('bar 4 of 4 does not exist');
  });

  it.each([
    [11 * MINUTE, 1],
    [11 * MINUTE + 1, 2],
    [13 * MINUTE, 3],
    [15 * MINUTE + 1, 4],
    [-Infinity, 0],
  ])('finds the first bar from %d', (at, index) => {
    expect(firstBarFrom(series, at)).toBe(index);
  });

  it('slices to the bars that lie wholly inside', () => {
    expect(minutes(sliceSeries(series, 11 * MINUTE, 13 * MINUTE))).toEqual([11, 12]);
    expect(minutes(sliceSeries(series, 11 * MINUTE, 13 * MINUTE - 1))).toEqual([11]);
    expect(minutes(sliceSeries(series, 10 * MINUTE + 1, Infinity))).toEqual([11, 12, 15]);
    expect(minutes(sliceSeries(series, -Infinity, Infinity))).toEqual([10, 11, 12, 15]);
    expect(sliceSeries(series, 13 * MINUTE, 15 * MINUTE).length).toBe(0);
    expect(sliceSeries(series, 15 * MINUTE, 10 * MINUTE).length).toBe(0);
  });

  it('copies nothing', () => {
    expect(barsBetween(series, 1, 3).close.buffer).toBe(series.close.buffer);
    expect(barsBetween(series, 1, 3)).toMatchObject({ symbol: 'BTC/USDT', length: 2 });
  });
});
