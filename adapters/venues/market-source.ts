/**
 * A venue's market data as a `DataSource`: closed bars and ticks from its WebSockets, with the bars that were
 * missed fetched by REST. What a venue's frames look like is its own affair.
 *
 * Bars of a feed come in order and once: after each (re)connect the back-fill goes first, and live bars
 * that arrive meanwhile wait for it; a live bar that leaves a gap has it filled before it is handed on.
 */
import { KeelError } from '../../core/errors.ts';
import type { Interval } from '../../core/time.ts';
import type { Logger } from '../../observability/logger.ts';
import { type BackOff, backOffMs, pause } from '../back-off.ts';
import type { DataSource, DataSourceEvents, DataSubscription } from '../data-source.ts';
import {
  openWebSocket,
  type ReconnectingSocket,
  type Send,
  type SocketState,
} from '../websocket.ts';
import { KlineFeed, type KlineHistory } from './kline-feed.ts';
import type { MarketFrame } from './market-frames.ts';

/** One of the venue's WebSockets. */
export interface MarketLine {
  readonly url: string;
  /** Whether bars come over it: what it missed is filled up then. */
  readonly carriesBars: boolean;
  /** Names of what to subscribe to here for a symbol; empty where nothing of it comes here. */
  topics(venueSymbol: string, intervals: readonly Interval[], ticks: boolean): readonly string[];
  /** The request for these topics, and the ids of the answers that confirm it. */
  subscribe(topics: readonly string[]): {
    readonly text: string;
    readonly answers: readonly string[];
  };
  /** `symbolOf` gives the unified symbol, undefined for one that is not ours. Never throws. */
  read(text: string, symbolOf: (venueSymbol: string) => string | undefined): MarketFrame;
  /** See `WebSocketOptions.heartbeat`. */
  readonly heartbeat?: string;
}

export interface MarketSourceOptions {
  readonly exchange: string;
  /** The venue's name, for messages. */
  readonly venue: string;
  readonly lines: readonly MarketLine[];
  readonly venueSymbolOf: (symbol: string) => string;
  readonly history: KlineHistory;
  readonly logger: Logger;
  /** Of reconnects and of failed back-fills. Default 500 ms to 30 s. */
  readonly backoff?: BackOff | undefined;
  readonly idleTimeoutMs?: number | undefined;
}

const DEFAULT_BACKOFF: BackOff = { minMs: 500, maxMs: 30_000 };
const ANSWER_TIMEOUT_MS = 10_000;
/** A malformed frame is kept up to this length. */
const RAW_CHARACTERS = 10_000;

/** A line with what is subscribed on it. */
interface OpenLine {
  readonly line: MarketLine;
  readonly topics: Set<string>;
  readonly answers: Map<string, PromiseWithResolvers<void>>;
  state: SocketState;
  socket: ReconnectingSocket | undefined;
}

