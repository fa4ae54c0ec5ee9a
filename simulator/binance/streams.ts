/** Market streams: `/ws`, `/ws/<stream>` and `/stream?streams=…`, with SUBSCRIBE and its kin. */
import { z } from 'zod';
import type { WebSocket } from 'ws';
import type { Instrument } from '../../core/instrument.ts';
import { decimal } from '../../core/money.ts';
import { type BuiltKline, dayStatistics, INTERVALS } from '../klines.ts';
import type { Minute } from '../replay.ts';
import type { SendFrame } from '../venue.ts';
import { fixed8 } from './format.ts';
import { book, LEVEL_QUANTITY, topOfBook } from './rest-market.ts';
import type { Venue } from './venue.ts';

interface Connection {
  readonly combined: { on: boolean };
  readonly streams: Set<string>;
}

const requestSchema = z.object({
  method: z.string(),
  params: z.array(z.union([z.string(), z.boolean()])).optional(),
  id: z.union([z.string(), z.int(), z.null()]).optional(),
});

const STREAM_NAME = /^(!?[a-z0-9]+)@[a-zA-Z0-9_@]+$/;

export class MarketStreams {
  readonly #venue: Venue;
  readonly #send: SendFrame;
  readonly #connections = new Map<WebSocket, Connection>();

  constructor(venue: Venue, send: SendFrame) {
    this.#venue = venue;
    this.#send = send;
  }

