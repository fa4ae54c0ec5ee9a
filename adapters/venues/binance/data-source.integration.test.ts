import { describeDataSource } from '../data-source.contract.ts';
import { createBinanceDataSource } from './data-source.ts';

describeDataSource({
  venue: 'binance',
  create: ({ httpUrl, wsUrl }, options) =>
    createBinanceDataSource({ ...options, restUrl: httpUrl, streamUrl: wsUrl }),
  stream: 'btcusdt@kline_1m',
  barsPath: '/api/v3/klines',
  sockets: 1,
});

describeDataSource({
  venue: 'binance-usdm',
  symbol: 'BTC/USDT:USDT',
  create: ({ httpUrl, wsUrl }, options) =>
    createBinanceDataSource({
      ...options,
      exchange: 'binance-usdm',
      market: 'usdm',
      restUrl: httpUrl,
      streamUrl: wsUrl,
    }),
  stream: 'btcusdt@kline_1m',
  barsPath: '/fapi/v1/klines',
  sockets: 1,
});
