/** The curves against what a person would reckon from the fills and bars, several markets on one clock. */
import { describe, expect, it } from '@jest/globals';
import { barsBetween, type BarSeries, mapColumns } from '../core/bar-series.ts';
import { createInstrument, T0 } from '../test/factories/market.ts';
import { strategyOf } from '../test/factories/probe-strategy.ts';
import { backtest, barsOf, flat, type Row } from '../test/factories/run-backtest.ts';
import { runBacktest } from './engine.ts';
import type { BacktestInput } from './input.ts';
import type { BacktestResult } from './result.ts';

const MINUTE = 60_000;
const WALLET = 10_000;
const [BTC, ETH, SOL] = ['BTC/USDT', 'ETH/USDT', 'SOL/USDT'];

/** Prices that move by a pattern of their own, on the cent. */
function bars(symbol: string, step: number): BarSeries {
  const rows = Array.from({ length: 40 }, (_, at): Row => {
    const [open, close] = [at, at + 1].map((each) => 100 + ((each * step) % 17));
    return [open ?? 0, 120, 90, close ?? 0];
  });
  return barsOf(rows, { symbol });
}

/** Without every bar whose index is one of these modulo 6. */
function without(series: BarSeries, ...indices: number[]): BarSeries {
  return mapColumns(series, (column) => column.filter((_, at) => !indices.includes(at % 6)));
}

/** Buys a coin of each market on every third of its bars and is flat two bars later. */
function run(series: readonly BarSeries[], overrides: Partial<BacktestInput> = {}): BacktestResult {
  const feeds = series.map(
    ({ symbol }) => ({ exchange: 'binance', symbol, interval: '1m', warmup: 1 }) as const,
  );
  const strategy = strategyOf(
    {
      onKline: (bar, { symbol }, ctx) => {
        const turn = ((bar.openAt - T0) / MINUTE) % 3;
        if (turn === 0) ctx.target(symbol, { qty: '1' }, { tag: 'in' });
        if (turn === 2) ctx.target(symbol, 'flat', { tag: 'out' });
      },
    },
    feeds,
  );
  return runBacktest({
    strategy,
    strategyType: 'probe',
    exchange: 'binance',
    series,
    instruments: Object.fromEntries(
      series.map(({ symbol }) => [
        symbol,
        createInstrument({ symbol, base: symbol.slice(0, 3), takerFeeRate: '0.001' }),
      ]),
    ),
    wallet: String(WALLET),
    ...overrides,
  });
}

/** Point by point: what was held and owned after the last fill before it, at the last closes. */
function reckoned(
  series: readonly BarSeries[],
  { fills }: BacktestResult,
  from = T0,
  to = Infinity,
) {
  const opens = series.flatMap(({ openAt }) => [...openAt]).filter((at) => at >= from && at < to);
  const points = [...new Set(opens)].sort((a, b) => a - b).map((at) => at + MINUTE);
  return points.map((at) => {
    let worth = WALLET;
    let invested = 0;
    for (const { symbol, openAt, close } of series) {
      let held = 0;
      for (const fill of fills.filter((each) => each.symbol === symbol && each.executedAt < at)) {
        const [sign, fee] = [fill.side === 'buy' ? 1 : -1, Number(fill.feeAmount)];
        held += sign * Number(fill.quantity);
        worth -= sign * Number(fill.quantity) * Number(fill.price);
        if (fill.feeAsset === 'USDT') worth -= fee;
        else held -= fee;
      }
      const last = openAt.findLastIndex((each) => each < at);
      const marked = held * (close[last] ?? 0);
      worth += marked;
      invested += Math.abs(marked);
    }
    return { at, worth, invested };
  });
}

function expectAsReckoned(result: BacktestResult, points: ReturnType<typeof reckoned>): void {
  const { at, value, invested } = result.equity;
  expect([...at]).toEqual(points.map((point) => point.at));
  expect(value).toHaveLength(points.length);
  for (const [index, point] of points.entries()) {
    expect(value[index]).toBeCloseTo(point.worth, 8);
    expect(invested[index]).toBeCloseTo(point.invested, 8);
  }
  expect(result.run).toMatchObject({ from: (at[0] ?? 0) - MINUTE, to: at.at(-1) });
}

describe('the curves of a run', () => {
  const whole = [bars(BTC, 3), bars(ETH, 5)];
  const full = [bars(BTC, 3)];
  const holes = [
    without(bars(BTC, 3), 1, 2),
    without(bars(ETH, 5), 2, 3),
    barsBetween(bars(SOL, 7), 9, 31),
  ];

  it.each([
    ['one market', full],
    ['one market with bars missing', [without(bars(BTC, 3), 4)]],
    ['markets with the same bars', whole],
    ['markets with different bars', holes],
  ])('of %s are what the fills and closes come to', (_, series) => {
    const result = run(series);
    expect(result.fills.length).toBeGreaterThan(10);
    expectAsReckoned(result, reckoned(series, result));
  });

  it('leave out what a fee in base took from the quantity', () => {
    const result = run(holes, { costs: { feeIn: 'received' } });
    expect(result.fills.some(({ feeAsset }) => feeAsset === 'ETH')).toBe(true);
    expectAsReckoned(result, reckoned(holes, result));
  });

  it('have points only for what was traded', () => {
    const [from, to] = [T0 + 10 * MINUTE, T0 + 30 * MINUTE];
    for (const series of [full, holes]) {
      const result = run(series, { from, to });
      expectAsReckoned(result, reckoned(series, result, from, to));
    }
  });

  it('are empty where nothing was traded', () => {
    const result = backtest([flat(100), flat(100)], {}, { from: T0 + 5 * MINUTE });
    expect(result.equity.at).toHaveLength(0);
    expect(result.equity.invested).toHaveLength(0);
    expect(result.run).toMatchObject({ from: 0, to: 0 });
  });
});
