/** A tick: the market's newest price, with the best bid and ask beside it. */
import { z } from 'zod';
import { nonNegativeDecimal, positiveDecimal } from './decimal-strings.ts';
import { symbol } from './symbol.ts';
import { timestamp } from './time.ts';

export const marketDataSchema = z.strictObject({
  exchange: z.string().min(1),
  symbol,
  timestamp,
  price: positiveDecimal,
  bid: positiveDecimal,
  ask: positiveDecimal,
  /** Traded quantity of the last 24 hours, in base. */
  volume24h: nonNegativeDecimal,
});

export type MarketData = Readonly<z.infer<typeof marketDataSchema>>;
