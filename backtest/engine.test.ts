/** The engine, bar by bar. At market: market-orders.test.ts; other orders: order-types.test.ts; positions: guards-and-contracts.test.ts. */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import { seriesOf } from '../core/bar-series.ts';
import { defaultRegistry } from '../strategies/registry.ts';
import { createInstrument, T0 } from '../test/factories/market.ts';
import { backtest, barsOf, flat, type Row } from '../test/factories/run-backtest.ts';
import { strategyOf } from '../test/factories/probe-strategy.ts';
import { runBacktest } from './engine.ts';
import type { Context } from '../strategies/base-strategy.ts';

const MINUTE = 60_000;
const QUIET: readonly Row[] = [flat(100), flat(100), flat(100), flat(100)];
const BTC = 'BTC/USDT';

describe('the rules', () => {
  it.each([
    ['under the minimum notional', { qty: '0.04' }, 'FILTER_NOTIONAL'],
    ['beyond the funds', { qty: '100' }, 'RISK_BALANCE'],
    ['short on spot', { qty: '-1' }, 'SHORT_NOT_SUPPORTED'],
  ])('deny what is %s, and say why', (_name, size, code) => {
    const result = backtest(QUIET, { 0: (ctx) => ctx.target(BTC, size, { tag: 'in' }) });
    expect(result.orders).toMatchObject([{ state: 'denied', reasonCode: code }]);
    const { reason } = result.orders[0]!;
    expect(result.notices).toEqual([`1 order was denied by ${code}; the first: ${reason!}`]);
    expect(result.fills).toEqual([]);
  });

  it('keep the limits of the strategy', () => {
    const result = backtest(
      QUIET,
      {
        0: (ctx) => ctx.target(BTC, { qty: '2' }, { tag: 'in' }),
        1: (ctx) => ctx.target(BTC, { qty: '1' }, { tag: 'in' }),
        2: (ctx) => ctx.target(BTC, { qty: '1.5' }, { tag: 'more' }),
      },
      { limits: { maxPosition: '1.2', maxOrdersPerDay: 1 } },
    );
    expect(result.orders.map(({ reasonCode }) => reasonCode)).toEqual([
      'RISK_POSITION_LIMIT',
      null,
      'RISK_POSITION_LIMIT',
    ]);
  });
});

describe('order updates', () => {
  const feed = { exchange: 'binance', symbol: BTC, interval: '1m', warmup: 3 } as const;
  const ask = (first: (ctx: Context) => void, rows = QUIET) => {
    const told: [status: string, now: number][] = [];
    const result = backtest(
      rows,
      {},
      {
        strategy: strategyOf(
          {
            onKline: (bar, _feed, ctx) => {
              if (bar.openAt === T0) first(ctx);
            },
            onOrderUpdate: (order, ctx) => {
              if (order.status === 'open') return;
              told.push([order.status, ctx.now - T0]);
              if (told.length === 1) ctx.target(BTC, { qty: '1' }, { tag: 'next' });
            },
          },
          [feed],
        ),
      },
    );
    return { told, result };
  };

  it('tell a refusal before the next bar opens, so that what is asked then trades at its open', () => {
    const { told, result } = ask((ctx) => ctx.target(BTC, { qty: '-1' }, { tag: 'short' }));
    expect(told[0]).toEqual(['denied', MINUTE]);
    expect(result.fills).toMatchObject([{ executedAt: T0 + MINUTE, tag: 'next' }]);
  });

  it('come at the time of a fill inside a bar', () => {
    const { told, result } = ask(
      (ctx) => ctx.order(BTC, 'buy', { qty: '0.5' }, { tag: 'low', limitPrice: 95 }),
      [flat(100), [100, 101, 90, 100], flat(100), flat(100)],
    );
    const [low, next] = result.orders;
    expect(told[0]).toEqual(['filled', Number(low?.endedAt) - T0]);
    expect(low?.endedAt).toBeGreaterThan(T0 + MINUTE);
    expect(next).toMatchObject({ tag: 'next', askedAt: low?.endedAt, status: 'filled' });
    expect(result.fills[1]).toMatchObject({ executedAt: T0 + 2 * MINUTE });
  });
});

