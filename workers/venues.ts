/**
 * The venues Keel can trade at, by the `adapter` of their configuration: one entry a venue. Everything else
 * knows a venue only by the doors `TradeAdapter` and `DataSource`.
 */
import type { DataSource } from '../adapters/data-source.ts';
import type { RateBudget } from '../adapters/rate-budget.ts';
import type { TradeAdapter } from '../adapters/trade-adapter.ts';
import { createBinanceAdapter } from '../adapters/venues/binance/adapter.ts';
import { createBinanceDataSource } from '../adapters/venues/binance/data-source.ts';
import { createBinanceUsdmAdapter } from '../adapters/venues/binance/usdm/adapter.ts';
import { createOkxAdapter } from '../adapters/venues/okx/adapter.ts';
import { createOkxDataSource } from '../adapters/venues/okx/data-source.ts';
import type { VenueConfig } from '../config/venues.ts';
import type { Logger } from '../observability/logger.ts';

/** What a venue is opened with beside its configuration. */
export interface VenueDoors {
  readonly budget: RateBudget;
  readonly logger: Logger;
}

/** How one venue is opened. */
interface VenueKind<C extends VenueConfig> {
  tradeAdapter(config: C, doors: VenueDoors): TradeAdapter;
  dataSource(config: C, doors: VenueDoors): DataSource;
}

type Kinds = {
  readonly [A in VenueConfig['adapter']]: VenueKind<Extract<VenueConfig, { adapter: A }>>;
};

const VENUES: Kinds = {
  binance: {
    tradeAdapter: ({ adapter: exchange, weightPerMinute, ...config }, doors) =>
      createBinanceAdapter({
        ...{ ...config, ...doors, exchange },
        ...(weightPerMinute === undefined ? {} : { weightPerMinute }),
      }),
    dataSource: ({ adapter: exchange, restUrl, streamUrl }, doors) =>
      createBinanceDataSource({ exchange, restUrl, streamUrl, ...doors }),
  },
  'binance-usdm': {
    tradeAdapter: ({ adapter: exchange, weightPerMinute, ...config }, doors) =>
      createBinanceUsdmAdapter({
        ...{ ...config, ...doors, exchange },
        ...(weightPerMinute === undefined ? {} : { weightPerMinute }),
      }),
    dataSource: ({ adapter: exchange, restUrl, streamUrl }, doors) =>
      createBinanceDataSource({ exchange, restUrl, streamUrl, market: 'usdm', ...doors }),
  },
  okx: {
    tradeAdapter: ({ adapter: exchange, ...config }, doors) =>
      createOkxAdapter({ ...config, ...doors, exchange }),
    dataSource: ({ adapter: exchange, restUrl, wsUrl }, doors) =>
      createOkxDataSource({ exchange, restUrl, wsUrl, ...doors }),
  },
};

// An entry takes just its own venue's configuration: the look-up by `adapter` keeps the two together.
function kindOf(config: VenueConfig): VenueKind<VenueConfig> {
  return VENUES[config.adapter];
}

/** The venue's trading side. Connect it before use. */
export function createTradeAdapter(config: VenueConfig, doors: VenueDoors): TradeAdapter {
  return kindOf(config).tradeAdapter(config, doors);
}

/** The venue's market data. */
export function createDataSource(config: VenueConfig, doors: VenueDoors): DataSource {
  return kindOf(config).dataSource(config, doors);
}
