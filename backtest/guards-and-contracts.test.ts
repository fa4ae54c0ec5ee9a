/** The backtest: what watches a position, and perpetuals. */
import { describe, expect, it } from '@jest/globals';
import { createInstrument, T0 } from '../test/factories/market.ts';
import { backtest, barsOf, flat, type Row } from '../test/factories/run-backtest.ts';
import { strategyOf } from '../test/factories/probe-strategy.ts';
import { runBacktest } from './engine.ts';

const MINUTE = 60_000;
const BTC = 'BTC/USDT';

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
