/** A closed candle. Open bars never leave a collector. */
import { z } from 'zod';
import { nonNegativeDecimal, positiveDecimal } from './decimal-strings.ts';
import { symbol } from './symbol.ts';
import { interval, timestamp } from './time.ts';

export const klineSchema = z.strictObject({
  exchange: z.string().min(1),
  symbol,
  interval,
  /** First millisecond of the bar. */
  openAt: timestamp,
  /** First millisecond after the bar: `openAt` + interval. The bar is visible from here on. */
  closeAt: timestamp,
  open: positiveDecimal,
  high: positiveDecimal,
  low: positiveDecimal,
  close: positiveDecimal,
  /** Traded quantity in base. */
  volume: nonNegativeDecimal,
});

export type Kline = Readonly<z.infer<typeof klineSchema>>;
