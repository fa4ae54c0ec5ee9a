/**
 * OKX's private channels: a signed log-in, then `orders` (on the private address) or `orders-algo` (stops, on
 * the business address). The venue ends a connection on which nothing is said for 30 seconds.
 */
import { z } from 'zod';
import { KeelError } from '../../../core/errors.ts';
import { parseJson } from '../http.ts';
import type { OrderStreamDialect, StreamFrame, StreamNotice } from '../order-stream.ts';
import { isOurs } from '../own-orders.ts';
import { clientOrderIdOf } from './orders.ts';
import type { OkxRequests } from './requests.ts';

export type OrderChannel = 'orders' | 'orders-algo';

/** Keys, passphrases, signatures and log-ins that are refused. */
const AUTH_CODES = ['60004', '60005', '60007', '60009', '60011', '60022', '60024', '60032'];
const TIMESTAMP_EXPIRED = '60006';

const eventSchema = z.object({
  event: z.string(),
  code: z.string().optional(),
  msg: z.string().optional(),
});

const rowSchema = z.object({
  instId: z.string().min(1),
  clOrdId: z.string(),
  algoClOrdId: z.string().default(''),
  state: z.string(),
  /** Of the trade this row tells of; empty or zero where it tells of none. A stop has none. */
  fillSz: z.string().default(''),
});

const pushSchema = z.object({
  arg: z.object({ channel: z.string() }),
  data: z.array(rowSchema),
});

const FINAL_STATES: Readonly<Record<OrderChannel, readonly string[]>> = {
  orders: ['filled', 'canceled', 'mmp_canceled'],
  // An effective stop goes on as an order.
  'orders-algo': ['canceled', 'order_failed'],
};

export function okxOrderChannel(requests: OkxRequests, channel: OrderChannel): OrderStreamDialect {
  return {
    venue: 'OKX',
    heartbeat: 'ping',
    opening: () => [
      JSON.stringify({ op: 'login', args: [requests.login()] }),
      JSON.stringify({ op: 'subscribe', args: [{ channel, instType: 'ANY' }] }),
    ],
    read: (text) => readOrderFrame(text, channel),
    async refused({ details }) {
      if (details?.venueCode === TIMESTAMP_EXPIRED) await requests.clock.measure();
    },
  };
}

/** Throws for what is no frame of OKX's. */
export function readOrderFrame(text: string, channel: OrderChannel): StreamFrame {
  if (text === 'pong') return { kind: 'ignored' };
  const frame = parseJson(text);
  const event = eventSchema.safeParse(frame);
  if (event.success) return eventFrame(event.data);
  const push = pushSchema.parse(frame);
  if (push.arg.channel !== channel) return { kind: 'ignored' };
  return { kind: 'change', notices: push.data.flatMap((row) => noticesOf(row, channel)) };
}

/** None of what others ordered and did not trade yet. */
function noticesOf(row: z.infer<typeof rowSchema>, channel: OrderChannel): StreamNotice[] {
  const [clientOrderId, venueSymbol] = [clientOrderIdOf(row), row.instId];
  if (isOurs({ clientOrderId })) {
    return [{ clientOrderId, venueSymbol, final: FINAL_STATES[channel].includes(row.state) }];
  }
  return Number(row.fillSz) > 0 ? [{ clientOrderId: null, venueSymbol }] : [];
}

function eventFrame({ event, code = '', msg = '' }: z.infer<typeof eventSchema>): StreamFrame {
  switch (event) {
    case 'login':
    case 'subscribe':
      if (code === '' || code === '0') return { kind: 'confirmed' };
      break;
    case 'error':
      break;
    case 'notice':
      // "The connection will soon be closed for a service upgrade. Please reconnect."
      return { kind: 'over', reason: `${code} ${msg}`.trim() };
    default:
      return { kind: 'ignored' };
  }
  const error = new KeelError(
    AUTH_CODES.includes(code) ? 'VENUE_AUTH' : 'VENUE_UNAVAILABLE',
    `OKX refused the user stream: ${code} ${msg}`.trim(),
    { details: { venueCode: code, venueMessage: msg } },
  );
  return { kind: 'refused', error };
}
