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
