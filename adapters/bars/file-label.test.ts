import { describe, expect, it } from '@jest/globals';
import { fileNameOf, labelOfFile } from './file-label.ts';

describe('the name of a file', () => {
  it.each([
    ['data/BTCUSDT-binance-spot-1m-2024-12.csv.gz', 'BTC/USDT', 'binance', '1m'],
    ['BTCUSDT-binance-perp-1m-2025-05.csv', 'BTC/USDT:USDT', 'binance-usdm', '1m'],
    ['BTCUSDT-okx-perp-1d.csv', 'BTC/USDT:USDT', 'okx', '1d'],
    ['Binance_ETHUSDT_1h.csv', 'ETH/USDT', 'binance', '1h'],
    ['FLAW-BTCUSD-1h-mislabelled-bitfinex.csv.gz', 'BTC/USD', 'bitfinex', '1h'],
    ['BTCFDUSD-8h.csv', 'BTC/FDUSD', undefined, '8h'],
    ['minutes.csv', undefined, undefined, undefined],
    ['USDT.csv', undefined, undefined, undefined],
  ])('%s says what it holds', (file, symbol, exchange, interval) => {
    const { symbol: s, exchange: e, interval: i } = labelOfFile(file);
    expect([s, e, i]).toEqual([symbol, exchange, interval]);
  });

  it.each([
    { symbol: 'BTC/USDT', exchange: 'binance', interval: '1m' as const },
    { symbol: 'ETH/USDT:USDT', exchange: 'binance-usdm', interval: '4h' as const },
    { symbol: '1INCH/BTC', exchange: 'okx', interval: '1d' as const },
  ])('is read back: %o', (key) => {
    expect(labelOfFile(`/x/${fileNameOf(key)}-20240101-.csv.gz`)).toEqual(key);
  });
});
