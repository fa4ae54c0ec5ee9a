/** The shipped templates on a recorded day: 2024-12-10, BTC/USDT. */
import { describe, expect, it } from '@jest/globals';
import type { Kline } from '../core/kline.ts';
import { type Signal, signalSchema } from '../core/signal.ts';
import { dayBars, Desk, warmUpBars } from '../test/factories/recorded-day.ts';
import { defaultRegistry } from './registry.ts';
import { type RunnerCheckpoint, StrategyRunner } from './runner.ts';

const HISTORY = warmUpBars();
const DAY = dayBars();
const MIDNIGHT = DAY[0]?.openAt ?? 0;

const PARTS = {
  strategyId: 'demo',
  runId: 'run-1',
  accountId: 'binance-sandbox',
  exchange: 'binance',
  anchorAt: MIDNIGHT,
};

function make(type: string, config: unknown, restored?: RunnerCheckpoint): StrategyRunner {
  return new StrategyRunner({
    ...PARTS,
    strategy: defaultRegistry().create(type, config),
    strategyType: type,
    ...(restored === undefined ? {} : { restored }),
  });
}

/** What storage would hand to a runner that (re)starts. */
function warm(runner: StrategyRunner, stored: readonly Kline[]): StrategyRunner {
  const need = runner.history()[0]?.count ?? 0;
  const upTo = Object.values(runner.offsets)[0] ?? 0;
  runner.warmUp(stored.filter((bar) => bar.closeAt <= upTo).slice(-need));
  return runner;
}

/** Runs the day; with `restartEvery`, a new runner from the JSON of the checkpoint every so many bars. */
function runDay(type: string, config: unknown, restartEvery = Infinity): Signal[] {
  const stored = [...HISTORY, ...DAY];
  const desk = new Desk();
  const signals: Signal[] = [];
  let runner = warm(make(type, config), stored);
  for (const [at, bar] of DAY.entries()) {
    const result = runner.onKline(bar, desk.standing());
    if (result.kind !== 'handled') throw new Error(`bar ${String(at)} was ${result.kind}`);
    desk.fill(result.signals);
    signals.push(...result.signals);
    if ((at + 1) % restartEvery === 0) {
      const json = JSON.parse(JSON.stringify(result.checkpoint)) as RunnerCheckpoint;
      runner = warm(make(type, config, json), stored);
    }
  }
  return signals;
}

describe.each([
  ['sma-cross', 35],
  ['rsi-mean-reversion', 21],
] as const)('%s', (type, expected) => {
  it('gives a sensible number of signals with its defaults, in and out by turns', () => {
    const signals = runDay(type, {});
    expect(DAY).toHaveLength(1440);
    expect(signals).toHaveLength(expected);
    for (const [at, signal] of signals.entries()) {
      expect(signalSchema.safeParse(signal).success).toBe(true);
      expect(signal.sequence).toBe(at + 1);
      const before = signals[at - 1];
      if (before !== undefined) {
        expect(before.wanted.quantity === '0').toBe(signal.wanted.quantity !== '0');
      }
      expect(signal.validUntil - signal.eventTime).toBe(60_000);
    }
    expect(new Set(signals.map(({ id }) => id)).size).toBe(expected);
  });

  it('goes on to the bit when it is restored after every bar', () => {
    expect(runDay(type, {}, 1)).toEqual(runDay(type, {}));
  });

  it('goes on to the bit on five-minute bars, restored in the middle of them', () => {
    const config =
      type === 'sma-cross' ? { interval: '5m', fast: 3, slow: 10 } : { interval: '5m' };
    const straight = runDay(type, config);
    expect(straight.length).toBeGreaterThan(0);
    expect(straight.every(({ eventTime }) => eventTime % 300_000 === 0)).toBe(true);
    expect(straight[0]?.validUntil).toBe((straight[0]?.eventTime ?? 0) + 300_000);
    expect(runDay(type, config, 7)).toEqual(straight);
  });
});

describe('configuration', () => {
  const PERP = 'BTC/USDT:USDT';
  it.each([
    ['sma-cross', { fast: 60, slow: 20 }, /fast must be below slow/],
    ['sma-cross', { fast: 1, slow: 5000, sise: 1 }, /3 fault/],
    ['rsi-mean-reversion', { oversold: 50, overbought: 50 }, /oversold must be below/],
    ['rsi-mean-reversion', { allocation: 2 }, /allocation/],
    ['macd', { fast: 26, slow: 12 }, /fast must be below slow/],
    ['macd', { signal: 1, slow: 201 }, /2 fault/],
    ['macd', { notional: 1, quantity: 1 }, /not several/],
    ['bollinger-breakout', { period: 501, width: 0.1 }, /2 fault/],
    ['bollinger-breakout', { period: 10, width: 3 }, /square root of period/],
    ['turtle', { entry: 10, exit: 10 }, /exit must be below entry/],
    ['turtle', { shorts: true }, /shorts need a perpetual/],
    ['turtle', { shorts: true, symbol: 'btcusdt' }, /2 fault/],
    ['turtle', { risk: 0.5, maxUnits: 0 }, /2 fault/],
    ['grid', { levels: 3, allocation: 0.5 }, /must not exceed 1/],
    ['grid', { spacing: 0, levels: 51 }, /2 fault/],
    ['dca', { every: 0, discount: 0.5 }, /2 fault/],
    ['dca', { notional: '0' }, /notional/],
    ['cross-sectional-momentum', { symbols: ['BTC/USDT', 'BTC/USDT'] }, /listed twice/],
    ['cross-sectional-momentum', { symbols: ['BTC/USDT', 'ETH/USDT'], top: 3 }, /top must not/],
    ['cross-sectional-momentum', { shorts: true }, /shorts need perpetuals/],
    ['cross-sectional-momentum', { lookback: 1, hold: 0.5 }, /2 fault/],
    ['pairs-spread', { symbol: PERP, hedge: PERP }, /two symbols/],
    ['pairs-spread', { symbol: 'ETH/USDT' }, /a perpetual such as BTC/],
    ['pairs-spread', { exit: 2, enter: 2 }, /exit must be below enter/],
    ['pairs-spread', { window: 19, minCorrelation: 2 }, /2 fault/],
    ['funding-carry', { symbol: 'BTC/USDT' }, /a perpetual such as BTC/],
    ['funding-carry', { exit: 0.0002 }, /exit must be below enter/],
    ['funding-carry', { interval: '1d' }, /4h or shorter/],
    ['funding-carry', { smoothing: 0, enter: 1 }, /2 fault/],
  ])('of %s refuses %j', (type, config, message) => {
    expect(() => defaultRegistry().create(type, config)).toThrow(message);
  });

  it('is complete without a word, for each of the ten', () => {
    const listed = defaultRegistry().list();
    expect(listed).toHaveLength(10);
    for (const { type, summary } of listed) {
      const strategy = defaultRegistry().create(type, {});
      expect(summary).toMatch(/\.$/);
      expect(JSON.parse(JSON.stringify(strategy.initialState()))).toEqual(strategy.initialState());
      expect(() => new StrategyRunner({ ...PARTS, strategy, strategyType: type })).not.toThrow();
    }
  });
});
