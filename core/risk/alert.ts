/** An alert: something a person must look at, told on `risk.alert.<level>`. */
import { z } from 'zod';
import { decimalString } from '../decimal-strings.ts';
import { symbol } from '../symbol.ts';
import { timestamp } from '../time.ts';

/** `warning`: look at it today. `critical`: act now. */
export const alertLevel = z.enum(['warning', 'critical']);
export type AlertLevel = z.infer<typeof alertLevel>;

export const alertSchema = z.strictObject({
  level: alertLevel,
  /** What noticed it, in kebab-case: `max-drawdown`, `foreign-fill`, `balance-off` … */
  rule: z.string().min(1),
  /** A sentence for a person: what is so, and what to do. */
  message: z.string().min(1),
  /** Market time, ms UTC. */
  at: timestamp,
  /** What it is about; null where it is about all of them. */
  accountId: z.string().min(1).nullable(),
  strategyId: z.string().min(1).nullable(),
  exchange: z.string().min(1).nullable(),
  symbol: symbol.nullable(),
  /** The figure that was seen and the one it was held against, where there are such. */
  value: decimalString.nullable(),
  threshold: decimalString.nullable(),
});
export type Alert = Readonly<z.infer<typeof alertSchema>>;
