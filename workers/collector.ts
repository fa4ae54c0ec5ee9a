/**
 * The collector: brings each configured venue's market data onto the bus, bars and funding rates into PostgreSQL as
 * well. One pipeline a venue; what several accounts of one venue want is collected once.
 */
import { createPipeline, type Pipeline } from '../adapters/sources/pipeline.ts';
import type { VenueConfig } from '../config/venues.ts';
import { isContract } from '../core/symbol.ts';
import { intervalMs } from '../core/time.ts';
import { followFundingRates } from './funding-rates.ts';
import type { House } from './house.ts';
import { patiently } from './patience.ts';
import { runProcess, type Running } from './run-process.ts';
import { createDataSource } from './venues.ts';

export async function startCollector(house: House): Promise<Running> {
  const { adapters, bus, logger, rateBudget, repositories } = house;
  const pipelines: Pipeline[] = [];
  const followed: { stop(): Promise<void> }[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all([...pipelines, ...followed].map((running) => running.stop()));
  };
  try {
    for (const { venue, symbols } of markets(house.config.venues)) {
      const marketTime = await patiently(
        'market time',
        async () => adapters.get(venue.accountId)?.marketTime(),
        { logger },
      );
      const since = marketTime === undefined ? {} : { since: marketTime - FIRST_HISTORY_MS };
      const pipeline = createPipeline({
        source: createDataSource(venue, { budget: rateBudget, logger }),
        bus,
        klines: repositories.klines,
        // Higher intervals are built from minutes by those who need them.
        subscriptions: [...symbols].map((symbol) => ({
          symbol,
          intervals: ['1m'],
          ticks: true,
          ...since,
        })),
        logger,
      });
      pipelines.push(pipeline);
      await pipeline.start();
      const adapter = adapters.get(venue.accountId);
      if (adapter === undefined || ![...symbols].some(isContract)) continue;
      followed.push(
        followFundingRates({ adapter, symbols: [...symbols] }, { aux: repositories.aux, logger }),
      );
    }
  } catch (error) {
    await stop();
    throw error;
  }
  return { stop };
}

/** What is fetched for a symbol that has no bar stored yet: enough to warm a strategy of minutes up. */
const FIRST_HISTORY_MS = 12 * 60 * intervalMs('1m');

interface Market {
  /** The first account of that exchange: its addresses are used. */
  readonly venue: VenueConfig;
  /** Of all accounts there. */
  readonly symbols: Set<string>;
}

/** One an exchange, whatever accounts there are. */
function markets(venues: readonly VenueConfig[]): Iterable<Market> {
  const byExchange = new Map<string, Market>();
  for (const venue of venues) {
    const market = byExchange.get(venue.adapter) ?? { venue, symbols: new Set<string>() };
    for (const symbol of venue.symbols) market.symbols.add(symbol);
    byExchange.set(venue.adapter, market);
  }
  return byExchange.values();
}

if (import.meta.main) await runProcess('collector', startCollector);