describe('bars', () => {
  it('build higher intervals, closed ones only, for several symbols on one clock', () => {
    const seen: string[] = [];
    const eth = 'ETH/USDT';
    const feed = (symbol: string, interval: '1m' | '5m') =>
      ({ exchange: 'binance', symbol, interval, warmup: 2 }) as const;
    const strategy = strategyOf(
      {
        onKline: (bar, { symbol, interval }, ctx) => {
          expect(bar.closeAt).toBe(ctx.now);
          if (interval === '5m')
            seen.push(`${symbol} ${String((bar.closeAt - T0) / MINUTE)} ${String(bar.high)}`);
        },
      },
      [feed(BTC, '1m'), feed(BTC, '5m'), feed(eth, '5m')],
    );
    const rows = Array.from({ length: 11 }, (_, at): Row => [100, 100 + at, 100, 100]);
    runBacktest({
      strategy,
      strategyType: 'probe',
      exchange: 'binance',
      series: [barsOf(rows, { symbol: eth }), barsOf(rows)],
      instruments: {
        [BTC]: createInstrument(),
        [eth]: createInstrument({ symbol: eth, base: 'ETH' }),
      },
      wallet: '1000',
    });
    expect(seen).toEqual([
      'BTC/USDT 5 104',
      'ETH/USDT 5 104',
      'BTC/USDT 10 109',
      'ETH/USDT 10 109',
    ]);
  });

  it('before `from` only warm up, and after `to` are not seen', () => {
    const calls: [number, boolean][] = [];
    const feed = { exchange: 'binance', symbol: BTC, interval: '1m', warmup: 2 } as const;
    const strategy = strategyOf(
      { onKline: (bar, _feed, ctx) => calls.push([(bar.openAt - T0) / MINUTE, ctx.warming]) },
      [feed],
    );
    const result = runBacktest({
      strategy,
      strategyType: 'probe',
      exchange: 'binance',
      series: [barsOf([...QUIET, ...QUIET])],
      instruments: { [BTC]: createInstrument() },
      wallet: '1000',
      from: T0 + 4 * MINUTE,
      to: T0 + 6 * MINUTE,
    });
    expect(calls).toEqual([
      [2, true],
      [3, true],
      [4, false],
      [5, false],
    ]);
    expect(result.markets).toMatchObject([{ bars: 2 }]);
    expect(result.run).toMatchObject({ from: T0 + 4 * MINUTE, to: T0 + 6 * MINUTE });
  });
});

describe('bad input', () => {
  const base = {
    strategyType: 'sma-cross',
    exchange: 'binance',
    instruments: { [BTC]: createInstrument() },
    wallet: '1000',
  };
  const strategy = () => defaultRegistry().create('sma-cross', {});
  it.each([
    ['no data', { series: [] }, /no data/],
    ['the same symbol twice', { series: [barsOf(QUIET), barsOf(QUIET)] }, /two series of BTC/],
    [
      'another symbol',
      { series: [barsOf(QUIET, { symbol: 'ETH/USDT' })] },
      /wants bars of binance:BTC\/USDT:1m/,
    ],
    ['longer bars', { series: [barsOf(QUIET, { interval: '1h' })] }, /wants bars of 1m/],
    ['no instrument', { series: [barsOf(QUIET)], instruments: {} }, /no instrument/],
    ['a price that is none', { series: [barsOf([[Number.NaN, 1, 1, 1]])] }, /a price of NaN/],
    [
      'negative slippage',
      { series: [barsOf(QUIET)], costs: { slippageBps: -1 } },
      /slippageBps is -1/,
    ],
  ])('%s is told', (_name, input, message) => {
    expect(() => runBacktest({ ...base, strategy: strategy(), ...input })).toThrow(message);
  });

  it('a strategy that throws is named with its bar', () => {
    expect(() =>
      backtest(QUIET, {
        1: () => {
          throw new Error('mine');
        },
      }),
    ).toThrow(/failed on bar binance:BTC\/USDT:1m closing at .*: mine/);
  });
});

describe('the figures of independent engines', () => {
  it('sma-cross on a hundred thousand bars: 1962 round trips, 995940.9659889', () => {
    const file = new URL('../data/checks/sma-100k.csv.gz', import.meta.url);
    const lines = gunzipSync(readFileSync(file)).toString().trim().split('\n').slice(1);
    const bars = lines.map((line) => {
      const [openAt = 0, open = 0, high = 0, low = 0, close = 0, volume = 0] = line
        .split(',')
        .map(Number);
      return { openAt, closeAt: openAt + MINUTE, open, high, low, close, volume };
    });
    const result = runBacktest({
      strategy: defaultRegistry().create('sma-cross', { fast: 10, slow: 30, quantity: 10 }),
      strategyType: 'sma-cross',
      exchange: 'binance',
      series: [seriesOf({ exchange: 'binance', symbol: BTC, interval: '1m' }, bars)],
      instruments: { [BTC]: createInstrument({ priceTick: '0.000001', minNotional: '0' }) },
      wallet: '1000000',
    });
    expect(result.trades.filter(({ exitAt }) => exitAt !== null)).toHaveLength(1962);
    expect(result.run.finalEquity).toBe('995940.9659889');
  });
});
