/**
 * The configuration: one strict zod schema. An unknown field is an error, and all errors are told at once.
 * Order of precedence: defaults here < keel.yaml < environment (`KEEL_…`, see load.ts).
 */
import { z } from 'zod';
import { nonNegativeDecimal } from '../core/money.ts';
import { isContract, symbol } from '../core/symbol.ts';

const url = z.url();

/** Hosts that trade real money; a sandbox must not name them. */
const LIVE_HOSTS = /(^|\.)binance\.(com|us)$/;
/** Of these, the ones that do not. */
const PRACTICE_HOSTS = /^(testnet\.|demo-)/;

const binanceSchema = z.strictObject({
  adapter: z.literal('binance'),
  /** REST root, without `/api/v3`. The default is the real venue; tests and the demo give the simulator's. */
  restUrl: url.default('https://api.binance.com'),
  /** Market streams' root, without `/ws`. */
  streamUrl: url.default('wss://stream.binance.com:9443'),
  /** WebSocket API root, without `/ws-api/v3`: the user stream's signed subscription. */
  wsApiUrl: url.default('wss://ws-api.binance.com:443'),
  /** Collected and tradable. */
  symbols: z.array(symbol).min(1),
  /** Name of the account in PostgreSQL. */
  accountId: z.string().min(1),
  apiKey: z.string().default(''),
  secret: z.string().default(''),
  /** Keel's part of the address's request weight where others use it too; default all the venue allows. */
  weightPerMinute: z.int().min(100).optional(),
  /** What the venue takes its fee in: received (base on buys), quote, or an asset such as BNB. */
  feeIn: z.string().default('received'),
  /** Balances an account starts with where the venue is not asked (paper). */
  openingBalances: z.record(z.string(), nonNegativeDecimal).default({}),
});

/** USDⓈ-M perpetuals: an account of its own beside Binance spot. */
const binanceUsdmSchema = z.strictObject({
  adapter: z.literal('binance-usdm'),
  /** REST root, without `/fapi`. */
  restUrl: url.default('https://fapi.binance.com'),
  /** Market streams' root, without `/stream`. */
  streamUrl: url.default('wss://fstream.binance.com'),
  /** User streams' root, without `/ws`. */
  userStreamUrl: url.default('wss://fstream.binance.com'),
  /** Collected and tradable: perpetuals such as BTC/USDT:USDT. */
  symbols: z
    .array(symbol.refine(isContract, { error: 'expected a perpetual such as BTC/USDT:USDT' }))
    .min(1),
  /** Name of the account in PostgreSQL. */
  accountId: z.string().min(1),
  apiKey: z.string().default(''),
  secret: z.string().default(''),
  /** Keel's part of the address's request weight where others use it too; default all the venue allows. */
  weightPerMinute: z.int().min(100).optional(),
  /** Notional per margin; set at the venue when the orders worker starts, while nothing is open. */
  leverage: z.int().min(1).max(125).default(1),
  /** Likewise. */
  marginType: z.enum(['cross', 'isolated']).default('cross'),
  /** The venue takes its fee in the settlement asset. */
  feeIn: z.literal('quote').default('quote'),
});

const KEY_BYTES = 32;

/** Keys that encrypt what the Temporal server stores. */
export const encryptionSchema = z
  .strictObject({
    /** All of them decrypt: an old one stays until no history written with it is left. */
    keys: z
      .array(
        z.strictObject({
          id: z.string().min(1),
          key: z.base64().refine((key) => Buffer.from(key, 'base64').length === KEY_BYTES, {
            error: `expected ${String(KEY_BYTES)} bytes in base64, such as \`openssl rand -base64 32\` prints`,
          }),
        }),
      )
      .min(1),
    /** Id of the key that encrypts. */
    current: z.string().min(1),
  })
  .superRefine(({ keys, current }, context) => {
    const ids = keys.map(({ id }) => id);
    if (new Set(ids).size < ids.length) {
      context.addIssue({
        code: 'custom',
        path: ['keys'],
        message: `each key needs an id of its own; given: ${ids.join(', ')}`,
      });
    }
    if (!ids.includes(current)) {
      context.addIssue({
        code: 'custom',
        path: ['current'],
        message: `must be the id of one of the keys: ${ids.join(', ')}`,
      });
    }
  });

