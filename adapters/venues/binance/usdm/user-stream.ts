/** USDⓈ-M's user stream: a listenKey, subscribed to as a stream, and kept alive while it is listened to. */
import { z } from 'zod';
import { KeelError } from '../../../../core/errors.ts';
import type { Logger } from '../../../../observability/logger.ts';
import { parseJson } from '../../http.ts';
import type { OrderStreamDialect, StreamFrame } from '../../order-stream.ts';
import { isOurs } from '../../own-orders.ts';
import type { BinanceRequests } from '../requests.ts';
import { parseAnswer } from '../shapes.ts';
import { listenKeySchema } from './shapes.ts';

/** A key lives an hour; asking for it again keeps the same one alive. */
const KEEP_ALIVE_MS = 30 * 60_000;

const FINAL = ['FILLED', 'CANCELED', 'REJECTED', 'EXPIRED', 'EXPIRED_IN_MATCH'];
/** FINISHED is told before the fills of the order it became may be read: not the end of looking. */
const FINAL_ALGO = ['CANCELED', 'EXPIRED', 'REJECTED'];
/** What an execution is where it traded; liquidations and ADL are `CALCULATED`. */
const TRADED = ['TRADE', 'CALCULATED'];
/** `st` of an order that a conditional one became. */
const TRIGGERED = 'ALGO_CONDITIONAL';

const responseSchema = z.object({ id: z.union([z.int(), z.string()]), result: z.null() });
const refusalSchema = z.object({ error: z.object({ code: z.int(), msg: z.string() }) });
const eventSchema = z.looseObject({ e: z.string() });
const orderSchema = z.object({
  o: z.object({
    ...{ s: z.string(), c: z.string(), X: z.string(), x: z.string() },
    st: z.string().optional(),
  }),
});
const algoSchema = z.object({ o: z.object({ s: z.string(), caid: z.string(), X: z.string() }) });

export interface UsdmUserStream extends OrderStreamDialect {
  /** Ends the keeping alive. */
  close(): void;
}

export function usdmUserStream(requests: BinanceRequests, logger: Logger): UsdmUserStream {
  let requestsMade = 0;
  let timer: NodeJS.Timeout | undefined;

  const listenKey = async (): Promise<string> => {
    const request = { method: 'POST', path: 'listenKey', params: {}, weight: 1 } as const;
    const { json } = await requests.signed({ ...request, purpose: 'read' });
    return parseAnswer(listenKeySchema, json, 'POST listenKey').listenKey;
  };

  return {
    venue: 'Binance',
    async opening() {
      requestsMade += 1;
      const key = await listenKey();
      timer ??= setInterval(() => {
        listenKey().catch((error: unknown) => {
          logger.warn({ err: error }, 'listen_key_not_kept');
        });
      }, KEEP_ALIVE_MS).unref();
      return [JSON.stringify({ method: 'SUBSCRIBE', params: [key], id: requestsMade })];
    },
    read(text) {
      const frame = parseJson(text);
      if (frame === undefined) {
        throw new KeelError('VENUE_UNAVAILABLE', "a frame of Binance's user stream is no JSON");
      }
      if (responseSchema.safeParse(frame).success) return { kind: 'confirmed' };
      const refused = refusalSchema.safeParse(frame);
      if (refused.success) {
        const { code, msg } = refused.data.error;
        const said = `Binance refused the user stream: ${String(code)} ${msg}`;
        return { kind: 'refused', error: new KeelError('VENUE_UNAVAILABLE', said) };
      }
      const event = eventSchema.safeParse(frame);
      return event.success ? frameOf(event.data) : { kind: 'ignored' };
    },
    refused: () => Promise.resolve(),
    close() {
      clearInterval(timer);
      timer = undefined;
    },
  };
}

/** A triggered order is told of by its conditional order's event, under the id that one was given. */
function frameOf(event: z.infer<typeof eventSchema>): StreamFrame {
  switch (event.e) {
    case 'ORDER_TRADE_UPDATE': {
      const { s, c, X, x, st } = orderSchema.parse(event).o;
      return noticed(s, c, {
        final: FINAL.includes(X),
        traded: TRADED.includes(x) && st !== TRIGGERED,
      });
    }
    case 'ALGO_UPDATE': {
      const { s, caid, X } = algoSchema.parse(event).o;
      return noticed(s, caid, { final: FINAL_ALGO.includes(X), traded: X === 'FINISHED' });
    }
    case 'listenKeyExpired':
      return { kind: 'over', reason: event.e };
    default:
      return { kind: 'ignored' };
  }
}

function noticed(
  venueSymbol: string,
  clientOrderId: string,
  { final, traded }: { readonly final: boolean; readonly traded: boolean },
): StreamFrame {
  if (isOurs({ clientOrderId })) {
    return { kind: 'change', notices: [{ venueSymbol, clientOrderId, final }] };
  }
  return traded
    ? { kind: 'change', notices: [{ venueSymbol, clientOrderId: null }] }
    : { kind: 'ignored' };
}
