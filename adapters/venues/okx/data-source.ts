/**
 * OKX's market data: closed bars from the business address, ticks from the public one, with the bars that were
 * missed fetched by REST. It is used as the one of Binance.
 */
import type { Logger } from '../../../observability/logger.ts';
import type { BackOff } from '../../back-off.ts';
import type { DataSource } from '../../data-source.ts';
import type { RateBudget } from '../../rate-budget.ts';
import { createMarketSource, type MarketLine } from '../market-source.ts';
import { instIdOf } from './instruments.ts';
import { createKlineHistory } from './kline-history.ts';
import { barOf, parseFrame, topicOf } from './market-parser.ts';
import { createOkxRequests } from './requests.ts';

export interface OkxDataSourceOptions {
  /** Default `okx`. */
  readonly exchange?: string;
  /** Without `/api/v5`. */
  readonly restUrl: string;
  /** Without `/ws/v5`. */
  readonly wsUrl: string;
  readonly budget: RateBudget;
  readonly logger: Logger;
  /** Of reconnects and of failed back-fills. Default 500 ms to 30 s. */
  readonly backoff?: BackOff;
  readonly idleTimeoutMs?: number;
  readonly timeoutMs?: number;
}

export function createOkxDataSource(options: OkxDataSourceOptions): DataSource {
  const { backoff, exchange = 'okx', idleTimeoutMs, logger } = options;
  const requests = createOkxRequests({ ...options, ...NO_ACCOUNT });
  const root = `${options.wsUrl.replace(/\/+$/, '')}/ws/v5`;

  const line = (
    address: 'public' | 'business',
    channelsOf: (...wanted: Wanted) => readonly string[],
  ): MarketLine => ({
    url: `${root}/${address}`,
    heartbeat: 'ping',
    carriesBars: address === 'business',
    topics: (instId, ...wanted) =>
      channelsOf(...wanted).map((channel) => topicOf({ channel, instId })),
    subscribe(topics) {
      const args = topics.map((topic) => {
        const [channel, instId] = topic.split(':');
        return { channel, instId };
      });
      return { text: JSON.stringify({ op: 'subscribe', args }), answers: topics };
    },
    read: (text, symbolOf) => parseFrame(text, exchange, symbolOf),
  });

  return createMarketSource({
    ...{ exchange, logger, backoff, idleTimeoutMs },
    venue: 'OKX',
    history: createKlineHistory(exchange, requests),
    venueSymbolOf: instIdOf,
    lines: [
      line('business', (intervals) => intervals.map((interval) => `candle${barOf(interval)}`)),
      line('public', (_intervals, ticks) => (ticks ? ['tickers'] : [])),
    ],
  });
}

type Wanted = Parameters<MarketLine['topics']> extends [string, ...infer Rest] ? Rest : never;

/** Market data is public. */
const NO_ACCOUNT = { accountId: '', apiKey: '', secret: '', passphrase: '' };
