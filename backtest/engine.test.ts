/** What the engine does with orders, bar by bar. */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import { barAt, seriesOf } from '../core/bar-series.ts';
import { defaultRegistry } from '../strategies/registry.ts';
import { createInstrument, T0 } from '../test/factories/market.ts';
import { backtest, barsOf, flat, type Row } from '../test/factories/run-backtest.ts';
import { strategyOf } from '../test/factories/probe-strategy.ts';
import { runBacktest } from './engine.ts';
import type { Context } from '../strategies/base-strategy.ts';

const MINUTE = 60_000;
const QUIET: readonly Row[] = [flat(100), flat(100), flat(100), flat(100)];
const BTC = 'BTC/USDT';

describe('market orders', () => {
  it('fill at the open of the next bar, with the fee in quote', () => {
    const result = backtest([flat(100), [101, 110, 90, 105], [106, 106, 106, 106]], {
      0: (ctx) => ctx.target(BTC, { qty: '2' }, { tag: 'in' }),
      1: (ctx) => ctx.target(BTC, 'flat', { tag: 'out' }),
    });
    expect(result.fills).toMatchObject([
      {
        side: 'buy',
        price: '101',
        quantity: '2',
        feeAmount: '0.202',
        feeAsset: 'USDT',
        executedAt: T0 + MINUTE,
        tag: 'in',
      },
      {
        side: 'sell',
        price: '106',
        quantity: '2',
        feeAmount: '0.212',
        executedAt: T0 + 2 * MINUTE,
        tag: 'out',
      },
    ]);
    expect(result.run.finalEquity).toBe('10009.586');
    expect([...result.equity.value]).toEqual([10_000, 10_000 - 202.202 + 210, 10_009.586]);
    expect(result.trades).toMatchObject([
      {
        entryPrice: '101',
        exitPrice: '106',
        pnl: '9.586',
        fees: '0.414',
        entryTag: 'in',
        exitTag: 'out',
        mae: '-22',
        mfe: '18',
      },
    ]);
  });

  it('that are never followed by a bar stay open', () => {
    const result = backtest([flat(100)], {
      0: (ctx) => ctx.target(BTC, { qty: '1' }, { tag: 'in' }),
    });
    expect(result.orders).toMatchObject([
      { state: 'admitted', filledQuantity: '0', endedAt: null },
    ]);
    expect(result.run.finalEquity).toBe('10000');
  });

  it('pay slippage, up and down to the tick', () => {
    const result = backtest(
      QUIET,
      {
        0: (ctx) => ctx.target(BTC, { qty: '1' }, { tag: 'in' }),
        1: (ctx) => ctx.target(BTC, 'flat', { tag: 'out' }),
      },
      { costs: { slippageBps: 1.5 } },
    );
    expect(result.fills.map(({ price }) => price)).toEqual(['100.02', '99.98']);
    expect(result.slippagePaid).toBe('0.04');
  });

  it('wait for bars of latency, and an entry that is late by then expires', () => {
    const enter = (validForMs: number) =>
      backtest(
        QUIET,
        { 0: (ctx) => ctx.target(BTC, { qty: '1' }, { tag: 'in', validForMs }) },
        { costs: { latencyBars: 1 } },
      );
    expect(enter(MINUTE).fills).toMatchObject([{ executedAt: T0 + 2 * MINUTE }]);
    expect(enter(MINUTE - 1).orders).toMatchObject([
      { state: 'expired', reasonCode: 'SIGNAL_EXPIRED' },
    ]);
  });

  it('fill at the first bar there is after missing ones', () => {
    const feed = { exchange: 'binance', symbol: BTC, interval: '1m', warmup: 1 } as const;
    const early = barsOf([flat(100)]);
    const late = barsOf([flat(105)], { from: T0 + 60 * MINUTE });
    const bars = [barAt(early, 0), barAt(late, 0)];
    const result = runBacktest({
      strategy: strategyOf(
        {
          onKline: (bar, _feed, ctx) => {
            if (bar.openAt === T0) ctx.target(BTC, { qty: '1' }, { tag: 'in' });
          },
        },
        [feed],
      ),
      strategyType: 'probe',
      exchange: 'binance',
      series: [seriesOf({ exchange: 'binance', symbol: BTC, interval: '1m' }, bars)],
      instruments: { [BTC]: createInstrument() },
      wallet: '1000',
    });
    expect(result.fills).toMatchObject([{ price: '105', executedAt: T0 + 60 * MINUTE }]);
  });

  it('take no more than a share of the volume, and the rest at the next opens', () => {
    const thin = (price: number): Row => [price, price, price, price, 10];
    const result = backtest(
      [thin(100), thin(101), thin(102), thin(103)],
      { 0: (ctx) => ctx.target(BTC, { qty: '2.5' }, { tag: 'in' }) },
      { costs: { volumeShare: 0.1 } },
    );
    expect(result.fills.map(({ price, quantity }) => [price, quantity])).toEqual([
      ['101', '1'],
      ['102', '1'],
      ['103', '0.5'],
    ]);
    expect(result.orders).toMatchObject([{ status: 'filled', filledQuantity: '2.5' }]);
  });

  it('take the fee from what is received, where the venue does', () => {
    const result = backtest(
      QUIET,
      {
        0: (ctx) => ctx.target(BTC, { qty: '1' }, { tag: 'in' }),
        1: (ctx) => {
          expect(ctx.position(BTC).quantity).toBe('0.999');
          ctx.target(BTC, 'flat', { tag: 'out' });
        },
      },
      { costs: { feeIn: 'received' } },
    );
    expect(result.fills).toMatchObject([
      { feeAsset: 'BTC', feeAmount: '0.001' },
      { quantity: '0.999', feeAsset: 'USDT', feeAmount: '0.0999' },
    ]);
    expect(result.run.finalEquity).toBe('9999.8001');
  });
});

