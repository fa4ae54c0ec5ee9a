/** The demo's configuration: sandbox mode, one Binance account at the simulator, the stack's addresses. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { EncryptionSettings } from '../../adapters/temporal/encryption.ts';
import { parseConfig } from '../../config/load.ts';
import type { Config } from '../../config/schema.ts';

export const DEMO_ACCOUNT = 'binance-sandbox';

/** The simulator checks signatures as the venue does. These open nothing but the simulator. */
export const SIMULATOR_KEYS = { apiKey: 'simulator-key', secret: 'simulator-secret' } as const;

/** What the simulator replays: from here on a fresh data folder, later sessions go on where the last one ended. */
export const RECORDED_MARKET = {
  recordings: [
    {
      symbol: 'BTC/USDT',
      file: fileURLToPath(
        new URL('../../data/BTCUSDT-binance-spot-1m-2024-12.csv.gz', import.meta.url),
      ),
    },
  ],
  startAt: Date.UTC(2024, 11, 2),
} as const;

export interface StackAddresses {
  readonly postgresUrl: string;
  readonly temporalAddress: string;
  readonly temporalUiUrl: string;
  readonly kafkaBrokers?: readonly string[];
  readonly redisUrl?: string;
}

/** Where Temporal's payloads are encrypted: the keys, and the port at which its web UI finds the API. */
export interface DemoEncryption {
  readonly settings: EncryptionSettings;
  readonly apiPort: number;
}

export interface DemoChoices {
  /** Absent: Temporal's payloads are readable. */
  readonly encryption?: DemoEncryption | undefined;
  /** Files or folders with strategies beside those that Keel ships. */
  readonly strategyPath?: readonly string[];
  /** The library of bars is in its `bars`; absent: it is the user's. */
  readonly libraryDir?: string | undefined;
}

/** @param dataDir the log is kept there */
export function demoConfig(
  stack: StackAddresses,
  simulator: { readonly httpUrl: string; readonly wsUrl: string },
  dataDir: string,
  { encryption, strategyPath = [], libraryDir }: DemoChoices = {},
): Config {
  return parseConfig(
    {
      mode: 'sandbox',
      postgresUrl: stack.postgresUrl,
      temporal: {
        address: stack.temporalAddress,
        uiUrl: stack.temporalUiUrl,
        encryption: encryption?.settings,
      },
      ...(stack.kafkaBrokers === undefined
        ? {}
        : { bus: { kind: 'kafka', brokers: stack.kafkaBrokers } }),
      ...(stack.redisUrl === undefined ? {} : { cache: { kind: 'redis', url: stack.redisUrl } }),
      venues: [
        {
          adapter: 'binance',
          accountId: DEMO_ACCOUNT,
          restUrl: simulator.httpUrl,
          streamUrl: simulator.wsUrl,
          wsApiUrl: simulator.wsUrl,
          symbols: ['BTC/USDT'],
          ...SIMULATOR_KEYS,
        },
      ],
      strategyPath,
      research: { dataDir: libraryDir },
      api: { port: encryption?.apiPort ?? 0 },
      log: { level: 'info', file: join(dataDir, 'log', 'keel.log') },
    },
    'the demo configuration',
  );
}