export const configSchema = z
  .strictObject({
    /**
     * `paper` fills orders itself against market data; `sandbox` sends them to a simulator or testnet;
     * `live` sends them to the real venue, and needs `iUnderstandLive: true` as well.
     */
    mode: z.enum(['paper', 'sandbox', 'live']).default('paper'),
    iUnderstandLive: z.boolean().default(false),
    postgresUrl: z.string().startsWith('postgres', {
      error: 'expected a PostgreSQL address such as postgres://user:password@host:5432/keel',
    }),
    temporal: z
      .strictObject({
        address: z.string().min(1).default('127.0.0.1:7233'),
        namespace: z.string().min(1).default('default'),
        /** The web UI, for links to an order's workflow. */
        uiUrl: url.default('http://127.0.0.1:8233'),
        /** Encrypts what the Temporal server stores (docs/guides/encrypt-payloads.md). Absent: off. */
        encryption: encryptionSchema.optional(),
        /**
         * Orders stay with the build of the workers that began them (docs/guides/deploy-with-orders-in-flight.md).
         * Absent: workers are unversioned.
         */
        versioning: z
          .strictObject({
            deployment: z
              .string()
              .regex(/^[\w-]{1,100}$/)
              .default('keel'),
            /** Empty: a hash of the workflows' code. */
            buildId: z.string().max(100).default(''),
          })
          .optional(),
      })
      .prefault({}),
    bus: z
      .discriminatedUnion('kind', [
        z.strictObject({ kind: z.literal('memory') }),
        z.strictObject({ kind: z.literal('kafka'), brokers: z.array(z.string().min(1)).min(1) }),
      ])
      .default({ kind: 'memory' }),
    cache: z
      .discriminatedUnion('kind', [
        z.strictObject({ kind: z.literal('memory') }),
        z.strictObject({ kind: z.literal('redis'), url: z.string().startsWith('redis') }),
      ])
      .default({ kind: 'memory' }),
    venues: z.array(z.discriminatedUnion('adapter', [binanceSchema, binanceUsdmSchema])).min(1),
    risk: z
      .strictObject({
        /** Defaults for strategies created without their own. */
        maxOrdersPerDay: z.int().positive().default(500),
        /** Head room reserved over the reference price of a market buy, as a fraction. */
        marketBuyBuffer: nonNegativeDecimal.default('0.01'),
      })
      .prefault({}),
    api: z
      .strictObject({
        host: z.string().default('127.0.0.1'),
        port: z.int().min(0).max(65_535).default(8080),
        /** Signs tokens; where empty one is made once and kept in PostgreSQL. */
        jwtSecret: z.string().default(''),
      })
      .prefault({}),
    metrics: z
      .strictObject({
        host: z.string().default('127.0.0.1'),
        port: z.int().min(0).max(65_535).default(0),
      })
      .prefault({}),
    log: z
      .strictObject({
        level: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info'),
        file: z.string().min(1).optional(),
      })
      .prefault({}),
  })
  .refine((config) => config.mode !== 'live' || config.iUnderstandLive, {
    error: 'mode "live" sends real orders: set iUnderstandLive: true as well',
    path: ['mode'],
  })
  .superRefine(({ mode, venues }, context) => {
    venues.forEach(({ adapter, restUrl, apiKey, secret, accountId }, index) => {
      if (mode === 'paper' && adapter === 'binance-usdm') {
        context.addIssue({
          code: 'custom',
          path: ['venues', index, 'adapter'],
          message: 'mode "paper" plays spot only: trade perpetuals in mode "sandbox" or "live"',
        });
      }
      const { hostname } = new URL(restUrl);
      if (mode === 'sandbox' && LIVE_HOSTS.test(hostname) && !PRACTICE_HOSTS.test(hostname)) {
        context.addIssue({
          code: 'custom',
          path: ['venues', index, 'restUrl'],
          message: `mode "sandbox" must not trade at ${hostname}: give a simulator or testnet, or set mode: live`,
        });
      }
      if (mode === 'live' && (apiKey === '' || secret === '')) {
        context.addIssue({
          code: 'custom',
          path: ['venues', index, 'apiKey'],
          message: `mode "live" needs apiKey and secret for the account ${accountId}`,
        });
      }
    });
  });

export type Config = Readonly<z.infer<typeof configSchema>>;
export type VenueConfig = Config['venues'][number];
