/**
 * Binance's user stream: the WebSocket API's signed subscription (`userDataStream.subscribe.signature`; the
 * REST listenKey is withdrawn).
 */
import { z } from 'zod';
import { KeelError } from '../../../core/errors.ts';
import { parseJson } from '../http.ts';
import type { OrderStreamDialect, StreamFrame, StreamNotice } from '../order-stream.ts';
import { isOurs } from '../own-orders.ts';
import type { BinanceRequests } from './requests.ts';

const FINAL_STATUSES = ['FILLED', 'CANCELED', 'REJECTED', 'EXPIRED', 'EXPIRED_IN_MATCH'];

const responseSchema = z.object({
  id: z.string(),
  status: z.int(),
  error: z.object({ code: z.int(), msg: z.string() }).optional(),
});

const reportSchema = z.object({
  e: z.literal('executionReport'),
  s: z.string().min(1),
  c: z.string(),
  /** The id the order was made with, where `c` is the cancel request's. */
  C: z.string(),
  X: z.string(),
  /** What happened: `TRADE` where it traded. */
  x: z.string(),
});

const eventSchema = z.object({ event: z.looseObject({ e: z.string() }) });

/**
 * Reads a frame's order event; null for anything else (balances, orders of others that did not trade). A
 * report without the fields we need throws `ZodError`.
 */
export function noticeOf(frame: unknown): StreamNotice | null {
  const wrapped = eventSchema.safeParse(frame);
  const event: unknown = wrapped.success ? wrapped.data.event : frame;
  const kind = z.object({ e: z.string() }).safeParse(event);
  if (!kind.success || kind.data.e !== 'executionReport') return null;
  const report = reportSchema.parse(event);
  const clientOrderId = report.C === '' ? report.c : report.C;
  const venueSymbol = report.s;
  if (isOurs({ clientOrderId })) {
    return { clientOrderId, venueSymbol, final: FINAL_STATUSES.includes(report.X) };
  }
  return report.x === 'TRADE' ? { clientOrderId: null, venueSymbol } : null;
}

export function binanceUserStream(requests: BinanceRequests): OrderStreamDialect {
  let requestsMade = 0;
  return {
    venue: 'Binance',
    opening() {
      requestsMade += 1;
      return [
        JSON.stringify({
          id: `keel-${String(requestsMade)}`,
          method: 'userDataStream.subscribe.signature',
          params: requests.signParams(),
        }),
      ];
    },
    read(text) {
      const frame = parseJson(text);
      if (frame === undefined) {
        throw new KeelError('VENUE_UNAVAILABLE', "a frame of Binance's user stream is no JSON");
      }
      const response = responseSchema.safeParse(frame);
      if (response.success) return answered(response.data);
      const notice = noticeOf(frame);
      return notice === null ? endOfStream(frame) : { kind: 'change', notices: [notice] };
    },
    async refused({ details }) {
      if (details?.venueCode === -1021) await requests.clock.measure();
    },
  };
}

function answered({ status, error }: z.infer<typeof responseSchema>): StreamFrame {
  if (status === 200) return { kind: 'confirmed' };
  const auth = error !== undefined && [-1002, -1022, -2014, -2015].includes(error.code);
  const refusal = new KeelError(
    auth ? 'VENUE_AUTH' : 'VENUE_UNAVAILABLE',
    `Binance refused the user stream: ${String(error?.code ?? status)} ${error?.msg ?? ''}`.trim(),
    { details: { httpStatus: status, venueCode: error?.code, venueMessage: error?.msg } },
  );
  return { kind: 'refused', error: refusal };
}

/** The venue ends a subscription while the socket stays up. */
function endOfStream(frame: unknown): StreamFrame {
  const event = eventSchema.safeParse(frame);
  const kind = event.success ? event.data.event.e : undefined;
  return kind === 'eventStreamTerminated' || kind === 'serverShutdown'
    ? { kind: 'over', reason: kind }
    : { kind: 'ignored' };
}
