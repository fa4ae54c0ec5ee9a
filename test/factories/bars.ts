/** Bars for tests: made from a seed, valid, and different from bar to bar. */
import { intervalMs } from '../../core/time.ts';
import { seriesOf, type BarSeries, type SeriesKey } from '../../core/bar-series.ts';

export const BARS_BEGIN = Date.UTC(2024, 0, 1);

/** `count` bars from BARS_BEGIN; those whose index is in `without` are missing. */
export function makeSeries(
  count: number,
  overrides: Partial<SeriesKey> & {
    readonly seed?: number;
    readonly without?: readonly number[];
  } = {},
): BarSeries {
  const { seed = 1, without = [], ...key } = overrides;
  const named = { exchange: 'binance', symbol: 'BTC/USDT', interval: '1m', ...key } as const;
  const length = intervalMs(named.interval);
  let state = seed;
  const random = (): number => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
  let price = 40_000;
  const bars = Array.from({ length: count }, (_, index) => {
    const open = price;
    const close = Math.round(open * (1 + (random() - 0.5) / 500) * 100) / 100;
    price = close;
    const openAt = BARS_BEGIN + index * length;
    return {
      ...{ openAt, closeAt: openAt + length, open, close },
      high: Math.round((Math.max(open, close) + random() * 10) * 100) / 100,
      low: Math.round((Math.min(open, close) - random() * 10) * 100) / 100,
      volume: Math.round(random() * 1e5 + 1) / 1e4,
    };
  });
  return seriesOf(
    named,
    bars.filter((_, index) => !without.includes(index)),
  );
}
