import { describe, expect, it } from '@jest/globals';
import { createKline, createMarketData, T0 } from '../../test/factories/market.ts';
import type { Kline } from '../../core/kline.ts';
import { createValidator, type Validator } from './validator.ts';

const MINUTE = 60_000;
const validator = (): Validator => createValidator({ exchange: 'binance' });
const bar = (minute: number, overrides: Partial<Kline> = {}): Kline =>
  createKline({ openAt: T0 + minute * MINUTE, ...overrides });
const refused = (rule: string, reason: RegExp): unknown => ({
  ok: false,
  rule,
  reason: expect.stringMatching(reason),
});

describe('validator: klines', () => {
  it('passes a row of good bars', () => {
    const v = validator();
    for (let n = 0; n < 50; n += 1) expect(v.kline(bar(n))).toEqual({ ok: true });
    expect(v.marketTime()).toBe(T0 + 50 * MINUTE);
  });

  it('passes the bar after a gap and tells what is missing', () => {
    const v = validator();
    v.kline(bar(0));
    expect(v.kline(bar(3))).toEqual({
      ok: true,
      gap: '2 bar(s) of BTC/USDT 1m missing from 2024-12-10T00:01:00.000Z to 2024-12-10T00:03:00.000Z',
    });
    expect(v.kline(bar(4))).toEqual({ ok: true });
  });

  it('sees a gap and a repeat right after a start, from the stored bar', () => {
    const v = validator();
    v.seed(bar(5));
    expect(v.kline(bar(5))).toEqual(refused('duplicate', /came before$/));
    expect(v.kline(bar(7))).toMatchObject({ ok: true, gap: expect.stringContaining('1 bar(s)') });
  });

  it('refuses repeats, with other values or not, and bars from the past', () => {
    const v = validator();
    v.kline(bar(0));
    v.kline(bar(1));
    expect(v.kline(bar(1, { volume: '1.00' }))).toEqual(refused('duplicate', /came before$/));
    expect(v.kline(bar(1, { volume: '2' }))).toEqual(refused('duplicate', /other values/));
    expect(v.kline(bar(0))).toEqual(refused('time-order', /before the last bar's/));
  });

  it('keeps feeds apart', () => {
    const v = validator();
    v.kline(bar(5));
    expect(v.kline(bar(0, { symbol: 'ETH/USDT' }))).toEqual({ ok: true });
    expect(v.kline(bar(0, { interval: '5m', closeAt: T0 + 5 * MINUTE }))).toEqual({ ok: true });
  });

  it.each([
    ['schema', { close: '-1' }, /close/],
    ['schema', { open: 'NaN' }, /open/],
    ['exchange', { exchange: 'okx' }, /names the exchange "okx"/],
    ['alignment', { openAt: T0 + 1 }, /grid/],
    ['alignment', { closeAt: T0 + 2 * MINUTE }, /grid/],
    ['ohlc', { low: '100.5' }, /low 100.5 is above/],
    ['ohlc', { high: '99' }, /high 99 is below/],
  ] as const)('refuses by rule %s: %j', (rule, fault, reason) => {
    expect(validator().kline(bar(0, fault))).toEqual(refused(rule, reason));
  });

  it('refuses a price far off the rolling median, and takes a level that stays', () => {
    const v = createValidator({ exchange: 'binance', maxJump: 0.1 });
    for (let n = 0; n < 20; n += 1) v.kline(bar(n));
    expect(v.kline(bar(20, { close: '150' }))).toEqual(refused('outlier', /50\.0 % off.*100/));
    expect(v.kline(bar(21))).toMatchObject({ ok: true });
    expect(v.kline(bar(22, { close: '150' })).ok).toBe(false);
    expect(v.kline(bar(23, { close: '151' })).ok).toBe(false);
    expect(v.kline(bar(24, { close: '152' }))).toMatchObject({ ok: true });
    expect(v.kline(bar(25, { close: '150' }))).toEqual({ ok: true });
  });

  it('a refused bar leaves the feed as it was', () => {
    const v = validator();
    v.kline(bar(0));
    v.kline(bar(1, { high: '1' }));
    expect(v.kline(bar(1))).toEqual({ ok: true });
  });
});

describe('validator: ticks', () => {
  it('passes good ticks, also at the same time', () => {
    const v = validator();
    expect(v.tick(createMarketData({ timestamp: T0 }))).toEqual({ ok: true });
    expect(v.tick(createMarketData({ timestamp: T0 }))).toEqual({ ok: true });
  });

  it('refuses a crossed book', () => {
    expect(validator().tick(createMarketData({ bid: '101', ask: '100' }))).toEqual(
      refused('crossed-book', /bid 101 is above ask 100/),
    );
  });

  it('refuses ticks that go back in time or lag behind the bars', () => {
    const v = validator();
    v.tick(createMarketData({ timestamp: T0 + 10 }));
    expect(v.tick(createMarketData({ timestamp: T0 }))).toEqual(refused('time-order', /last tick/));
    v.kline(bar(10));
    expect(v.tick(createMarketData({ timestamp: T0 + MINUTE }))).toEqual(
      refused('stale', /behind the newest/),
    );
  });

  it('refuses what breaks the schema', () => {
    expect(validator().tick(createMarketData({ price: '0' }))).toEqual(refused('schema', /price/));
  });
});
