/** Stores the funding rates of a venue's perpetuals as they are told, and once those of the last month. */
import { pause } from '../adapters/back-off.ts';
import type { AuxRepository } from '../adapters/repositories.ts';
import type { TradeAdapter } from '../adapters/trade-adapter.ts';
import { isContract } from '../core/symbol.ts';
import type { Logger } from '../observability/logger.ts';
import { fundingName } from '../strategies/aux-names.ts';

export interface FundingSource {
  readonly adapter: Pick<TradeAdapter, 'exchange' | 'marketTime' | 'fundingRates'>;
  readonly symbols: readonly string[];
}

/** How often a venue is asked. Rates come every hour at most. */
const EVERY_MS = 15_000;
/** What is fetched where nothing is stored: enough for a mean over 90 rates of eight hours. */
const FIRST_HISTORY_MS = 31 * 86_400_000;

/** Fetches what was told since the newest stored rate. Throws what the venue and the store throw. */
export async function storeFundingRates(
  adapter: FundingSource['adapter'],
  symbol: string,
  aux: AuxRepository,
): Promise<void> {
  const name = fundingName({ exchange: adapter.exchange, symbol });
  const newest = await aux.newestAt(name);
  const since = newest === null ? (await adapter.marketTime()) - FIRST_HISTORY_MS : newest + 1;
  const rates = await adapter.fundingRates(symbol, since);
  await aux.add(rates.map(({ rate, publishedAt }) => ({ name, publishedAt, value: rate })));
}

/**
 * Goes on until it is stopped; what the venue does not tell is asked for again the next time, and keeps no other
 * symbol from its rates.
 */
export function followFundingRates(
  { adapter, symbols }: FundingSource,
  {
    aux,
    logger,
    everyMs = EVERY_MS,
  }: {
    readonly aux: AuxRepository;
    readonly logger: Logger;
    readonly everyMs?: number;
  },
): { stop(): Promise<void> } {
  const stopping = new AbortController();
  const follow = async (): Promise<void> => {
    do {
      for (const symbol of symbols.filter(isContract)) {
        try {
          await storeFundingRates(adapter, symbol, aux);
        } catch (error) {
          const { exchange } = adapter;
          logger.warn({ err: error, exchange, symbol }, 'funding_rates_not_stored');
        }
      }
    } while (await pause(everyMs, stopping.signal));
  };
  const followed = follow();
  return {
    async stop() {
      stopping.abort();
      await followed;
    },
  };
}
