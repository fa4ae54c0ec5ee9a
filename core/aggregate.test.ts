import { describe, expect, it } from '@jest/globals';
import { createKline, T0 } from '../test/factories/market.ts';
import { aggregateNext, aggregateStart } from './aggregate.ts';
import { type Bar, barOf } from './bar.ts';
import type { Kline } from './kline.ts';
import type { Interval } from './time.ts';

const MINUTE = 60_000;

function minute(at: number, overrides: Partial<Kline> = {}): Bar {
  const close = String(100 + at);
  return barOf(
    createKline({
      openAt: T0 + at * MINUTE,
      open: close,
      high: close,
      low: close,
      close,
      ...overrides,
    }),
  );
}

function run(interval: Interval, bars: readonly Bar[]): Bar[] {
  let state = aggregateStart(interval);
  return bars.flatMap((bar) => {
    const closed = aggregateNext(state, bar);
    state = JSON.parse(JSON.stringify(state)) as typeof state;
    return closed;
  });
}

describe('aggregation', () => {
  it('builds five minutes from five bars', () => {
    const bars = [
      minute(0, { open: '10', high: '12', low: '9', close: '11', volume: '0.1' }),
      minute(1, { open: '11', high: '11', low: '8', close: '9', volume: '0.2' }),
      minute(2, { open: '9', high: '15', low: '9', close: '14', volume: '0' }),
      minute(3, { open: '14', high: '14', low: '13', close: '13', volume: '1' }),
      minute(4, { open: '13', high: '13', low: '12', close: '12', volume: '0.3' }),
    ];
    expect(run('5m', bars.slice(0, 4))).toEqual([]);
    expect(run('5m', bars)).toEqual([
      {
        openAt: T0,
        closeAt: T0 + 5 * MINUTE,
        open: 10,
        high: 15,
        low: 8,
        close: 12,
        volume: 1.6,
      },
    ]);
  });

  it('passes bars of its own length through', () => {
    expect(run('1m', [minute(3)])).toEqual([minute(3)]);
  });

  it('builds long bars from bars of any shorter length', () => {
    const hour = (at: number): Bar => ({
      ...minute(0),
      openAt: T0 + at * 3_600_000,
      closeAt: T0 + (at + 1) * 3_600_000,
    });
    expect(run('4h', [0, 1, 2, 3].map(hour))).toMatchObject([{ closeAt: T0 + 4 * 3_600_000 }]);
  });

  it('drops a first bar whose beginning it did not see', () => {
    const closed = run(
      '5m',
      [3, 4, 5, 6, 7, 8, 9].map((at) => minute(at)),
    );
    expect(closed.map(({ openAt }) => (openAt - T0) / MINUTE)).toEqual([5]);
  });

  it('closes a bar late when its last minute is missing, and leaves missing minutes out', () => {
    const closed = run(
      '5m',
      [0, 1, 6, 9, 11, 14].map((at) => minute(at)),
    );
    expect(closed.map(({ openAt, open, close }) => [(openAt - T0) / MINUTE, open, close])).toEqual([
      [0, 100, 101],
      [5, 106, 109],
      [10, 111, 114],
    ]);
    // The late bar and one that is only its last minute come together.
    expect(run('5m', [minute(0), minute(9)])).toHaveLength(2);
  });

  it('refuses longer intervals and older bars', () => {
    const state = aggregateStart('5m');
    aggregateNext(state, minute(5));
    const hour = { ...minute(5), closeAt: T0 + 65 * MINUTE };
    expect(() => aggregateNext(state, hour)).toThrow(/cannot be built from one of 60 minutes/);
    expect(() => aggregateNext(state, minute(2))).toThrow(/in order/);
  });
});
