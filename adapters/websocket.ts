/**
 * One WebSocket that stays up: it connects, watches for silence, reconnects with jittered back-off, and
 * hands messages on one at a time. Every streaming source and user stream uses it.
 *
 *     const socket = openWebSocket({
 *       url: 'wss://stream.binance.com:9443/ws',
 *       onOpen: (send) => send(JSON.stringify({ method: 'SUBSCRIBE', params, id: 1 })),
 *       onMessage: async (text) => handle(text),
 *       onState: (state, detail) => events.onState(state, detail),
 *       logger,
 *     });
 *     await socket.connected();
 *
 * Back-pressure: while `onMessage` works the socket is not read, so the peer, not our memory, holds the rest.
 */
import { WebSocket, type RawData } from 'ws';
import { KeelError } from '../core/errors.ts';
import type { Logger } from '../observability/logger.ts';
import { backOffMs, pause, type BackOff } from './back-off.ts';

export type SocketState = 'connecting' | 'connected' | 'disconnected';
export type Send = (text: string) => void;

/** A connect that takes longer failed. */
const CONNECT_TIMEOUT_MS = 10_000;
/** A longer message breaks the connection. */
const MAX_MESSAGE_BYTES = 4 * 1024 * 1024;

export interface WebSocketOptions {
  /** A function is asked again before each attempt. */
  readonly url: string | (() => string);
  /**
   * After every connect, the first as each later one: subscribe here, and catch up on what was missed.
   * Messages come in while it runs. A throw closes this connection and tries again after a back-off.
   */
  readonly onOpen?: (send: Send) => Promise<void> | void;
  /**
   * Awaited: the next message comes only after it resolves. A throw closes this connection; the reconnect's
   * `onOpen` catches up.
   */
  readonly onMessage: (text: string) => Promise<void> | void;
  readonly onState?: (state: SocketState, detail: string) => void;
  /**
   * Without any frame for this long (pings are sent at half of it, so a live peer is never silent) the
   * connection counts as dead. Default 30 000 ms. Time spent in `onMessage` does not count.
   */
  readonly idleTimeoutMs?: number;
  /** Default 500 ms to 30 s. */
  readonly backoff?: BackOff;
  /** Text sent in place of a ping frame, to peers that count only what is said; its answer is a message. */
  readonly heartbeat?: string;
  readonly logger: Logger;
}

export interface ReconnectingSocket {
  readonly state: SocketState;
  /** Resolves once connected and `onOpen` is through; at once while it is. Rejects UNAVAILABLE when closed first. */
  connected(): Promise<void>;
  /** Throws UNAVAILABLE while there is no connection: what must be sent on each connect belongs in `onOpen`. */
  send: Send;
  /** Drops the connection, as if the peer had gone: reconnects after a back-off. */
  reconnect(reason: string): void;
  /** No more reconnects; resolves when messages already read are handled and the socket is closed. */
  close(): Promise<void>;
}

const DEFAULT_BACKOFF: BackOff = { minMs: 500, maxMs: 30_000 };

/** Starts connecting at once, and for ever until `close()`. Throws INVALID_INPUT for what is no ws:// or wss:// address. */
export function openWebSocket(options: WebSocketOptions): ReconnectingSocket {
  const { logger } = options;
  checkUrl(address(options));
  const backoff = options.backoff ?? DEFAULT_BACKOFF;
  const closing = new AbortController();
  let current: Connection | undefined;
  let state: SocketState = 'disconnected';
  let waiters: PromiseWithResolvers<void>[] = [];

  const setState = (next: SocketState, detail: string): void => {
    state = next;
    options.onState?.(next, detail);
    if (next !== 'connected') return;
    for (const waiter of waiters) waiter.resolve();
    waiters = [];
  };

  const isClosing = (): boolean => closing.signal.aborted;

  const live = async (): Promise<void> => {
    for (let attempt = 0; !isClosing(); attempt += 1) {
      const url = typeof options.url === 'function' ? options.url() : options.url;
      setState('connecting', url);
      const connection = new Connection(url, options, () => {
        setState('connected', url);
      });
      current = connection;
      const reason = await connection.ended;
      current = undefined;
      if (connection.heard) attempt = 0;
      setState('disconnected', reason);
      if (isClosing()) return;
      const waitMs = backOffMs(attempt, backoff);
      logger.warn({ url, reason, attempt, waitMs }, 'websocket_disconnected');
      await pause(waitMs, closing.signal);
    }
  };
  const ended = live();

  return {
    get state() {
      return state;
    },
    connected() {
      if (state === 'connected') return Promise.resolve();
      const waiter: PromiseWithResolvers<void> = Promise.withResolvers();
      if (closing.signal.aborted) waiter.reject(closedError(options));
      else waiters.push(waiter);
      return waiter.promise;
    },
    send(text) {
      if (current === undefined) throw notConnected(options);
      current.send(text);
    },
    reconnect(reason) {
      current?.drop(reason);
    },
    async close() {
      closing.abort();
      for (const waiter of waiters) waiter.reject(closedError(options));
      waiters = [];
      current?.end();
      await ended;
    },
  };
}

function address(options: WebSocketOptions): string {
  return typeof options.url === 'function' ? options.url() : options.url;
}

