import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { seriesOf } from '../../../core/bar-series.ts';
import { createSeries } from '../../../test/factories/backtest.ts';
import { candlesOf, curvePoints } from './downsample.ts';

const HOUR = 3_600_000;

describe('curvePoints', () => {
  it('keeps first, last, lowest and highest, in order, of at most four points a column', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ noNaN: true, noDefaultInfinity: true }), {
          minLength: 1,
          maxLength: 300,
        }),
        fc.integer({ min: 1, max: 20 }),
        (values, columns) => {
          const at = Float64Array.from(values, (_, index) => index + 1);
          const value = Float64Array.from(values);
          const points = curvePoints(at, value, 0, values.length, columns);
          expect(points.length).toBeLessThanOrEqual(Math.max(columns * 4, columns));
          expect(points[0]).toEqual({ at: 1, value: values[0] });
          expect(points.at(-1)).toEqual({ at: values.length, value: values.at(-1) });
          const kept = points.map((point) => point.value);
          expect(Math.min(...kept)).toBe(Math.min(...values));
          expect(Math.max(...kept)).toBe(Math.max(...values));
          for (const [index, point] of points.entries()) {
            expect(point.at).toBeGreaterThan(points[index - 1]?.at ?? 0);
            expect(point.value).toBe(values[point.at - 1]);
          }
        },
      ),
    );
  });

  it('draws nothing of nothing', () => {
    expect(curvePoints(new Float64Array(), new Float64Array(), 0, 1, 10)).toEqual([]);
  });
});

describe('candlesOf', () => {
  it('adds bars up to first open, highest high, lowest low, last close', () => {
    const bar = (index: number, open: number, high: number, low: number, close: number) => ({
      openAt: index * HOUR,
      closeAt: (index + 1) * HOUR,
      open,
      high,
      low,
      close,
      volume: 1,
    });
    const series = seriesOf({ exchange: 'binance', symbol: 'BTC/USDT', interval: '1h' }, [
      bar(0, 10, 15, 9, 12),
      bar(1, 12, 13, 5, 6),
      bar(2, 6, 7, 4, 5),
    ]);
    expect(candlesOf(series, 0, 3 * HOUR, 3)).toEqual({
      widthMs: 2 * HOUR,
      candles: [
        { openAt: 0, open: 10, high: 15, low: 5, close: 6 },
        { openAt: 2 * HOUR, open: 6, high: 7, low: 4, close: 5 },
      ],
    });
  });

  it('makes no more than asked for, of a length that people know', () => {
    const series = createSeries('BTC/USDT', 5000, 0, 100);
    const { candles, widthMs } = candlesOf(series, 0, 5000 * HOUR, 300);
    expect(widthMs).toBe(24 * HOUR);
    expect(candles.length).toBe(Math.ceil(5000 / 24));
  });

  it('leaves out bars outside the run', () => {
    const series = createSeries('BTC/USDT', 100, 0, 100);
    expect(candlesOf(series, 10 * HOUR, 20 * HOUR, 300).candles).toHaveLength(10);
    expect(candlesOf(series, 200 * HOUR, 300 * HOUR, 300).candles).toEqual([]);
  });
});