describe('round trips', () => {
  it('are closed by an exit that leaves only the dust of a base fee, which goes into the next', () => {
    const dear: readonly Row[] = Array.from({ length: 5 }, () => flat(100_000));
    const buy = (ctx: Context) => ctx.order(BTC, 'buy', { qty: '0.0002' }, { tag: 'in' });
    const sell = (ctx: Context) => ctx.target(BTC, 'flat', { tag: 'out' });
    const { trades, fills } = backtest(
      dear,
      { 0: buy, 1: sell, 2: buy, 3: sell },
      { costs: { feeIn: 'received' } },
    );
    // 0.0001998 is held, 0.00019 can be sold; then 0.0002096, and 0.0002.
    expect(fills.map(({ quantity }) => quantity)).toEqual([
      ...['0.0002', '0.00019', '0.0002', '0.0002'],
    ]);
    expect(trades).toMatchObject([
      { entryTag: 'in', exitTag: 'out', quantity: '0.0002' },
      { entryTag: 'in', exitTag: 'out', quantity: '0.0002' },
    ]);
  });
});

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

describe('guards', () => {
  const guarded = (rows: readonly Row[], stops: object) =>
    backtest([flat(100), ...rows], {
      0: (ctx) => ctx.target(BTC, { qty: '1' }, { tag: 'in', stops }),
    });
  const exits = (rows: readonly Row[], stops: object) =>
    guarded(rows, stops)
      .fills.slice(1)
      .map(({ tag, price }) => [tag, price]);

  it('stop out, take profit and trail', () => {
    expect(exits([flat(100), [100, 101, 94, 96]], { stopLoss: { price: '95' } })).toEqual([
      ['stop-loss', '95'],
    ]);
    expect(exits([flat(100), [92, 93, 91, 92]], { stopLoss: { fraction: '0.05' } })).toEqual([
      ['stop-loss', '92'],
    ]);
    expect(exits([flat(100), [100, 112, 99, 111]], { takeProfit: { price: '110' } })).toEqual([
      ['take-profit', '110'],
    ]);
    // Rises to 120, then falls a tenth of it.
    expect(
      exits([flat(100), [100, 120, 100, 119], [119, 119, 100, 101]], {
        trailing: { fraction: '0.1' },
      }),
    ).toEqual([['trailing', '108']]);
  });

  it('count a bar that could have gone either way, with its bounds', () => {
    const both = { stopLoss: { price: '95' }, takeProfit: { price: '110' } };
    const result = guarded([flat(100), [100, 111, 94, 100]], both);
    // The low is nearer to the open than the high.
    expect(result.fills[1]).toMatchObject({ tag: 'stop-loss', price: '95' });
    expect(result.ambiguousBars).toBe(1);
    expect(Number(result.bounds?.best) - Number(result.run.finalEquity)).toBeCloseTo(15, 6);
    expect(result.bounds?.worst).toBe(result.run.finalEquity);
  });

  it('see the inside of a bar where shorter bars are given', () => {
    const hours = barsOf([flat(100), [100, 111, 94, 100], flat(100)], { interval: '5m' });
    const minutes = barsOf(
      [
        flat(100),
        flat(100),
        flat(100),
        flat(100),
        flat(100),
        [100, 111, 100, 111],
        [111, 111, 94, 100],
      ],
      {},
    );
    const feed = { exchange: 'binance', symbol: BTC, interval: '5m', warmup: 1 } as const;
    const strategy = strategyOf(
      {
        onKline: (bar, _feed, ctx) => {
          if (bar.openAt === T0) {
            ctx.target(
              BTC,
              { qty: '1' },
              { tag: 'in', stops: { stopLoss: { price: '95' }, takeProfit: { price: '110' } } },
            );
          }
        },
      },
      [feed],
    );
    const result = runBacktest({
      strategy,
      strategyType: 'probe',
      exchange: 'binance',
      series: [hours],
      detail: [minutes],
      instruments: { [BTC]: createInstrument() },
      wallet: '10000',
    });
    expect(result.fills[1]).toMatchObject({
      tag: 'take-profit',
      price: '110',
      executedAt: T0 + 6 * MINUTE - 1,
    });
    expect(result.ambiguousBars).toBe(0);
  });
});