export function createMarketSource(options: MarketSourceOptions): DataSource {
  const { exchange, history, logger, venue } = options;
  const backoff = options.backoff ?? DEFAULT_BACKOFF;
  const stopping = new AbortController();
  const symbols = new Map<string, string>();
  const feeds = new Map<string, KlineFeed>();
  const lines = options.lines.map((line): OpenLine => ({
    line,
    topics: new Set(),
    answers: new Map(),
    state: 'disconnected',
    socket: undefined,
  }));
  let events: DataSourceEvents | undefined;
  let connected = false;
  let handled = Promise.resolve();

  /** One event at a time, whoever hands it on: the pipeline behind is serial. */
  const emit: DataSourceEvents['onEvent'] = (event) => {
    const next = handled.then(() => events?.onEvent(event));
    handled = next.catch(() => undefined);
    return next;
  };

  const onMessage = async (open: OpenLine, text: string): Promise<void> => {
    const frame = open.line.read(text, (venueSymbol) => symbols.get(venueSymbol));
    switch (frame.kind) {
      case 'kline':
        await feeds.get(feedKey(frame.kline.symbol, frame.kline.interval))?.live(frame.kline);
        return;
      case 'tick':
        await emit(frame);
        return;
      case 'malformed':
        await emit({ ...frame, raw: text.slice(0, RAW_CHARACTERS) });
        return;
      case 'answer':
        settleAnswer(open, frame.id, frame.error);
        return;
      case 'ignored':
    }
  };

  const settleAnswer = ({ answers }: OpenLine, id: string | null, error: string | null): void => {
    for (const [key, waiting] of answers) {
      if (id !== null && key !== id) continue;
      answers.delete(key);
      if (error === null) waiting.resolve();
      else {
        waiting.reject(
          new KeelError(
            'INVALID_INPUT',
            `${venue} refused to subscribe: ${error}; check the symbols`,
          ),
        );
      }
    }
  };

  /** Resolves when the venue has confirmed: from then on no bar can be missed. */
  const subscribe = async (
    { line, answers }: OpenLine,
    send: Send,
    topics: readonly string[],
  ): Promise<void> => {
    if (topics.length === 0) return;
    const request = line.subscribe(topics);
    const confirmed = request.answers.map((id) => {
      const answer: PromiseWithResolvers<void> = Promise.withResolvers();
      answers.set(id, answer);
      return answer;
    });
    // All are waited for together; one alone may be refused before.
    for (const { promise } of confirmed) promise.catch(() => undefined);
    const timer = setTimeout(() => {
      for (const { reject } of confirmed) {
        reject(
          new KeelError(
            'VENUE_UNAVAILABLE',
            `${venue} did not confirm ${topics.join(', ')} within ${String(ANSWER_TIMEOUT_MS)} ms`,
          ),
        );
      }
    }, ANSWER_TIMEOUT_MS);
    try {
      send(request.text);
      await Promise.all(confirmed.map(({ promise }) => promise));
    } finally {
      clearTimeout(timer);
      for (const id of request.answers) answers.delete(id);
    }
  };

  /** Until it worked: what a source missed is never given up. */
  const fill = async (feed: KlineFeed): Promise<void> => {
    for (let attempt = 0; !stopping.signal.aborted; attempt += 1) {
      try {
        await feed.fill(stopping.signal);
        return;
      } catch (error) {
        // What our own pipeline throws is not for us to try again: the reconnect comes back to it.
        const again = error instanceof KeelError && error.code.startsWith('VENUE_');
        if (!again || !error.retryable) throw error;
        const waitMs = error.retryAfterMs ?? backOffMs(attempt, backoff);
        logger.warn({ err: error, feed: feed.key, attempt, waitMs }, 'klines_not_filled');
        const raw = malformedBody(error);
        if (raw !== null) await emit({ kind: 'malformed', raw, reason: error.message });
        await pause(waitMs, stopping.signal);
      }
    }
  };

  const onOpen = async (open: OpenLine, send: Send): Promise<void> => {
    const filled = open.line.carriesBars ? [...feeds.values()] : [];
    for (const feed of filled) feed.hold();
    await subscribe(open, send, [...open.topics]);
    for (const feed of filled) await fill(feed);
  };

  const onState = (open: OpenLine, state: SocketState, detail: string): void => {
    open.state = state;
    // Connected is the source as a whole when its last line is.
    if (state === 'connected' && lines.some((other) => other.state !== 'connected')) return;
    events?.onState(state, detail);
  };

  /** Notes a subscription down: what to ask each line for, and the feeds that are new. */
  const add = ({ symbol, intervals, ticks, since }: DataSubscription) => {
    const venueSymbol = options.venueSymbolOf(symbol);
    symbols.set(venueSymbol, symbol);
    const added = intervals
      .filter((interval) => !feeds.has(feedKey(symbol, interval)))
      .map((interval) => {
        const feed = new KlineFeed({
          query: { symbol, venueSymbol, interval },
          history,
          emit,
          ...(since === undefined ? {} : { since }),
        });
        feeds.set(feed.key, feed);
        return feed;
      });
    const wanted = lines.map(({ line, topics }) => {
      const names = line.topics(venueSymbol, intervals, ticks).filter((name) => !topics.has(name));
      for (const name of names) topics.add(name);
      return names;
    });
    return { added, wanted };
  };

  const confirm = async (open: OpenLine, topics: readonly string[]): Promise<void> => {
    const { socket } = open;
    if (socket?.state !== 'connected') return;
    try {
      await subscribe(open, socket.send, topics);
    } catch (error) {
      if (error instanceof KeelError && error.code === 'INVALID_INPUT') throw error;
      // The connection broke meanwhile: the next one subscribes to all that is on the list.
      socket.reconnect('the subscription was not confirmed');
    }
  };

  return {
    exchange,
    async connect(given) {
      events = given;
      connected = true;
      for (const open of lines) {
        const { heartbeat, url } = open.line;
        open.socket = openWebSocket({
          url,
          onOpen: (send) => onOpen(open, send),
          onMessage: (text) => onMessage(open, text),
          onState: (state, detail) => {
            onState(open, state, detail);
          },
          logger,
          backoff,
          ...(heartbeat === undefined ? {} : { heartbeat }),
          ...(options.idleTimeoutMs === undefined ? {} : { idleTimeoutMs: options.idleTimeoutMs }),
        });
      }
      for (const { socket } of lines) await socket?.connected();
    },
    async subscribe(subscriptions) {
      if (!connected) {
        throw new KeelError('CONFLICT', 'connect the source before you subscribe');
      }
      const batches = subscriptions.map(add);
      const added = batches.flatMap((batch) => batch.added);
      const wanted = lines.map((_, index) => batches.flatMap((batch) => batch.wanted[index] ?? []));
      for (const feed of added) feed.hold();
      try {
        for (const [index, open] of lines.entries()) await confirm(open, wanted[index] ?? []);
        for (const feed of added) await fill(feed);
      } catch (error) {
        // What could not be subscribed must not keep every later connection from coming up.
        for (const [index, { topics }] of lines.entries()) {
          for (const name of wanted[index] ?? []) topics.delete(name);
        }
        for (const feed of added) feeds.delete(feed.key);
        throw error;
      }
    },
    async disconnect() {
      stopping.abort();
      for (const { answers, socket } of lines) {
        for (const answer of answers.values()) {
          answer.reject(
            new KeelError(
              'UNAVAILABLE',
              `the source was closed before ${venue} had confirmed the subscription`,
            ),
          );
        }
        answers.clear();
        await socket?.close();
      }
      connected = false;
      for (const feed of feeds.values()) await feed.settled();
      await handled;
    },
  };
}

function feedKey(symbol: string, interval: Interval): string {
  return `${symbol} ${interval}`;
}

/** What a success was that could not be read (a page of HTML, another shape); null for honest failures. */
function malformedBody({ details }: KeelError): string | null {
  const status = details?.httpStatus;
  const readAsSuccess = typeof status === 'number' && status < 300;
  const raw = details?.raw ?? (readAsSuccess ? details?.venueMessage : undefined);
  return typeof raw === 'string' ? raw.slice(0, RAW_CHARACTERS) : null;
}
