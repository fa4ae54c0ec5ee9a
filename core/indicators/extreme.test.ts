import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { DonchianChannels } from 'trading-signals';
import { runThroughJson, windows } from '../../test/factories/series.ts';
import { extremeNext, extremeOf, highestStart, lowestStart } from './extreme.ts';

// Few different values: ties are what a monotonic queue gets wrong.
const series = fc.array(fc.integer({ min: -3, max: 3 }), { maxLength: 80 });
const period = fc.integer({ min: 1, max: 12 });

describe('extremes', () => {
  it('are those of the window, ties and all', () => {
    fc.assert(
      fc.property(series, period, (values, length) => {
        const spans = windows(values, length);
        const expected = (of: (...span: number[]) => number): number[] =>
          spans.map((span) => (span.length === 0 ? Number.NaN : of(...span)));
        const highest = runThroughJson(highestStart(length), extremeNext, values);
        const lowest = runThroughJson(lowestStart(length), extremeNext, values);
        expect(highest.map((value) => value + 0)).toEqual(expected(Math.max).map((v) => v + 0));
        expect(lowest.map((value) => value + 0)).toEqual(expected(Math.min).map((v) => v + 0));
      }),
    );
  });

  it('make the Donchian channel of an independent library', () => {
    const bars = fc.array(
      fc.tuple(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 0, max: 9 })),
      { maxLength: 60 },
    );
    fc.assert(
      fc.property(bars, period, (ranges, length) => {
        const candles = ranges.map(([low, span]) => ({ low, high: low + span, close: low }));
        const other = new DonchianChannels(length);
        const channels = candles.map((candle) => other.add(candle));
        const highs = candles.map(({ high }) => high);
        const lows = candles.map(({ low }) => low);
        const upper = runThroughJson(highestStart(length), extremeNext, highs);
        const lower = runThroughJson(lowestStart(length), extremeNext, lows);
        expect(upper).toEqual(channels.map((channel) => channel?.upper ?? Number.NaN));
        expect(lower).toEqual(channels.map((channel) => channel?.lower ?? Number.NaN));
      }),
    );
  });

  it('are read without a new value, and refuse a period of nothing', () => {
    const state = highestStart(2);
    expect(extremeOf(state)).toBeNaN();
    extremeNext(state, 5);
    expect(extremeOf(state)).toBeNaN();
    extremeNext(state, 3);
    expect(extremeOf(state)).toBe(5);
    expect(() => lowestStart(0)).toThrow(/an extreme of 0 values/);
  });

  it('look at each value a bounded number of times, whatever the order', () => {
    // A queue that searched its window would need 10⁹ looks here, some seconds.
    const state = highestStart(10_000);
    const began = performance.now();
    for (let value = 100_000; value > 0; value -= 1) extremeNext(state, value);
    expect(extremeOf(state)).toBe(10_000);
    expect(performance.now() - began).toBeLessThan(1_000);
  });
});
