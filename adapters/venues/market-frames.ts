/** What a frame of a venue's market data comes to, and the parts of it that are alike everywhere. */
import { z } from 'zod';
import { type Kline, klineSchema } from '../../core/kline.ts';
import { type MarketData, marketDataSchema } from '../../core/market-data.ts';
import { type Interval, intervalMs } from '../../core/time.ts';

/** What one frame of the venue's says. */
export type MarketFrame =
  /** Only closed bars. */
  | { readonly kind: 'kline'; readonly kline: Kline }
  | { readonly kind: 'tick'; readonly tick: MarketData }
  /** The answer to a subscription of ours, by its id; null: to all that wait. */
  | { readonly kind: 'answer'; readonly id: string | null; readonly error: string | null }
  /** Well-formed and of no use: a bar that is still open, a symbol that is not ours. */
  | { readonly kind: 'ignored' }
  | { readonly kind: 'malformed'; readonly reason: string };

export const IGNORED: MarketFrame = { kind: 'ignored' };

type Malformed = Extract<MarketFrame, { kind: 'malformed' }>;

export function malformed(error: z.ZodError): Malformed {
  return { kind: 'malformed', reason: z.prettifyError(error) };
}

/** Open time in milliseconds; prices and volume (in base) as canonical decimal strings. */
export type KlineRow = readonly [
  openAt: number,
  open: string,
  high: string,
  low: string,
  close: string,
  volume: string,
];

export function klineFrame(
  exchange: string,
  symbol: string,
  interval: Interval,
  [openAt, open, high, low, close, volume]: KlineRow,
): Extract<MarketFrame, { kind: 'kline' }> | Malformed {
  const kline = klineSchema.safeParse({
    ...{ exchange, symbol, interval, openAt, open, high, low, close, volume },
    // Venues state the last millisecond of the bar, or nothing.
    closeAt: openAt + intervalMs(interval),
  });
  return kline.success ? { kind: 'kline', kline: kline.data } : malformed(kline.error);
}

export function tickFrame(tick: MarketData): MarketFrame {
  const parsed = marketDataSchema.safeParse(tick);
  return parsed.success ? { kind: 'tick', tick: parsed.data } : malformed(parsed.error);
}
