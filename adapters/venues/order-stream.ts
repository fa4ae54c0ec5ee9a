/**
 * Keel's orders as they change, and that others traded on the account, over a venue's private WebSocket. One
 * socket serves all listeners and is open while there is one. After every reconnect `openOrders` is asked for
 * orders that may have changed meanwhile. Notices are hints: each says only where to look.
 */
import { KeelError } from '../../core/errors.ts';
import type { Logger } from '../../observability/logger.ts';
import type { ForeignTradeNotice, OrderNotice } from '../trade-adapter.ts';
import { openWebSocket, type ReconnectingSocket, type Send } from '../websocket.ts';

const SUBSCRIBE_TIMEOUT_MS = 10_000;

/** What one frame of the venue says. */
export type StreamFrame =
  | { readonly kind: 'change'; readonly notices: readonly StreamNotice[] }
  /** The next step of opening is confirmed, or refused. */
  | { readonly kind: 'confirmed' }
  | { readonly kind: 'refused'; readonly error: KeelError }
  /** The venue ends the subscription while the socket stays up: only a new connection helps. */
  | { readonly kind: 'over'; readonly reason: string }
  | { readonly kind: 'ignored' };

export type StreamNotice =
  | {
      readonly clientOrderId: string;
      readonly venueSymbol: string;
      /** Nothing will change any more. */
      readonly final: boolean;
    }
  /** An order that is not Keel's traded. */
  | { readonly clientOrderId: null; readonly venueSymbol: string };

/** What differs between venues. */
export interface OrderStreamDialect {
  /** The venue's name, for messages. */
  readonly venue: string;
  /** Requests to be sent one after the other on a fresh connection, each after the one before was confirmed. */
  opening(): readonly string[] | Promise<readonly string[]>;
  /** Reads one frame. Throws for what it cannot read. */
  read(text: string): StreamFrame;
  /** Called on a refusal, before the connection is tried again. */
  refused(error: KeelError): Promise<void>;
  /** See `WebSocketOptions.heartbeat`. */
  readonly heartbeat?: string;
}

/** What to tell; each may be left out. */
export interface StreamListener {
  onOrder?(notice: OrderNotice): void;
  onForeignTrade?(notice: ForeignTradeNotice): void;
}

export interface OrderStream {
  /** Resolves once the venue confirmed the subscription; rejects VENUE_AUTH or VENUE_UNAVAILABLE. */
  listen(listener: StreamListener): Promise<{ close(): Promise<void> }>;
  close(): Promise<void>;
}

export function createOrderStream(options: {
  readonly url: string;
  readonly dialect: OrderStreamDialect;
  /** Our symbol, undefined for what is not traded here. */
  readonly symbolOf: (venueSymbol: string) => string | undefined;
  /** Orders that are open at the venue now. */
  readonly openOrders: () => Promise<readonly OrderNotice[]>;
  readonly logger: Logger;
}): OrderStream {
  const { dialect, logger } = options;
  const listeners = new Set<StreamListener>();
  /** Seen open: after a cut these are looked at even when they are open no more. */
  const known = new Map<string, OrderNotice>();
  let socket: ReconnectingSocket | undefined;
  let refusal: KeelError | undefined;
  /** Those who wait for the first subscription: a wrong key does not get better by waiting. */
  const waiting = new Set<(error: KeelError) => void>();
  let step: PromiseWithResolvers<void> | undefined;
  let connects = 0;

  const tellAll = (tell: (listener: StreamListener) => void, notice: object): void => {
    for (const listener of listeners) {
      try {
        tell(listener);
      } catch (error) {
        logger.error({ err: error, ...notice }, 'order_listener_failed');
      }
    }
  };
  const tell = (notice: OrderNotice): void => {
    tellAll((listener) => listener.onOrder?.(notice), notice);
  };
  const tellForeign = (notice: ForeignTradeNotice): void => {
    tellAll((listener) => listener.onForeignTrade?.(notice), notice);
  };

  const changed = (change: StreamNotice): void => {
    const { clientOrderId, venueSymbol } = change;
    if (clientOrderId === null) {
      tellForeign({ venueSymbol });
      return;
    }
    const symbol = options.symbolOf(venueSymbol);
    if (symbol === undefined) return;
    const notice = { clientOrderId, symbol };
    if (change.final) known.delete(clientOrderId);
    else known.set(clientOrderId, notice);
    tell(notice);
  };

  const onMessage = (text: string): void => {
    let frame: StreamFrame;
    try {
      frame = dialect.read(text);
    } catch (error) {
      logger.warn({ err: error, raw: text.slice(0, 500) }, 'user_stream_malformed');
      return;
    }
    switch (frame.kind) {
      case 'change':
        frame.notices.forEach(changed);
        return;
      case 'confirmed':
        step?.resolve();
        return;
      case 'refused':
        step?.reject(frame.error);
        return;
      case 'over':
        socket?.reconnect(frame.reason);
        return;
      case 'ignored':
    }
  };

  const confirmed = async (send: Send, request: string): Promise<void> => {
    const answer: PromiseWithResolvers<void> = Promise.withResolvers();
    step = answer;
    // A stop may reject it when sending has failed and nobody waits for it.
    answer.promise.catch(() => undefined);
    const timer = setTimeout(() => {
      answer.reject(
        new KeelError(
          'VENUE_UNAVAILABLE',
          `${dialect.venue} did not confirm the user stream within ${String(SUBSCRIBE_TIMEOUT_MS)} ms`,
        ),
      );
    }, SUBSCRIBE_TIMEOUT_MS);
    try {
      send(request);
      await answer.promise;
    } finally {
      clearTimeout(timer);
    }
  };

  const onOpen = async (send: Send): Promise<void> => {
    connects += 1;
    try {
      for (const request of await dialect.opening()) await confirmed(send, request);
      refusal = undefined;
    } catch (error) {
      if (error instanceof KeelError) {
        refusal = error;
        if (error.code === 'VENUE_AUTH') for (const refuse of waiting) refuse(error);
        await dialect.refused(error);
      }
      throw error;
    }
    if (connects > 1) await catchUp();
  };

  const catchUp = async (): Promise<void> => {
    tellForeign({ venueSymbol: null });
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
    step?.reject(new KeelError('VENUE_UNAVAILABLE', 'the user stream was closed'));
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
    async listen(listener) {
      // An object of its own, so that one listener may listen twice.
      const listening = { ...listener };
      listeners.add(listening);
      const close = async (): Promise<void> => {
        listeners.delete(listening);
        if (listeners.size === 0) await stop();
      };
      const { heartbeat } = dialect;
      socket ??= openWebSocket({
        url: options.url,
        onOpen,
        onMessage,
        logger,
        ...(heartbeat === undefined ? {} : { heartbeat }),
      });
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
