/** Small backtests: bars given as rows, a strategy given as handlers. */
import { seriesOf } from '../../core/bar-series.ts';
import type { BarSeries } from '../../core/bar-series.ts';
import type { Bar } from '../../core/bar.ts';
import type { OrderView } from '../../core/order.ts';
import { type Interval, intervalMs } from '../../core/time.ts';
import { runBacktest } from '../../backtest/engine.ts';
import type { BacktestInput } from '../../backtest/input.ts';
import type { BacktestResult } from '../../backtest/result.ts';
import type { Context, Feed } from '../../strategies/base-strategy.ts';
import { createInstrument, T0 } from './market.ts';
import { strategyOf } from './probe-strategy.ts';

export type Row = readonly [
  open: number,
  high: number,
  low: number,
  close: number,
  volume?: number,
];

/** Bars one after the other from T0; a row is open, high, low, close, and the volume (1000 without). */
export function barsOf(
  rows: readonly Row[],
  overrides: Partial<Pick<BarSeries, 'symbol' | 'interval'>> & { readonly from?: number } = {},
): BarSeries {
  const interval: Interval = overrides.interval ?? '1m';
  const length = intervalMs(interval);
  const bars = rows.map(([open, high, low, close, volume = 1000], index): Bar => {
    const openAt = (overrides.from ?? T0) + index * length;
    return { openAt, closeAt: openAt + length, open, high, low, close, volume };
  });
  return seriesOf({ exchange: 'binance', symbol: overrides.symbol ?? 'BTC/USDT', interval }, bars);
}

/** Bars that stand still at a price. */
export function flat(price: number): Row {
  return [price, price, price, price];
}

/** Runs what is done at each bar (by its index, from 0) over the rows. */
export function backtest(
  rows: readonly Row[],
  at: Readonly<Record<number, (ctx: Context) => void>>,
  overrides: Partial<BacktestInput> = {},
  onOrderUpdate?: (order: OrderView) => void,
): BacktestResult {
  const feed: Feed = { exchange: 'binance', symbol: 'BTC/USDT', interval: '1m', warmup: 3 };
  const strategy = strategyOf(
    {
      onKline: (bar, _feed, ctx) => {
        at[(bar.openAt - T0) / intervalMs('1m')]?.(ctx);
      },
      ...(onOrderUpdate === undefined ? {} : { onOrderUpdate }),
    },
    [feed],
  );
  return runBacktest({
    strategy,
    strategyType: 'probe',
    exchange: 'binance',
    series: [barsOf(rows)],
    instruments: { 'BTC/USDT': createInstrument() },
    wallet: '10000',
    ...overrides,
  });
}
