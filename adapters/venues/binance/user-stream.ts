/**
 * The account's own orders as they change: the WebSocket API's signed subscription
 * (`userDataStream.subscribe.signature`; the REST listenKey is withdrawn). One socket serves all listeners
 * and is open while there is one. After every reconnect `catchUp` is asked for orders that may have changed
 * meanwhile. Notices are hints: each says only which order to look at.
 */
import { z } from 'zod';
import { KeelError } from '../../../core/errors.ts';
import { CLIENT_ORDER_ID_PREFIX } from '../../../core/signal.ts';
import type { Logger } from '../../../observability/logger.ts';
import type { OrderNotice } from '../../trade-adapter.ts';
import { openWebSocket, type ReconnectingSocket } from '../../websocket.ts';
import { parseJson } from '../http.ts';
import type { BinanceRequests } from './requests.ts';

const SUBSCRIBE_TIMEOUT_MS = 10_000;
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
});

const eventSchema = z.object({ event: z.looseObject({ e: z.string() }) });

export interface StreamNotice {
  readonly clientOrderId: string;
  /** `BTCUSDT`. */
  readonly venueSymbol: string;
  readonly final: boolean;
}

/**
 * Reads a frame's order event; null for anything else (balances, orders that are not Keel's). A report
 * without the fields we need throws `ZodError`.
 */
export function noticeOf(frame: unknown): StreamNotice | null {
  const wrapped = eventSchema.safeParse(frame);
  const event: unknown = wrapped.success ? wrapped.data.event : frame;
  const kind = z.object({ e: z.string() }).safeParse(event);
  if (!kind.success || kind.data.e !== 'executionReport') return null;
  const report = reportSchema.parse(event);
  const clientOrderId = report.C === '' ? report.c : report.C;
  if (!clientOrderId.startsWith(CLIENT_ORDER_ID_PREFIX)) return null;
  return { clientOrderId, venueSymbol: report.s, final: FINAL_STATUSES.includes(report.X) };
}

export interface UserStream {
  /** Resolves once the venue confirmed the subscription; rejects VENUE_AUTH or VENUE_UNAVAILABLE. */
  listen(onNotice: (notice: OrderNotice) => void): Promise<{ close(): Promise<void> }>;
  close(): Promise<void>;
}

