/**
 * Binance's market data: closed bars and ticks from the combined stream, with the bars that were missed
 * fetched by REST.
 *
 *     const source = createBinanceDataSource({ exchange: 'binance', restUrl, streamUrl, budget, logger });
 *     await source.connect({ onEvent: async (event) => …, onState: (state, detail) => … });
 *     await source.subscribe([{ symbol: 'BTC/USDT', intervals: ['1m'], ticks: true, since }]);
 */
import { parseSymbol } from '../../../core/symbol.ts';
import type { Logger } from '../../../observability/logger.ts';
import type { BackOff } from '../../back-off.ts';
import type { DataSource } from '../../data-source.ts';
import type { RateBudget } from '../../rate-budget.ts';
import { createMarketSource } from '../market-source.ts';
import { createKlineHistory } from './kline-history.ts';
import type { BinanceMarket } from './requests.ts';
import { parseFrame } from './market-parser.ts';

export interface BinanceDataSourceOptions {
  /** Default `binance`. */
  readonly exchange?: string;
  /** Default spot. */
  readonly market?: BinanceMarket;
  /** Without `/api/v3`, or `/fapi`. */
  readonly restUrl: string;
  /** Without `/stream`. */
  readonly streamUrl: string;
  readonly budget: RateBudget;
  readonly logger: Logger;
  /** Of reconnects and of failed back-fills. Default 500 ms to 30 s. */
  readonly backoff?: BackOff;
  readonly idleTimeoutMs?: number;
  readonly timeoutMs?: number;
  readonly weightPerMinute?: number;
}

export function createBinanceDataSource(options: BinanceDataSourceOptions): DataSource {
  const { backoff, exchange = 'binance', idleTimeoutMs, logger } = options;
  let lastId = 0;
  return createMarketSource({
    ...{ exchange, logger, backoff, idleTimeoutMs },
    venue: 'Binance',
    history: createKlineHistory({ ...options, exchange }),
    venueSymbolOf(symbol) {
      const { base, quote } = parseSymbol(symbol);
      return base + quote;
    },
    lines: [
      {
        url: `${options.streamUrl.replace(/\/+$/, '')}/stream`,
        carriesBars: true,
        topics(venueSymbol, intervals, ticks) {
          const name = venueSymbol.toLowerCase();
          const bars = intervals.map((interval) => `${name}@kline_${interval}`);
          return ticks ? [...bars, `${name}@ticker`] : bars;
        },
        subscribe(params) {
          const id = (lastId += 1);
          return {
            text: JSON.stringify({ method: 'SUBSCRIBE', params, id }),
            answers: [String(id)],
          };
        },
        read: (text, symbolOf) => parseFrame(text, exchange, symbolOf),
      },
    ],
  });
}
