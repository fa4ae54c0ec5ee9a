/** The backtest, order by order at market: fills, costs, and the round trips they make. */
import { describe, expect, it } from '@jest/globals';
import { barAt, seriesOf } from '../core/bar-series.ts';
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
