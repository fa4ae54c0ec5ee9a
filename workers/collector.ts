/**
 * The collector: brings each configured venue's market data onto the bus, bars into PostgreSQL as well.
 * One pipeline a venue; what several accounts of one venue want is collected once.
 */
import { createPipeline, type Pipeline } from '../adapters/sources/pipeline.ts';
import { createBinanceDataSource } from '../adapters/venues/binance/data-source.ts';
import type { VenueConfig } from '../config/schema.ts';
import { intervalMs } from '../core/time.ts';
import type { House } from './house.ts';
import { patiently } from './patience.ts';
import { runProcess, type Running } from './run-process.ts';

export async function startCollector(house: House): Promise<Running> {
  const { adapters, bus, logger, rateBudget, repositories } = house;
  const pipelines: Pipeline[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(pipelines.map((pipeline) => pipeline.stop()));
  };
  try {
    for (const [exchange, market] of markets(house.config.venues)) {
      const { accountId, restUrl, streamUrl, symbols } = market;
      const marketTime = await patiently(
        'market time',
        async () => adapters.get(accountId)?.marketTime(),
        { logger },
      );
      const since = marketTime === undefined ? {} : { since: marketTime - FIRST_HISTORY_MS };
      const pipeline = createPipeline({
        source: createBinanceDataSource({
          ...{ exchange, restUrl, streamUrl, logger },
          market: exchange === 'binance-usdm' ? 'usdm' : 'spot',
          budget: rateBudget,
        }),
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
  readonly accountId: string;
  readonly restUrl: string;
  readonly streamUrl: string;
  readonly symbols: Set<string>;
}

/** By exchange; where two accounts name different addresses for one, the first has it. */
function markets(venues: readonly VenueConfig[]): Map<string, Market> {
  const byExchange = new Map<string, Market>();
  for (const { adapter, accountId, restUrl, streamUrl, symbols } of venues) {
    const market = byExchange.get(adapter) ?? {
      accountId,
      restUrl,
      streamUrl,
      symbols: new Set<string>(),
    };
    for (const symbol of symbols) market.symbols.add(symbol);
    byExchange.set(adapter, market);
  }
  return byExchange;
}

if (import.meta.main) await runProcess('collector', startCollector);