  sockets(): WebSocket[] {
    return [...this.#connections.keys()];
  }

  /** Takes a connection in; `target` is the request's URL. */
  accept(socket: WebSocket, target: URL): void {
    const combined = target.pathname.startsWith('/stream');
    const names = combined
      ? (target.searchParams.get('streams') ?? '').split('/')
      : target.pathname.replace(/^\/ws\/?/, '').split('/');
    const streams = new Set(names.filter((name) => STREAM_NAME.test(name)));
    this.#connections.set(socket, { combined: { on: combined }, streams });
    socket.on('close', () => this.#connections.delete(socket));
    socket.on('message', (data: Buffer) => {
      this.#onRequest(socket, data.toString('utf8'));
    });
  }

  #onRequest(socket: WebSocket, text: string): void {
    const connection = this.#connections.get(socket);
    if (connection === undefined) {
      return;
    }
    const parsed = parseRequest(text);
    socket.send(
      JSON.stringify(
        'error' in parsed
          ? { error: parsed.error }
          : { ...answerRequest(connection, parsed.request), id: parsed.request.id ?? null },
      ),
    );
  }

  /** Sends what a closed minute brings: klines closed and forming, tickers, books. */
  onMinute(minute: Minute): void {
    for (const [socket, { streams, combined }] of this.#connections) {
      for (const name of streams) {
        for (const data of this.#messages(name, minute)) {
          this.#send(socket, name, JSON.stringify(combined.on ? { stream: name, data } : data));
        }
      }
    }
  }

  #messages(name: string, minute: Minute): object[] {
    const [lowerSymbol = '', kind = '', detail = ''] = name.split('@');
    const instrument = this.#venue.instruments.find(
      ({ venueSymbol }) => venueSymbol.toLowerCase() === lowerSymbol,
    );
    if (
      instrument === undefined ||
      !minute.bars.some(({ symbol }) => symbol === instrument.symbol)
    ) {
      return [];
    }
    if (kind.startsWith('kline_')) {
      return this.#klineEvents(instrument, kind.slice('kline_'.length), minute);
    }
    if (/^depth(5|10|20)$/.test(kind) && ['', '100ms', '1000ms'].includes(detail)) {
      return [book(this.#venue, instrument, Number(kind.slice('depth'.length)))];
    }
    switch (kind) {
      case 'ticker':
        return [this.#tickerEvent(instrument)];
      case 'miniTicker':
        return [this.#miniTickerEvent(instrument)];
      case 'bookTicker':
        return [this.#bookTickerEvent(instrument)];
      default:
        return [];
    }
  }

  #klineEvents(instrument: Instrument, interval: string, minute: Minute): object[] {
    if (INTERVALS[interval] === undefined) {
      return [];
    }
    const { klines, replay } = this.#venue;
    const touched = klines.lastTouched(instrument.symbol, interval);
    const forming = klines.forming(instrument.symbol, interval);
    const events: object[] = [];
    if (touched !== undefined) {
      const closed = touched.closeAt <= minute.closeAt;
      events.push(klineEvent(instrument, interval, touched, closed, minute.closeAt));
    }
    if (forming !== undefined && !replay.done) {
      events.push(klineEvent(instrument, interval, forming, false, replay.marketTime));
    }
    return events;
  }

  #tickerEvent(instrument: Instrument): object {
    const day = dayStatistics(this.#venue.replay, instrument.symbol);
    const { bid, ask } = topOfBook(this.#venue, instrument);
    const change = decimal(day.last).sub(day.open);
    return {
      e: '24hrTicker',
      E: day.closeAt,
      s: instrument.venueSymbol,
      p: fixed8(change),
      P: change.div(day.open).mul(100).toFixed(3),
      w: fixed8(day.volume.isZero() ? day.last : day.quoteVolume.div(day.volume)),
      x: fixed8(day.open),
      c: fixed8(day.last),
      Q: LEVEL_QUANTITY,
      b: bid,
      B: LEVEL_QUANTITY,
      a: ask,
      A: LEVEL_QUANTITY,
      o: fixed8(day.open),
      h: fixed8(day.high),
      l: fixed8(day.low),
      v: fixed8(day.volume),
      q: fixed8(day.quoteVolume),
      O: day.openAt,
      C: day.closeAt,
      F: 0,
      L: day.minutes,
      n: day.minutes,
    };
  }

  #miniTickerEvent(instrument: Instrument): object {
    const day = dayStatistics(this.#venue.replay, instrument.symbol);
    return {
      e: '24hrMiniTicker',
      E: day.closeAt,
      s: instrument.venueSymbol,
      c: fixed8(day.last),
      o: fixed8(day.open),
      h: fixed8(day.high),
      l: fixed8(day.low),
      v: fixed8(day.volume),
      q: fixed8(day.quoteVolume),
    };
  }

  #bookTickerEvent(instrument: Instrument): object {
    const { bid, ask } = topOfBook(this.#venue, instrument);
    return {
      u: this.#venue.replay.bar + 1,
      s: instrument.venueSymbol,
      b: bid,
      B: LEVEL_QUANTITY,
      a: ask,
      A: LEVEL_QUANTITY,
    };
  }
}

type Parsed =
  | { readonly request: z.infer<typeof requestSchema> }
  | { readonly error: { code: number; msg: string } };

function parseRequest(text: string): Parsed {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return { error: { code: 3, msg: 'Invalid JSON: expected value at line 1 column 1' } };
  }
  const parsed = requestSchema.safeParse(json);
  if (!parsed.success) {
    const field = parsed.error.issues[0]?.path.join('.') ?? '';
    return {
      error: {
        code: 2,
        msg: `Invalid request: missing or malformed field \`${field}\` at line 1 column ${String(text.length)}`,
      },
    };
  }
  return { request: parsed.data };
}

function answerRequest(
  { streams, combined }: Connection,
  { method, params = [] }: z.infer<typeof requestSchema>,
): object {
  const names = params.filter((param) => typeof param === 'string');
  switch (method) {
    case 'SUBSCRIBE':
    case 'UNSUBSCRIBE': {
      if (names.length === 0 || !names.every((name) => STREAM_NAME.test(name))) {
        return { error: { code: 2, msg: 'Invalid request: invalid stream' } };
      }
      for (const name of names) {
        if (method === 'SUBSCRIBE') {
          streams.add(name);
        } else {
          streams.delete(name);
        }
      }
      return { result: null };
    }
    case 'LIST_SUBSCRIPTIONS':
      return { result: [...streams] };
    case 'SET_PROPERTY':
      if (params[0] === 'combined' && typeof params[1] === 'boolean') {
        combined.on = params[1];
        return { result: null };
      }
      return { error: { code: 0, msg: 'Unknown property' } };
    case 'GET_PROPERTY':
      return params[0] === 'combined'
        ? { result: combined.on }
        : { error: { code: 0, msg: 'Unknown property' } };
    default:
      return {
        error: {
          code: 2,
          msg: `Invalid request: unknown variant \`${method}\`, expected one of \`SUBSCRIBE\`, \`UNSUBSCRIBE\`, \`LIST_SUBSCRIPTIONS\`, \`SET_PROPERTY\`, \`GET_PROPERTY\``,
        },
      };
  }
}

function klineEvent(
  instrument: Instrument,
  interval: string,
  kline: BuiltKline,
  closed: boolean,
  at: number,
): object {
  return {
    e: 'kline',
    E: at,
    s: instrument.venueSymbol,
    k: {
      t: kline.openAt,
      T: kline.closeAt - 1,
      s: instrument.venueSymbol,
      i: interval,
      f: kline.volume.isZero() ? -1 : kline.openAt,
      L: kline.volume.isZero() ? -1 : kline.openAt,
      o: fixed8(kline.open),
      c: fixed8(kline.close),
      h: fixed8(kline.high),
      l: fixed8(kline.low),
      v: fixed8(kline.volume),
      n: kline.volume.isZero() ? 0 : 1,
      x: closed,
      q: fixed8(kline.quoteVolume),
      V: fixed8(kline.volume.div(2)),
      Q: fixed8(kline.quoteVolume.div(2)),
      B: '0',
    },
  };
}
