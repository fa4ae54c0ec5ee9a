import { describe, expect, it } from '@jest/globals';
import {
  createCurve,
  createLongRun,
  createOrder,
  createResult,
  createTrade,
} from '../test/factories/backtest.ts';
import { createFill } from '../test/factories/market.ts';
import { summarise } from './metrics.ts';
import { activity, marketChange, totalFees } from './metrics/costs.ts';

describe('summarise', () => {
  it('keeps the final equity to the last digit', () => {
    const run = { wallet: '10000', finalEquity: '10123.45678901234567890123' };
    expect(summarise(createResult({ run }))).toMatchObject({
      startBalance: '10000',
      finalEquity: '10123.45678901234567890123',
      profit: '123.45678901234567890123',
      totalReturn: 0.012345678901234568,
    });
  });

  it('says n/a, by null, where a run is short', () => {
    const summary = summarise(createResult());
    expect(summary).toMatchObject({
      annualReturn: null,
      volatility: null,
      sharpe: null,
      sortino: null,
      calmar: null,
      tailRisk: null,
      roundTrips: 0,
      days: 1,
      bestDay: expect.closeTo(0.005, 12),
      marketChange: expect.closeTo(0.1, 12),
    });
  });

  it('holds only what JSON keeps', () => {
    for (const result of [createResult(), createResult({ equity: createCurve([]), markets: [] })]) {
      const summary = summarise(result);
      expect(JSON.parse(JSON.stringify(summary))).toEqual(summary);
    }
    const long = summarise(createLongRun(3000).result);
    expect(JSON.parse(JSON.stringify(long))).toEqual(long);
    expect(Object.entries(long).filter(([, value]) => value === null)).toEqual([]);
  });

  it('counts orders by state', () => {
    const orders = [
      createOrder(),
      createOrder({ state: 'denied' }),
      createOrder({ state: 'denied' }),
      createOrder({ state: 'expired' }),
    ];
    expect(summarise(createResult({ orders }))).toMatchObject({
      orders: 4,
      ordersByState: { done: 1, denied: 2, expired: 1 },
    });
  });

  it('passes on what the engine found ambiguous', () => {
    const bounds = { best: '11000', worst: '9000' };
    expect(summarise(createResult({ ambiguousBars: 2, bounds }))).toMatchObject({
      ambiguousBars: 2,
      bounds,
    });
  });

  it.each(['0', '-1'])('refuses a start balance of %s', (wallet) => {
    expect(() => summarise(createResult({ run: { wallet } }))).toThrow(
      `the start balance is ${wallet} USDT: give one above zero`,
    );
  });

  it('counts a trade that is open at the end apart', () => {
    const open = createTrade({ exitAt: null, exitPrice: null, exitTag: null, pnl: null });
    expect(summarise(createResult({ trades: [createTrade(), open] }))).toMatchObject({
      roundTrips: 1,
      openTrades: 1,
    });
  });
});

describe('totalFees', () => {
  it('values fees in base, leaves other assets as they are, deducts rebates', () => {
    const fee = (feeAmount: string, feeAsset: string) => ({
      ...createFill({ price: '200', feeAmount, feeAsset }),
      tag: '',
    });
    expect(
      totalFees([fee('0.1', 'USDT'), fee('0.001', 'BTC'), fee('-0.05', 'USDT'), fee('0.3', 'BNB')]),
    ).toEqual({ feesPaid: '0.25', otherFees: { BNB: '0.3' } });
  });
});

describe('activity', () => {
  it('is traded quote per mean equity, and what was held', () => {
    const curve = { ...createCurve([100, 100, 200, 0]), invested: Float64Array.of(0, 50, 100, 10) };
    const fills = [{ ...createFill({ price: '100', quantity: '1.5' }), tag: '' }];
    expect(activity(fills, curve)).toEqual({
      volume: '150',
      turnover: 1.5,
      timeInMarket: 0.75,
      averageInvested: 0.25,
    });
  });

  it('knows runs without bars', () => {
    expect(activity([], createCurve([]))).toEqual({
      volume: '0',
      turnover: null,
      timeInMarket: 0,
      averageInvested: 0,
    });
  });
});

describe('marketChange', () => {
  it('is the mean over symbols', () => {
    const change = marketChange([
      { firstPrice: 100, lastPrice: 150 },
      { firstPrice: 10, lastPrice: 9 },
    ]);
    expect(change).toBeCloseTo(0.2, 12);
  });
});