export function createUserStream(options: {
  readonly url: string;
  readonly requests: BinanceRequests;
  /** `BTCUSDT` → `BTC/USDT`, undefined for what is not traded here. */
  readonly symbolOf: (venueSymbol: string) => string | undefined;
  /** Orders that are open at the venue now. */
  readonly openOrders: () => Promise<readonly OrderNotice[]>;
  readonly logger: Logger;
}): UserStream {
  const { logger, requests } = options;
  const listeners = new Set<(notice: OrderNotice) => void>();
  /** Seen open: after a cut these are looked at even when they are open no more. */
  const known = new Map<string, OrderNotice>();
  let socket: ReconnectingSocket | undefined;
  let refusal: KeelError | undefined;
  /** Those who wait for the first subscription: a wrong key does not get better by waiting. */
  const waiting = new Set<(error: KeelError) => void>();
  let subscribed: PromiseWithResolvers<void> | undefined;
  let connects = 0;

  const tell = (notice: OrderNotice): void => {
    for (const listener of listeners) {
      try {
        listener(notice);
      } catch (error) {
        logger.error({ err: error, clientOrderId: notice.clientOrderId }, 'order_listener_failed');
      }
    }
  };

  const onMessage = (text: string): void => {
    const frame = parseJson(text);
    const response = responseSchema.safeParse(frame);
    if (response.success) {
      answered(response.data);
      return;
    }
    try {
      const seen = noticeOf(frame);
      if (seen === null) {
        if (frame === undefined) logger.warn({ raw: text.slice(0, 500) }, 'user_stream_malformed');
        endOfStream(frame);
        return;
      }
      const symbol = options.symbolOf(seen.venueSymbol);
      if (symbol === undefined) return;
      const notice = { clientOrderId: seen.clientOrderId, symbol };
      if (seen.final) known.delete(notice.clientOrderId);
      else known.set(notice.clientOrderId, notice);
      tell(notice);
    } catch (error) {
      logger.warn({ err: error, raw: text.slice(0, 500) }, 'user_stream_malformed');
    }
  };

  const answered = ({ status, error }: z.infer<typeof responseSchema>): void => {
    if (status === 200) {
      subscribed?.resolve();
      return;
    }
    const auth = error !== undefined && [-1002, -1022, -2014, -2015].includes(error.code);
    subscribed?.reject(
      new KeelError(
        auth ? 'VENUE_AUTH' : 'VENUE_UNAVAILABLE',
        `Binance refused the user stream: ${String(error?.code ?? status)} ${error?.msg ?? ''}`.trim(),
        { details: { httpStatus: status, venueCode: error?.code, venueMessage: error?.msg } },
      ),
    );
  };

  /** The venue ends a subscription while the socket stays up: only a new one helps. */
  const endOfStream = (frame: unknown): void => {
    const event = eventSchema.safeParse(frame);
    const kind = event.success ? event.data.event.e : undefined;
    if (kind === 'eventStreamTerminated' || kind === 'serverShutdown') socket?.reconnect(kind);
  };

  const onOpen = async (send: (text: string) => void): Promise<void> => {
    connects += 1;
    const confirmed: PromiseWithResolvers<void> = Promise.withResolvers();
    subscribed = confirmed;
    // A stop may reject it when sending has failed and nobody waits for it.
    confirmed.promise.catch(() => undefined);
    const timer = setTimeout(() => {
      confirmed.reject(
        new KeelError(
          'VENUE_UNAVAILABLE',
          `Binance did not confirm the user stream within ${String(SUBSCRIBE_TIMEOUT_MS)} ms`,
        ),
      );
    }, SUBSCRIBE_TIMEOUT_MS);
    try {
      send(
        JSON.stringify({
          id: `keel-${String(connects)}`,
          method: 'userDataStream.subscribe.signature',
          params: requests.signParams(),
        }),
      );
      await confirmed.promise;
      refusal = undefined;
    } catch (error) {
      if (error instanceof KeelError) refusal = error;
      if (refusal?.code === 'VENUE_AUTH') for (const refuse of waiting) refuse(refusal);
      if (refusal?.details?.venueCode === -1021) await requests.clock.measure();
      throw error;
    } finally {
      clearTimeout(timer);
    }
    if (connects > 1) await catchUp();
  };

  const catchUp = async (): Promise<void> => {
    const open = await options.openOrders();
    for (const order of open) known.set(order.clientOrderId, order);
    logger.info({ orders: known.size }, 'user_stream_caught_up');
    for (const order of [...known.values()]) {
      tell(order);
      if (!open.some((other) => other.clientOrderId === order.clientOrderId)) {
        known.delete(order.clientOrderId);
      }
    }
  };

  const stop = async (): Promise<void> => {
    const closing = socket;
    socket = undefined;
    connects = 0;
    known.clear();
    subscribed?.reject(new KeelError('VENUE_UNAVAILABLE', 'the user stream was closed'));
    await closing?.close();
  };

  const connected = async (open: ReconnectingSocket): Promise<void> => {
    const late = Promise.withResolvers<never>();
    waiting.add(late.reject);
    const timer = setTimeout(() => {
      late.reject(
        refusal ??
          new KeelError(
            'VENUE_UNAVAILABLE',
            `${options.url} gave no user stream within ${String(SUBSCRIBE_TIMEOUT_MS)} ms`,
          ),
      );
    }, SUBSCRIBE_TIMEOUT_MS);
    try {
      await Promise.race([open.connected(), late.promise]);
    } finally {
      waiting.delete(late.reject);
      clearTimeout(timer);
    }
  };

  return {
    async listen(onNotice) {
      // A function of its own, so that one callback may listen twice.
      const listener = (notice: OrderNotice): void => {
        onNotice(notice);
      };
      listeners.add(listener);
      const close = async (): Promise<void> => {
        listeners.delete(listener);
        if (listeners.size === 0) await stop();
      };
      socket ??= openWebSocket({ url: options.url, onOpen, onMessage, logger });
      try {
        await connected(socket);
      } catch (error) {
        await close();
        throw error;
      }
      return { close };
    },
    async close() {
      listeners.clear();
      await stop();
    },
  };
}
