/**
 * The configuration: one strict zod schema. An unknown field is an error, and all errors are told at once.
 * Order of precedence: defaults here < keel.yaml < environment (`KEEL_…`, see load.ts).
 */
import { z } from 'zod';
import { nonNegativeDecimal } from '../core/decimal-strings.ts';
import { flawsOf, venueSchema } from './venues.ts';

const url = z.url();

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
    venues: z.array(venueSchema).min(1),
    /** Files with strategies of your own, or folders of such files; every process loads them as it starts. */
    strategyPath: z
      .preprocess(
        (value) => (typeof value === 'string' ? [value] : value),
        z.array(z.string().min(1)),
      )
      .default([]),
    risk: z
      .strictObject({
        /** Defaults for strategies created without their own. */
        maxOrdersPerDay: z.int().positive().default(500),
        /** Quote an order may be worth before a person must approve it; absent: any. */
        approvalNotional: nonNegativeDecimal.optional(),
        /** Wall milliseconds an order waits for that; then it expires. */
        approvalTimeoutMs: z.int().positive().default(900_000),
        /** Head room reserved over the reference price of a market buy, as a fraction. */
        marketBuyBuffer: nonNegativeDecimal.default('0.01'),
      })
      .prefault({}),
    reconciliation: z
      .strictObject({
        /** Wall milliseconds between two looks at an account (docs/guides/reconcile-an-account.md); an hour at most. */
        everyMs: z.int().min(10_000).max(3_600_000).default(120_000),
      })
      .prefault({}),
    research: z
      .strictObject({
        /** Backtests that a research worker runs at once, a thread each; one a core where not given. */
        threads: z.int().min(1).max(1024).optional(),
        /** The bars are in its `bars`; where not given, in the library that `keel data import` writes to. */
        dataDir: z.string().min(1).optional(),
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
    venues.forEach((venue, index) => {
      for (const { setting, message } of flawsOf(mode, venue)) {
        context.addIssue({ code: 'custom', path: ['venues', index, setting], message });
      }
    });
  });

export type Config = Readonly<z.infer<typeof configSchema>>;
