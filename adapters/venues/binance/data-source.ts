/**
 * Binance's market data: closed bars and ticks from the combined stream, with the bars that were missed
 * fetched by REST.
 *
 *     const source = createBinanceDataSource({ exchange: 'binance', restUrl, streamUrl, budget, logger });
 *     await source.connect({ onEvent: async (event) => …, onState: (state, detail) => … });
 *     await source.subscribe([{ symbol: 'BTC/USDT', intervals: ['1m'], ticks: true, since }]);
 *
 * Bars of a feed come in order and once: after each (re)connect the back-fill goes first, and live bars
 * that arrive meanwhile wait for it; a live bar that leaves a gap has it filled before it is handed on.
 */
import { KeelError } from '../../../core/errors.ts';
import type { Interval } from '../../../core/time.ts';
import { parseSymbol } from '../../../core/symbol.ts';
import type { Logger } from '../../../observability/logger.ts';
import { type BackOff, backOffMs, pause } from '../../back-off.ts';
import type { DataSource, DataSourceEvents, DataSubscription } from '../../data-source.ts';
import type { RateBudget } from '../../rate-budget.ts';
import { openWebSocket, type ReconnectingSocket } from '../../websocket.ts';
import { KlineFeed } from './kline-feed.ts';
import { createKlineHistory } from './kline-history.ts';
import { parseFrame } from './market-parser.ts';

export interface BinanceDataSourceOptions {
  /** Default `binance`. */
  readonly exchange?: string;
  /** Without `/api/v3`. */
  readonly restUrl: string;
  /** Without `/stream`. */
  readonly streamUrl: string;
  readonly budget: RateBudget;
  readonly logger: Logger;
  /** Of reconnects and of failed back-fills. Default 500 ms to 30 s. */
  readonly backoff?: BackOff;
  readonly idleTimeoutMs?: number;
  readonly timeoutMs?: number;
  readonly weightPerMinute?: number;
}

const DEFAULT_BACKOFF: BackOff = { minMs: 500, maxMs: 30_000 };
const ANSWER_TIMEOUT_MS = 10_000;
/** A malformed frame is kept up to this length. */
const RAW_CHARACTERS = 10_000;

export function createBinanceDataSource(options: BinanceDataSourceOptions): DataSource {
  const { logger } = options;
  const exchange = options.exchange ?? 'binance';
  const backoff = options.backoff ?? DEFAULT_BACKOFF;
  const history = createKlineHistory({ ...options, exchange });
  const stopping = new AbortController();
  const symbols = new Map<string, string>();
  const streams = new Set<string>();
  const feeds = new Map<string, KlineFeed>();
  const answers = new Map<number, PromiseWithResolvers<void>>();
  let events: DataSourceEvents | undefined;
  let socket: ReconnectingSocket | undefined;
  let lastId = 0;
  let handled = Promise.resolve();

  /** One event at a time, whoever hands it on: the pipeline behind is serial. */
  const emit: DataSourceEvents['onEvent'] = (event) => {
    const next = handled.then(() => events?.onEvent(event));
    handled = next.catch(() => undefined);
    return next;
  };

  const onMessage = async (text: string): Promise<void> => {
    const frame = parseFrame(text, exchange, (venueSymbol) => symbols.get(venueSymbol));
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
        settleAnswer(frame.id, frame.error);
        return;
      case 'ignored':
    }
  };

  const settleAnswer = (id: number, error: string | null): void => {
    const waiting = answers.get(id);
    answers.delete(id);
    if (error === null) waiting?.resolve();
    else {
      waiting?.reject(
        new KeelError('INVALID_INPUT', `Binance refused to subscribe: ${error}; check the symbols`),
      );
    }
  };

  /** Resolves when the venue has confirmed: from then on no bar can be missed. */
  const subscribeStreams = async (
    send: (text: string) => void,
    params: readonly string[],
  ): Promise<void> => {
    if (params.length === 0) return;
    const id = (lastId += 1);
    const answer: PromiseWithResolvers<void> = Promise.withResolvers();
    answers.set(id, answer);
    const timer = setTimeout(() => {
      answers.delete(id);
      answer.reject(
        new KeelError(
          'VENUE_UNAVAILABLE',
          `Binance did not confirm ${params.join(', ')} within ${String(ANSWER_TIMEOUT_MS)} ms`,
        ),
      );
    }, ANSWER_TIMEOUT_MS);
    try {
      send(JSON.stringify({ method: 'SUBSCRIBE', params, id }));
      await answer.promise;
    } finally {
      clearTimeout(timer);
      answers.delete(id);
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

  const onOpen = async (send: (text: string) => void): Promise<void> => {
    for (const feed of feeds.values()) feed.hold();
    await subscribeStreams(send, [...streams]);
    for (const feed of feeds.values()) await fill(feed);
  };

  const add = ({ symbol, intervals, ticks, since }: DataSubscription) => {
    const { base, quote } = parseSymbol(symbol);
    const venueSymbol = base + quote;
    symbols.set(venueSymbol, symbol);
    const names = intervals.map((interval) => `${venueSymbol.toLowerCase()}@kline_${interval}`);
    if (ticks) names.push(`${venueSymbol.toLowerCase()}@ticker`);
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
    const params = names.filter((name) => !streams.has(name));
    for (const name of params) streams.add(name);
    return { params, added };
  };

  const confirm = async (open: ReconnectingSocket, params: readonly string[]): Promise<void> => {
    if (open.state !== 'connected') return;
    try {
      await subscribeStreams(open.send, params);
    } catch (error) {
      if (error instanceof KeelError && error.code === 'INVALID_INPUT') throw error;
      // The connection broke meanwhile: the next one subscribes to all that is on the list.
      open.reconnect('the subscription was not confirmed');
    }
  };

  return {
    exchange,
    async connect(given) {
      events = given;
      socket = openWebSocket({
        url: `${options.streamUrl.replace(/\/+$/, '')}/stream`,
        onOpen,
        onMessage,
        onState: (state, detail) => {
          given.onState(state, detail);
        },
        logger,
        backoff,
        ...(options.idleTimeoutMs === undefined ? {} : { idleTimeoutMs: options.idleTimeoutMs }),
      });
      await socket.connected();
    },
    async subscribe(subscriptions) {
      const open = socket;
      if (open === undefined) {
        throw new KeelError('CONFLICT', 'connect the source before you subscribe');
      }
      const batches = subscriptions.map(add);
      const params = batches.flatMap((batch) => batch.params);
      const added = batches.flatMap((batch) => batch.added);
      for (const feed of added) feed.hold();
      try {
        await confirm(open, params);
        for (const feed of added) await fill(feed);
      } catch (error) {
        // What could not be subscribed must not keep every later connection from coming up.
        for (const name of params) streams.delete(name);
        for (const feed of added) feeds.delete(feed.key);
        throw error;
      }
    },
    async disconnect() {
      stopping.abort();
      for (const answer of answers.values()) {
        answer.reject(
          new KeelError(
            'UNAVAILABLE',
            'the source was closed before Binance had confirmed the subscription',
          ),
        );
      }
      answers.clear();
      await socket?.close();
      socket = undefined;
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
