import { describe, expect, it } from '@jest/globals';
import { Klines, dayStatistics } from './klines.ts';
import { candle, candlesThrough, RECORDING_BEGINS } from '../test/factories/recordings.ts';
import { Replay } from './replay.ts';

const MINUTE = 60_000;
const closes = Array.from({ length: 31 }, (_, index) => String(100 + index));
const recording = { symbol: 'BTC/USDT', bars: candlesThrough(closes) };

describe('Replay', () => {
  it('stands at the open of the forming minute, and at the last close at the end', () => {
    const replay = new Replay([recording], { warmupBars: 28 });
    expect([replay.marketTime, replay.price('BTC/USDT')]).toEqual([
      RECORDING_BEGINS + 28 * MINUTE,
      '128',
    ]);
    replay.step();
    expect([replay.marketTime, replay.price('BTC/USDT')]).toEqual([
      RECORDING_BEGINS + 29 * MINUTE,
      '129',
    ]);
    replay.step();
    expect([replay.done, replay.marketTime, replay.price('BTC/USDT')]).toEqual([
      true,
      RECORDING_BEGINS + 30 * MINUTE,
      '130',
    ]);
    replay.step();
    expect(replay.bar).toBe(2);
  });

  it('starts at a time, at the first recorded minute from there on', () => {
    const replay = new Replay([recording], { startAt: RECORDING_BEGINS + 90_000 });
    expect(replay.marketTime).toBe(RECORDING_BEGINS + 2 * MINUTE);
    expect(() => new Replay([recording], { startAt: RECORDING_BEGINS + 31 * MINUTE })).toThrow(
      'nothing left to replay',
    );
  });

  it('runs several symbols on one clock; one without a bar stands still', () => {
    const other = {
      symbol: 'ETH/USDT',
      bars: [candle(0, ['10', '10', '10', '10']), candle(2, ['12', '12', '12', '12'])],
    };
    const replay = new Replay([recording, other]);
    replay.step();
    expect(replay.minute()?.bars.map(({ symbol }) => symbol)).toEqual(['BTC/USDT']);
    expect(replay.price('ETH/USDT')).toBe('10');
    replay.step();
    expect(replay.price('ETH/USDT')).toBe('12');
    expect(
      () => new Replay([recording, { symbol: 'ETH/USDT', bars: other.bars.slice(1) }]),
    ).toThrow('ETH/USDT has no bar at or before the start');
    expect(() => new Replay([recording, recording])).toThrow('recorded twice');
    expect(() => replay.price('SOL/USDT')).toThrow('recorded: BTC/USDT, ETH/USDT');
  });
});

describe('Klines', () => {
  const replay = new Replay([recording], { warmupBars: 12 });
  const klines = new Klines(replay);

  it('builds closed bars and shows the forming one last, with only the open of its last minute', () => {
    const bars = klines.query('BTC/USDT', '5m', { limit: 500 });
    expect(
      bars.map(({ open, high, low, close, volume }) => [open, high, low, close, volume.toFixed()]),
    ).toEqual([
      ['100', '105', '100', '105', '5'],
      ['105', '110', '105', '110', '5'],
      ['110', '112', '110', '112', '2'],
    ]);
  });

  it('gives the last bars, or the first from a time on, or those up to a time', () => {
    const opens = (range: { from?: number; to?: number; limit: number }): string[] =>
      klines.query('BTC/USDT', '1m', range).map(({ open }) => open);
    expect(opens({ limit: 2 })).toEqual(['111', '112']);
    expect(opens({ from: RECORDING_BEGINS + 3 * MINUTE, limit: 2 })).toEqual(['103', '104']);
    expect(opens({ to: RECORDING_BEGINS + 5 * MINUTE, limit: 2 })).toEqual(['104', '105']);
    expect(opens({ from: RECORDING_BEGINS + 20 * MINUTE, limit: 2 })).toEqual([]);
  });

  it('goes on as the replay does', () => {
    replay.step();
    replay.step();
    replay.step();
    expect(klines.lastTouched('BTC/USDT', '5m')?.close).toBe('115');
    expect(klines.forming('BTC/USDT', '5m')?.open).toBe('115');
    expect(dayStatistics(replay, 'BTC/USDT')).toMatchObject({
      open: '100',
      high: '115',
      low: '100',
      last: '115',
      minutes: 15,
    });
  });
});
