/** Every message on the bus: one zod schema each. A changed shape is a new schemaVersion. */
import { z } from 'zod';
import { klineSchema } from '../../core/kline.ts';
import { marketDataSchema } from '../../core/market-data.ts';
import { orderViewSchema } from '../../core/order.ts';
import { alertSchema } from '../../core/risk/alert.ts';
import { signalSchema } from '../../core/signal.ts';
import { timestamp } from '../../core/time.ts';
import type { MessageKind } from '../event-bus.ts';

function kind<S extends z.ZodType>(type: string, schemaVersion: number, schema: S): MessageKind<S> {
  return { type, schemaVersion, schema };
}

/** On `market.*`: a closed bar or a tick. */
export const MARKET = kind(
  'market',
  1,
  z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('kline'), kline: klineSchema }),
    z.strictObject({ kind: z.literal('tick'), tick: marketDataSchema }),
  ]),
);
export type MarketMessage = z.infer<typeof MARKET.schema>;

/** On `signals.*`. */
export const SIGNAL = kind('signal', 1, signalSchema);

/** On `orders.*`: the whole order at one version. */
export const ORDER = kind('order', 1, orderViewSchema);

/** On `system.account.<accountId>`: the account was held against the venue, its books may have moved. */
export const ACCOUNT_RECONCILED = kind(
  'account-reconciled',
  1,
  z.strictObject({ accountId: z.string().min(1), exchange: z.string().min(1), at: timestamp }),
);
export type AccountReconciled = z.infer<typeof ACCOUNT_RECONCILED.schema>;

/** On `risk.alert.<level>`. Its id is stable: an alert that is told again is the same message. */
export const RISK_ALERT = kind('risk-alert', 1, alertSchema);

/** On `system.dead-letter.<group>`: what a consumer could not use. */
export const DEAD_LETTER = kind(
  'dead-letter',
  1,
  z.strictObject({ topic: z.string(), group: z.string(), reason: z.string(), raw: z.string() }),
);

/** On `system.quarantine.<exchange>`: market data that failed validation. */
export const QUARANTINE = kind(
  'quarantine',
  1,
  z.strictObject({ exchange: z.string(), rule: z.string(), reason: z.string(), raw: z.string() }),
);