function checkUrl(url: string): void {
  if (URL.canParse(url) && /^wss?:$/.test(new URL(url).protocol)) return;
  throw new KeelError(
    'INVALID_INPUT',
    `"${url}" is no WebSocket address; it starts with ws:// or wss://`,
  );
}

function notConnected(options: WebSocketOptions): KeelError {
  return new KeelError(
    'UNAVAILABLE',
    `${address(options)} is not connected just now; it reconnects by itself, send again later`,
  );
}

function closedError(options: WebSocketOptions): KeelError {
  return new KeelError('UNAVAILABLE', `the connection to ${address(options)} was closed`);
}

/** A peer that ignores our close frame is cut off after this long. */
const CLOSE_TIMEOUT_MS = 2_000;

/** One connection's life, from the handshake to the last message handled. */
class Connection {
  /** Resolves, with the reason, when the socket is closed and every message read from it is handled. */
  readonly ended: Promise<string>;
  /** The peer said something: the connection was a real one, so the back-off starts afresh. */
  heard = false;
  private readonly socket: WebSocket;
  private readonly options: WebSocketOptions;
  private readonly queue: string[] = [];
  private handling: Promise<void> | undefined;
  private idleTimer: NodeJS.Timeout | undefined;
  private lastFrameAt = Date.now();
  private reason = '';
  private failed = false;

  constructor(url: string, options: WebSocketOptions, onReady: () => void) {
    this.options = options;
    this.socket = new WebSocket(url, {
      handshakeTimeout: CONNECT_TIMEOUT_MS,
      maxPayload: MAX_MESSAGE_BYTES,
      perMessageDeflate: false,
    });
    const { socket } = this;
    socket.on('open', () => {
      this.watchIdle();
      void this.opened(onReady);
    });
    socket.on('message', (data: RawData) => {
      this.received(data);
    });
    for (const frame of ['ping', 'pong'] as const) {
      socket.on(frame, () => {
        this.lastFrameAt = Date.now();
        this.heard = true;
      });
    }
    socket.on('error', (error) => (this.reason ||= error.message));
    this.ended = new Promise((resolve) => {
      socket.on('close', (code, text) => {
        clearInterval(this.idleTimer);
        this.reason ||= `closed by the peer (${String(code)} ${text.toString()})`.trim();
        void this.settled().then(() => {
          resolve(this.reason);
        });
      });
    });
  }

  send(text: string): void {
    if (this.socket.readyState !== WebSocket.OPEN) throw notConnected(this.options);
    this.socket.send(text);
  }

  drop(reason: string): void {
    this.reason ||= reason;
    this.socket.terminate();
  }

  /** A polite close; what was read is still handled. */
  end(): void {
    this.reason ||= 'closed by us';
    // A paused socket would never read the peer's close frame.
    if (this.socket.isPaused) this.socket.resume();
    this.socket.close(1000);
    setTimeout(() => {
      this.socket.terminate();
    }, CLOSE_TIMEOUT_MS).unref();
  }

  private async opened(onReady: () => void): Promise<void> {
    try {
      await this.options.onOpen?.((text) => {
        this.send(text);
      });
      if (this.socket.readyState === WebSocket.OPEN) onReady();
    } catch (error) {
      this.options.logger.error({ err: error }, 'websocket_open_failed');
      this.drop(`onOpen failed: ${String(error)}`);
    }
  }

  private received(data: RawData): void {
    this.lastFrameAt = Date.now();
    // After our own close or a failed handler, the next connection catches up instead.
    if (this.socket.readyState !== WebSocket.OPEN || this.failed) return;
    this.queue.push(textOf(data));
    this.socket.pause();
    this.handling ??= this.handleAll();
  }

  private async handleAll(): Promise<void> {
    // The socket may be given to us with several messages already read: all of them, in order.
    for (let text = this.queue.shift(); text !== undefined; text = this.queue.shift()) {
      try {
        // In a later tick even where it throws at once: `handling` must be set before this loop can end.
        await Promise.resolve(text).then(this.options.onMessage);
        this.heard = true;
      } catch (error) {
        this.failed = true;
        this.queue.length = 0;
        this.options.logger.error({ err: error }, 'websocket_message_failed');
        this.drop(`onMessage failed: ${String(error)}`);
      }
    }
    this.handling = undefined;
    this.lastFrameAt = Date.now();
    if (this.socket.isPaused) this.socket.resume();
  }

  private async settled(): Promise<void> {
    while (this.handling !== undefined) await this.handling;
  }

  private ping(): void {
    const { heartbeat } = this.options;
    if (heartbeat === undefined) this.socket.ping();
    else this.socket.send(heartbeat);
  }

  private watchIdle(): void {
    const idleMs = this.options.idleTimeoutMs ?? 30_000;
    this.lastFrameAt = Date.now();
    this.idleTimer = setInterval(() => {
      if (this.handling !== undefined) return;
      const silentMs = Date.now() - this.lastFrameAt;
      if (silentMs >= idleMs) this.drop(`no frame for ${String(silentMs)} ms`);
      else if (silentMs >= idleMs / 2 && this.socket.readyState === WebSocket.OPEN) this.ping();
    }, idleMs / 4);
  }
}

function textOf(data: RawData): string {
  if (Array.isArray(data)) return Buffer.concat(data).toString('utf8');
  return Buffer.from(data as Buffer).toString('utf8');
}
