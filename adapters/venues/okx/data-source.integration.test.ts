import { describeDataSource } from '../data-source.contract.ts';
import { createOkxDataSource } from './data-source.ts';

describeDataSource({
  venue: 'okx',
  create: ({ httpUrl, wsUrl }, options) =>
    createOkxDataSource({ ...options, restUrl: httpUrl, wsUrl }),
  stream: 'candle1m',
  barsPath: '/api/v5/market/*',
  sockets: 2,
});
