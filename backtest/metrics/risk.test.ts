import { describe, expect, it } from '@jest/globals';
import { waves } from '../../test/factories/waves.ts';
import { dailyReturns } from './returns.ts';
import {
  annualReturn,
  calmar,
  periodSharpe,
  quantile,
  sharpe,
  sortino,
  tailRisk,
  volatility,
} from './risk.ts';

describe('risk figures of daily returns', () => {
  const daily = dailyReturns(waves(), 10_000);

  // r as in waves.ts: r.std(ddof=1)*365**.5, r.mean()/r.std(ddof=1)*365**.5,
  // r.mean()/((np.minimum(r,0)**2).mean())**.5*365**.5, q = np.quantile(r,0.05): -q, -r[r<=q].mean()
  it('agree with numpy', () => {
    expect(daily).toHaveLength(67);
    expect(volatility(daily)).toBeCloseTo(0.5688849527669244, 12);
    expect(sharpe(daily)).toBeCloseTo(2.8654047046663322, 11);
    expect(sortino(daily)).toBeCloseTo(4.596747895815181, 11);
    expect(tailRisk(daily)).toEqual({
      valueAtRisk: expect.closeTo(0.039494095797581494, 12),
      conditionalValueAtRisk: expect.closeTo(0.042041210675348606, 12),
    });
  });

  // (v[-1]/10000)**(365/(1600/24))-1, and that / dd.max()
  it('agree with numpy for annual return and Calmar ratio', () => {
    const annual = annualReturn(10_000, waves().value.at(-1)!, 1600 / 24);
    expect(annual).toBeCloseTo(3.3728322678741884, 10);
    expect(calmar(annual, 0.1873677613207238)).toBeCloseTo(18.00113447532095, 9);
  });

  it('are null for samples too small', () => {
    const week = daily.slice(0, 6);
    expect([volatility(week), sharpe(week), sortino(week)]).toEqual([null, null, null]);
    expect(tailRisk(daily.slice(0, 19))).toBeNull();
    expect(annualReturn(100, 110, 29.9)).toBeNull();
    expect(calmar(null, 0.1)).toBeNull();
    expect(periodSharpe([0.1])).toBeNull();
  });

  it('are null where there is nothing to divide by', () => {
    const steady = Array.from({ length: 10 }, () => 0.001);
    expect(sharpe(steady)).toBeNull();
    expect(sharpe(steady.map(() => 0))).toBeNull();
    expect(sortino(steady)).toBeNull();
    expect(volatility(steady)).toBeCloseTo(0, 12);
    expect(calmar(0.5, 0)).toBeNull();
  });

  it('know total loss', () => {
    expect(annualReturn(100, 0, 100)).toBe(-1);
    expect(annualReturn(100, -5, 100)).toBe(-1);
  });
});

describe('quantile', () => {
  // np.quantile([4, 1, 3, 2], [0, 0.25, 0.5, 1])
  it.each([
    [0, 1],
    [0.25, 1.75],
    [0.5, 2.5],
    [1, 4],
  ])('at %d is %d', (probability, expected) => {
    expect(quantile([4, 1, 3, 2], probability)).toBe(expected);
  });

  it('of nothing is not a number', () => {
    expect(quantile([], 0.5)).toBeNaN();
  });
});
