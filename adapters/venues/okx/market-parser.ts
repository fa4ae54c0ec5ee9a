/**
 * OKX's market frames and REST candles → our shapes. Prices enter as the source's strings, made canonical. What
 * does not fit its schema is `malformed`, with the reason.
 */
import { z } from 'zod';
import type { Interval } from '../../../core/time.ts';
import { amount } from '../answers.ts';
import { parseJson } from '../http.ts';
import { IGNORED, klineFrame, malformed, type MarketFrame, tickFrame } from '../market-frames.ts';
import { milliseconds } from './shapes.ts';

/** The venue's names of bars that begin at whole UTC hours or days. */
const BARS: Readonly<Record<Interval, string>> = {
  '1m': '1m',
  '5m': '5m',
  '15m': '15m',
  '1h': '1H',
  '4h': '4H',
  '1d': '1Dutc',
};

export function barOf(interval: Interval): string {
  return BARS[interval];
}

const argSchema = z.object({ channel: z.string(), instId: z.string().optional() });

/** Name of a subscription, as confirmations tell it: channel and instrument. */
export function topicOf({ channel, instId = '' }: z.infer<typeof argSchema>): string {
  return `${channel}:${instId}`;
}

const eventSchema = z.object({
  event: z.string(),
  arg: argSchema.optional(),
  code: z.string().optional(),
  msg: z.string().optional(),
});

/** ts, open, high, low, close, volume (contracts of a swap), volume in base, in quote, `1` for a closed bar. */
const candleSchema = z.tuple(
  [milliseconds, amount, amount, amount, amount, amount, amount, amount, z.enum(['0', '1'])],
  z.unknown(),
);

const tickerSchema = z.object({
  instId: z.string().min(1),
  instType: z.string(),
  last: amount,
  bidPx: amount,
  askPx: amount,
  /** In base of spot, in contracts of a swap. */
  vol24h: amount,
  /** In base of a swap, in quote of spot. */
  volCcy24h: amount,
  ts: milliseconds,
});

const pushSchema = z.object({ arg: argSchema, data: z.array(z.unknown()).min(1) });

/** `symbolOf` gives the unified symbol, undefined for one that is not ours. Never throws. */
export function parseFrame(
  text: string,
  exchange: string,
  symbolOf: (venueSymbol: string) => string | undefined,
): MarketFrame {
  if (text === 'pong') return IGNORED;
  const json = parseJson(text);
  if (json === undefined) return { kind: 'malformed', reason: 'the frame is no JSON' };
  const event = eventSchema.safeParse(json);
  if (event.success) return eventFrame(event.data);
  const push = pushSchema.safeParse(json);
  if (!push.success) return malformed(push.error);

  const { arg, data } = push.data;
  const symbol = symbolOf(arg.instId ?? '');
  if (symbol === undefined) return IGNORED;
  // The venue sends one row a push.
  if (arg.channel === 'tickers') return tickOf(data[0], exchange, symbol);
  const interval = intervalOf(arg.channel);
  if (interval === undefined) return IGNORED;
  const bar = parseCandle(data[0], exchange, symbol, interval);
  return bar.kind === 'forming' ? IGNORED : bar;
}

function intervalOf(channel: string): Interval | undefined {
  const found = Object.entries(BARS).find(([, bar]) => channel === `candle${bar}`);
  return found?.[0] as Interval | undefined;
}

function eventFrame({ event, arg, code = '', msg = '' }: z.infer<typeof eventSchema>): MarketFrame {
  if (event === 'subscribe' && arg !== undefined) {
    return { kind: 'answer', id: topicOf(arg), error: null };
  }
  // An error does not say which subscription it is of.
  if (event === 'error') return { kind: 'answer', id: null, error: `${code} ${msg}`.trim() };
  return IGNORED;
}

function tickOf(row: unknown, exchange: string, symbol: string): MarketFrame {
  const ticker = tickerSchema.safeParse(row);
  if (!ticker.success) return malformed(ticker.error);
  const { ts, last, bidPx, askPx, instType, vol24h, volCcy24h } = ticker.data;
  return tickFrame({
    exchange,
    symbol,
    timestamp: ts,
    price: last,
    bid: bidPx,
    ask: askPx,
    volume24h: instType === 'SPOT' ? vol24h : volCcy24h,
  });
}

/** One candle: a closed bar, one still forming, or malformed. Volume is in base. */
export function parseCandle(
  row: unknown,
  exchange: string,
  symbol: string,
  interval: Interval,
): ReturnType<typeof klineFrame> | { readonly kind: 'forming' } {
  const candle = candleSchema.safeParse(row);
  if (!candle.success) return malformed(candle.error);
  const [openAt, open, high, low, close, , volume, , confirm] = candle.data;
  // Of spot the two volumes are base and quote, of a swap contracts and base.
  const inBase = symbol.includes(':') ? volume : candle.data[5];
  const bar = klineFrame(exchange, symbol, interval, [openAt, open, high, low, close, inBase]);
  return bar.kind === 'kline' && confirm === '0' ? { kind: 'forming' } : bar;
}