describe('contracts', () => {
  const PERP = 'BTC/USDT:USDT';
  const instrument = createInstrument({
    symbol: PERP,
    settle: 'USDT',
    contract: 'linear',
    leverage: '10',
  });
  const run = (rows: readonly Row[], size: { qty: string }, overrides = {}) => {
    const feed = { exchange: 'binance', symbol: PERP, interval: '1m', warmup: 1 } as const;
    const strategy = strategyOf(
      {
        onKline: (bar, _feed, ctx) => {
          if (bar.openAt === T0) ctx.target(PERP, size, { tag: 'in' });
        },
      },
      [feed],
    );
    return runBacktest({
      strategy,
      strategyType: 'probe',
      exchange: 'binance',
      series: [barsOf(rows, { symbol: PERP })],
      instruments: { [PERP]: instrument },
      wallet: '1000',
      ...overrides,
    });
  };

  it('can be short, on margin, and pay and receive funding', () => {
    const result = run(
      [flat(100), flat(100), flat(90)],
      { qty: '-50' },
      {
        funding: [{ symbol: PERP, at: [T0 + 2 * MINUTE], rate: ['0.0001'] }],
      },
    );
    // 5000 of notional at the open of the second bar, funding at the mark of 100, worth at 90.
    expect(result.funding).toBe('0.5');
    expect(result.run.finalEquity).toBe('1495.5');
  });

  it('pay funding that is stamped milliseconds late by what was held when it was due', () => {
    const late = { symbol: PERP, at: [T0 + 2 * MINUTE + 7], rate: ['0.0001'] };
    const result = run(
      [flat(100), flat(100), flat(90), flat(80)],
      { qty: '-50' },
      { funding: [late] },
    );
    // At the mark of 100, not at the 90 of a bar later.
    expect(result.funding).toBe('0.5');
  });

  it('are liquidated where the margin is used up', () => {
    const result = run([flat(100), flat(100), [100, 100, 80, 85], flat(85)], { qty: '90' });
    expect(result.fills[1]).toMatchObject({ side: 'sell', quantity: '90', tag: 'liquidation' });
    // 1000 − 9 fee; maintenance 0.5 %: (9000 − 991) / (90 − 0.45).
    expect(result.fills[1]?.price).toBe('89.44');
    expect(Number(result.run.finalEquity)).toBeGreaterThanOrEqual(0);
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
