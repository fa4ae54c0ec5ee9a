/**
 * Binance's market stream frames and REST klines → our shapes. Prices enter as the source's strings, made
 * canonical (`"42000.10000000"` → `"42000.1"`). What does not fit its schema is `malformed`, with the reason.
 */
import { z } from 'zod';
import { interval, type Interval } from '../../../core/time.ts';
import { parseJson } from '../http.ts';
import {
  IGNORED,
  klineFrame,
  malformed,
  type MarketFrame as Frame,
  tickFrame,
} from '../market-frames.ts';
import { amount } from '../answers.ts';

const answerSchema = z.object({
  id: z.int(),
  result: z.unknown().optional(),
  error: z.object({ code: z.int(), msg: z.string() }).optional(),
});

/** `/stream` wraps each event; `/ws` does not. */
const wrapperSchema = z.object({ stream: z.string(), data: z.unknown() });

const klineEventSchema = z.object({
  e: z.literal('kline'),
  k: z.object({
    t: z.int(),
    s: z.string().min(1),
    i: z.string(),
    o: amount,
    h: amount,
    l: amount,
    c: amount,
    v: amount,
    /** The bar is closed. */
    x: z.boolean(),
  }),
});

const tickerEventSchema = z.object({
  e: z.literal('24hrTicker'),
  E: z.int(),
  s: z.string().min(1),
  c: amount,
  b: amount,
  a: amount,
  v: amount,
});

const eventSchema = z.discriminatedUnion('e', [klineEventSchema, tickerEventSchema]);

/** `symbolOf` gives the unified symbol, undefined for one that is not ours. Never throws. */
export function parseFrame(
  text: string,
  exchange: string,
  symbolOf: (venueSymbol: string) => string | undefined,
): Frame {
  const json = parseJson(text);
  if (json === undefined) return { kind: 'malformed', reason: 'the frame is no JSON' };
  const answer = answerSchema.safeParse(json);
  if (answer.success) {
    const { id, error } = answer.data;
    return {
      kind: 'answer',
      id: String(id),
      error: error === undefined ? null : `${String(error.code)} ${error.msg}`,
    };
  }
  const wrapped = wrapperSchema.safeParse(json);
  const event = eventSchema.safeParse(wrapped.success ? wrapped.data.data : json);
  if (!event.success) return malformed(event.error);

  if (event.data.e === '24hrTicker') return tickOf(event.data, exchange, symbolOf);
  const { k } = event.data;
  const symbol = symbolOf(k.s);
  if (symbol === undefined || !k.x) return IGNORED;
  const length = interval.safeParse(k.i);
  if (!length.success) return malformed(length.error);
  return klineFrame(exchange, symbol, length.data, [k.t, k.o, k.h, k.l, k.c, k.v]);
}

function tickOf(
  event: z.infer<typeof tickerEventSchema>,
  exchange: string,
  symbolOf: (venueSymbol: string) => string | undefined,
): Frame {
  const symbol = symbolOf(event.s);
  if (symbol === undefined) return IGNORED;
  return tickFrame({
    exchange,
    symbol,
    timestamp: event.E,
    price: event.c,
    bid: event.b,
    ask: event.a,
    volume24h: event.v,
  });
}

const rowSchema = z.tuple([z.int(), amount, amount, amount, amount, amount], z.unknown());

/** One row of `GET /api/v3/klines`: a kline, closed or not (its `closeAt` tells), or malformed. */
export function parseKlineRow(
  row: unknown,
  exchange: string,
  symbol: string,
  length: Interval,
): Extract<Frame, { kind: 'kline' | 'malformed' }> {
  const parsed = rowSchema.safeParse(row);
  if (!parsed.success) return malformed(parsed.error);
  const [openAt, open, high, low, close, volume] = parsed.data;
  return klineFrame(exchange, symbol, length, [openAt, open, high, low, close, volume]);
}
