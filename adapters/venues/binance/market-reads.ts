/** What Binance spot and USDⓈ-M are asked alike: their clocks and their books. */
import type { TradeAdapter } from '../../trade-adapter.ts';
import type { Listing } from '../listing.ts';
import type { BinanceRequests } from './requests.ts';
import { depthSchema, parseAnswer, serverTimeSchema } from './shapes.ts';

export function createMarketReads(
  requests: Pick<BinanceRequests, 'clock' | 'open'>,
  listing: Listing,
): Pick<TradeAdapter, 'venueTime' | 'marketTime' | 'orderBook'> {
  const venueTime = (): number => Math.round(requests.clock.now());
  return {
    venueTime,
    async marketTime() {
      // Every send asks it first: reads that have used up their share must not stop an exit.
      const { json, headers } = await requests.open('time', {}, 1, 'send');
      const marketTime = Number(headers.get('x-market-time') ?? Number.NaN);
      if (Number.isInteger(marketTime)) return marketTime;
      return parseAnswer(serverTimeSchema, json, 'GET time').serverTime;
    },
    async orderBook(symbol, depth) {
      const params = { symbol: listing.traded(symbol).venueSymbol, limit: depth };
      // Before the question: the answer is at least as new.
      const at = venueTime();
      const { json } = await requests.open('depth', params, 5);
      return { symbol, at, ...parseAnswer(depthSchema, json, 'GET depth') };
    },
  };
}
