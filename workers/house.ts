/**
 * What every process is put together from. `buildHouse` opens the doors the configuration names; a worker
 * takes the House and starts its one duty.
 */
import type { Cache } from '../adapters/cache.ts';
import { createMemoryBus } from '../adapters/bus/memory.ts';
import { createKafkaBus } from '../adapters/bus/kafka.ts';
import type { EventBus } from '../adapters/event-bus.ts';
import type { RateBudget } from '../adapters/rate-budget.ts';
import type { Repositories } from '../adapters/repositories.ts';
import { createMemoryCache } from '../adapters/storage/cache-memory.ts';
import { createRedisCache } from '../adapters/storage/cache-redis.ts';
import { openDatabase } from '../adapters/storage/database.ts';
import { createPostgresRateBudget } from '../adapters/storage/rate-budget-postgres.ts';
import { createRepositories } from '../adapters/storage/repositories.ts';
import { connectTemporal, type TemporalHandle } from '../adapters/temporal/client.ts';
import { installRuntime } from '../adapters/temporal/runtime.ts';
import type { TradeAdapter } from '../adapters/trade-adapter.ts';
import { createPaperAdapter } from '../adapters/venues/paper/adapter.ts';
import type { Config } from '../config/schema.ts';
import type { VenueConfig } from '../config/venues.ts';
import { decimal, toDecimalString } from '../core/money.ts';
import { createLogger, type Logger } from '../observability/logger.ts';
import { registerOwnStrategies } from '../strategies/own-strategies.ts';
import { defaultRegistry, type StrategyRegistry } from '../strategies/registry.ts';
import { latestPrice } from './latest-price.ts';
import { patiently } from './patience.ts';
import { createTradeAdapter } from './venues.ts';

export interface House {
  /** The process's name in logs, metrics and message envelopes. */
  readonly service: string;
  readonly config: Config;
  readonly logger: Logger;
  readonly repositories: Repositories;
  readonly bus: EventBus;
  readonly cache: Cache;
  /** Of every venue, shared with all other processes. */
  readonly rateBudget: RateBudget;
  /** By account id. Connected. */
  readonly adapters: ReadonlyMap<string, TradeAdapter>;
  readonly registry: StrategyRegistry;
  /** One connection a process, opened at first use. */
  temporal(): Promise<TemporalHandle>;
  /** Closes everything the house opened. Stop the workers first. */
  close(): Promise<void>;
}

type Doors = Pick<House, 'repositories' | 'rateBudget' | 'cache' | 'logger'>;

function createAdapter(config: Config, venue: VenueConfig, doors: Doors): TradeAdapter {
  const { logger, rateBudget: budget } = doors;
  const adapter = createTradeAdapter(venue, { budget, logger });
  // The configuration lets no perpetual be played on paper.
  if (config.mode !== 'paper' || venue.adapter === 'binance-usdm') return adapter;
  return createPaperAdapter({
    exchange: venue.adapter,
    accountId: venue.accountId,
    store: doors.repositories.paper,
    klines: doors.repositories.klines,
    market: adapter,
    price: (symbol) => latestPrice(doors.cache, doors.repositories.klines, venue.adapter, symbol),
    feeIn: venue.feeIn,
    openingBalances: venue.openingBalances,
  });
}

/**
 * Opens PostgreSQL, bus, cache and the venues. Temporal is connected at first use, so that a process that
 * never needs it (collector, manager) does not wait for it. Throws KeelError UNAVAILABLE, and INVALID_INPUT for a
 * strategy file that cannot be loaded.
 */
export async function buildHouse(service: string, config: Config): Promise<House> {
  const logger = createLogger(service, config.log.level, config.log.file);
  installRuntime(logger);
  const registry = await registerOwnStrategies(defaultRegistry(), config.strategyPath);
  const lost = (server: string) => (error: Error) => {
    logger.warn({ err: error, server }, 'connection_lost');
  };
  const db = openDatabase(config.postgresUrl, { onConnectionError: lost('postgres') });
  const repositories = createRepositories(db, {
    marketBuyBuffer: config.risk.marketBuyBuffer,
    ...(config.risk.approvalNotional === undefined
      ? {}
      : { approvalNotional: config.risk.approvalNotional }),
  });
  const rateBudget = createPostgresRateBudget(db, { logger });
  await repositories.ping();
  const bus = createBus(service, config, logger);
  const cache =
    config.cache.kind === 'redis'
      ? createRedisCache(config.cache.url, { onConnectionError: lost('redis') })
      : createMemoryCache();

  const adapters = new Map<string, TradeAdapter>();
  for (const venue of config.venues) {
    const adapter = createAdapter(config, venue, { repositories, rateBudget, cache, logger });
    await patiently(`connect ${venue.accountId}`, () => adapter.connect(), { logger });
    await patiently(
      `open account ${venue.accountId}`,
      () => openAccount(config, venue, adapter, repositories),
      { logger },
    );
    adapters.set(venue.accountId, adapter);
  }

  let temporal: Promise<TemporalHandle> | undefined;
  return {
    service,
    config,
    logger,
    repositories,
    bus,
    cache,
    rateBudget,
    adapters,
    registry,
    temporal() {
      temporal ??= connectTemporal(config.temporal).catch((error: unknown) => {
        // The next who asks tries again.
        temporal = undefined;
        throw error;
      });
      return temporal;
    },
    async close() {
      for (const adapter of adapters.values()) await adapter.disconnect();
      await bus.close();
      await cache.close();
      await (await temporal)?.close();
      await repositories.close();
    },
  };
}

function createBus(service: string, config: Config, logger: Logger): EventBus {
  return config.bus.kind === 'kafka'
    ? createKafkaBus({ brokers: config.bus.brokers, source: service, logger })
    : createMemoryBus(service);
}

/** The ledger adds to what the account held when Keel first saw it. */
async function openAccount(
  config: Config,
  venue: VenueConfig,
  adapter: TradeAdapter,
  repositories: Repositories,
): Promise<void> {
  const known = await repositories.accounts.list();
  if (known.some((account) => account.id === venue.accountId)) return;
  // Before the balances: a trade in between shows as a balance that is off, and is not lost.
  const openedAt = await adapter.marketTime();
  const opening = Object.fromEntries(
    (await adapter.getBalances()).map(({ asset, free, locked }) => [
      asset,
      toDecimalString(decimal(free).plus(locked)),
    ]),
  );
  await repositories.accounts.ensure(
    { id: venue.accountId, exchange: venue.adapter, mode: config.mode, feeIn: venue.feeIn },
    opening,
    openedAt,
  );
}
