import { gzipSync } from 'node:zlib';
import { writeFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { loadCandles, symbolOfFile } from './candles.ts';
import { candle, candlesThrough, writeRecording, writeText } from '../test/factories/recordings.ts';

const HEADER = 'timestamp_ms,open,high,low,close,volume';
const GOOD = '1733788800000,100,101,99,100.5,3';

describe('loadCandles', () => {
  it('reads csv and csv.gz alike, keeping the source’s strings', () => {
    const file = writeText(`${HEADER}\n1733788800000,100.0,101,99,100.50,3\n`);
    const zipped = `${file}.gz`;
    writeFileSync(zipped, gzipSync(`${HEADER}\n1733788800000,100.0,101,99,100.50,3\n`));
    expect(loadCandles(file)).toEqual([
      {
        openAt: 1733788800000,
        open: '100.0',
        high: '101',
        low: '99',
        close: '100.50',
        volume: '3',
      },
    ]);
    expect(loadCandles(zipped)).toEqual(loadCandles(file));
  });

  it.each([
    ['another header', `time,open\n${GOOD}`, /row 1: the header is "time,open"/],
    ['no rows', HEADER, /row 2: there are no rows/],
    [
      'a missing column',
      `${HEADER}\n${GOOD}\n1733788860000,100,101,99,100`,
      /row 3: 5 columns, expected 6/,
    ],
    [
      'seconds for milliseconds',
      `${HEADER}\n1733788801,100,101,99,100,1`,
      /row 2: timestamp_ms "1733788801"/,
    ],
    [
      'a repeated minute',
      `${HEADER}\n${GOOD}\n${GOOD}`,
      /row 3: timestamp_ms 1733788800000 is not after/,
    ],
    [
      'no number',
      `${HEADER}\n1733788800000,100,nan,99,100,1`,
      /row 2: high "nan" is no positive decimal/,
    ],
    [
      'a zero price',
      `${HEADER}\n1733788800000,0,101,0,100,1`,
      /row 2: open "0" is no positive decimal/,
    ],
    [
      'a negative volume',
      `${HEADER}\n1733788800000,100,101,99,100,-1`,
      /row 2: volume "-1" is no decimal/,
    ],
    [
      'a close above the high',
      `${HEADER}\n1733788800000,100,101,99,102,1`,
      /row 2: close 102 is outside/,
    ],
  ])('refuses %s by row', (_what, text, message) => {
    expect(() => loadCandles(writeText(text))).toThrow(message);
  });

  it('says which file cannot be read', () => {
    expect(() => loadCandles('/nowhere/BTCUSDT.csv')).toThrow(
      '/nowhere/BTCUSDT.csv cannot be read',
    );
  });

  it('reads what the factory writes', () => {
    const bars = [
      candle(0, ['1', '2', '0.5', '1.5']),
      ...candlesThrough(['1.5', '1.6', '1.7']).slice(1),
    ];
    expect(loadCandles(writeRecording(bars))).toEqual(bars);
  });
});

describe('symbolOfFile', () => {
  it('reads the symbol from the name', () => {
    expect(symbolOfFile('data/BTCUSDT-binance-spot-1m.csv.gz')).toBe('BTC/USDT');
    expect(symbolOfFile('ETHBTC.csv')).toBe('ETH/BTC');
  });
  it('asks for the symbol where the name has none', () => {
    expect(() => symbolOfFile('data/minutes.csv')).toThrow('write BTC/USDT=data/minutes.csv');
  });
});
