/** Times are integer milliseconds UTC everywhere. */
import { z } from 'zod';

export const timestamp = z.int().nonnegative();

export const interval = z.enum(['1m', '5m', '15m', '1h', '4h', '1d']);
/** A bar's length. */
export type Interval = z.infer<typeof interval>;

const MINUTE_MS = 60_000;

const INTERVAL_MS: Readonly<Record<Interval, number>> = {
  '1m': MINUTE_MS,
  '5m': 5 * MINUTE_MS,
  '15m': 15 * MINUTE_MS,
  '1h': 60 * MINUTE_MS,
  '4h': 240 * MINUTE_MS,
  '1d': 1440 * MINUTE_MS,
};

/** Length of a bar in milliseconds. */
export function intervalMs(value: Interval): number {
  return INTERVAL_MS[value];
}

/** The UTC trading day of a market time, as `YYYY-MM-DD`. Daily counts are keyed by it, nothing is reset. */
export function tradingDay(at: number): string {
  return new Date(at).toISOString().slice(0, 10);
}
