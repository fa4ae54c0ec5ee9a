/**
 * The collector: brings each configured venue's market data onto the bus, bars into PostgreSQL as well.
 * One pipeline a venue; what several accounts of one venue want is collected once.
 */
import { createPipeline, type Pipeline } from '../adapters/sources/pipeline.ts';
import { createBinanceDataSource } from '../adapters/venues/binance/data-source.ts';
import type { VenueConfig } from '../config/schema.ts';
import type { House } from './house.ts';
import { runProcess, type Running } from './run-process.ts';

export async function startCollector(house: House): Promise<Running> {
  const { bus, logger, repositories } = house;
  const pipelines: Pipeline[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(pipelines.map((pipeline) => pipeline.stop()));
  };
  try {
    for (const [exchange, { restUrl, streamUrl, symbols }] of markets(house.config.venues)) {
      const pipeline = createPipeline({
        source: createBinanceDataSource({ exchange, restUrl, streamUrl, logger }),
        bus,
        klines: repositories.klines,
        // Higher intervals are built from minutes by those who need them.
        subscriptions: [...symbols].map((symbol) => ({
          ...{ symbol, intervals: ['1m'] as const, ticks: true },
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

interface Market {
  readonly restUrl: string;
  readonly streamUrl: string;
  readonly symbols: Set<string>;
}

/** By exchange; where two accounts name different addresses for one, the first has it. */
function markets(venues: readonly VenueConfig[]): Map<string, Market> {
  const byExchange = new Map<string, Market>();
  for (const { adapter, restUrl, streamUrl, symbols } of venues) {
    const market = byExchange.get(adapter) ?? { restUrl, streamUrl, symbols: new Set() };
    for (const symbol of symbols) market.symbols.add(symbol);
    byExchange.set(adapter, market);
  }
  return byExchange;
}

if (import.meta.main) await runProcess('collector', startCollector);
