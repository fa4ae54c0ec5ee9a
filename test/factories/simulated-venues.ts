/**
 * The simulator's spot venues as the contracts of trade adapters want them (adapters/venues/trade-adapter.contract.ts),
 * and adapters at them.
 */
import { createMemoryRateBudget } from '../../adapters/storage/rate-budget-memory.ts';
import type { TradeAdapter } from '../../adapters/trade-adapter.ts';
import {
  type BinanceOptions,
  createBinanceAdapter,
} from '../../adapters/venues/binance/adapter.ts';
import { createOkxAdapter, type OkxOptions } from '../../adapters/venues/okx/adapter.ts';
import {
  CONTRACT_BARS,
  OPENING_BALANCES,
  SYMBOL,
  type TradingWorld,
} from '../../adapters/venues/trade-adapter.contract.ts';
import { createLogger } from '../../observability/logger.ts';
import {
  DEFAULT_API_KEY,
  DEFAULT_PASSPHRASE,
  DEFAULT_SECRET,
  type Simulator,
  type SimulatorOptions,
} from '../../simulator/options.ts';
import { startSimulator } from '../../simulator/server.ts';
import { candle, writeRecording } from './recordings.ts';

export function startSpot(change: Partial<SimulatorOptions> = {}): Promise<Simulator> {
  return startSimulator({
    recordings: [{ symbol: SYMBOL, file: writeBars(CONTRACT_BARS) }],
    balances: OPENING_BALANCES,
    ...change,
  });
}

type Prices = Parameters<typeof candle>[1];

/** Minutes of open, high, low and close from the contracts' start on; returns the path. */
export function writeBars(bars: readonly Prices[]): string {
  return writeRecording(bars.map((prices, minute) => candle(minute, prices)));
}

export type Urls = Pick<Simulator, 'httpUrl' | 'wsUrl'>;

const access = () => ({
  ...{ apiKey: DEFAULT_API_KEY, secret: DEFAULT_SECRET },
  ...{ budget: createMemoryRateBudget(), logger: createLogger('test', 'silent') },
});

/** Of all symbols the venue has. */
export function binanceOptions({ httpUrl, wsUrl }: Urls): BinanceOptions {
  return { ...access(), accountId: 'binance-sandbox', restUrl: httpUrl, wsApiUrl: wsUrl };
}

export function okxOptions({ httpUrl, wsUrl }: Urls): OkxOptions {
  return {
    ...access(),
    ...{ accountId: 'okx-sandbox', passphrase: DEFAULT_PASSPHRASE, symbols: [SYMBOL] },
    ...{ restUrl: httpUrl, wsUrl },
  };
}

/** Of `SYMBOL`, where `change` says nothing else. */
export function binanceAdapter(venue: Urls, change: Partial<BinanceOptions> = {}): TradeAdapter {
  return createBinanceAdapter({ symbols: [SYMBOL], ...binanceOptions(venue), ...change });
}

export function okxAdapter(venue: Urls, change: Partial<OkxOptions> = {}): TradeAdapter {
  return createOkxAdapter({ ...okxOptions(venue), ...change });
}

/** The world of the contracts; closing it closes both. */
export function worldOf(venue: Simulator, adapter: TradeAdapter): TradingWorld {
  return {
    adapter,
    advance: () => {
      venue.advance();
      return Promise.resolve();
    },
    close: async () => {
      await adapter.disconnect();
      await venue.close();
    },
  };
}
