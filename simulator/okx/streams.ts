/** `/ws/v5/public` (tickers, books5) and the open part of `/ws/v5/business` (candles): subscribe, unsubscribe, ping. */
import type { WebSocket } from 'ws';
import type { Instrument } from '../../core/instrument.ts';
import type { Minute } from '../replay.ts';
import type { SendFrame } from '../venue.ts';
import { type Arg, failure, readFrame, subscriptionAnswers } from './frames.ts';
import { bookRow, candleRow, intervalOf, tickerRow } from './rest-market.ts';
import type { OkxVenue } from './venue.ts';

export type StreamKind = 'public' | 'business';

const CHANNELS: Readonly<Record<StreamKind, (channel: string) => boolean>> = {
  public: (channel) => channel === 'tickers' || channel === 'books5',
  business: (channel) => intervalOf(channel.replace(/^candle/, '')) !== undefined,
};

interface Connection {
  readonly kind: StreamKind;
  readonly args: Map<string, Arg>;
}

export class MarketStreams {
  readonly #venue: OkxVenue;
  readonly #send: SendFrame;
  readonly #connections = new Map<WebSocket, Connection>();

  constructor(venue: OkxVenue, send: SendFrame) {
    this.#venue = venue;
    this.#send = send;
  }

  sockets(): WebSocket[] {
    return [...this.#connections.keys()];
  }

  /** `first` is a message that has been read from it already. */
  accept(socket: WebSocket, kind: StreamKind, first?: string): void {
    const connection: Connection = { kind, args: new Map() };
    this.#connections.set(socket, connection);
    socket.on('close', () => this.#connections.delete(socket));
    const onText = (text: string): void => {
      for (const answer of this.#answers(connection, text)) {
        socket.send(answer);
      }
    };
    if (first !== undefined) {
      onText(first);
    }
    socket.on('message', (data: Buffer) => {
      onText(data.toString('utf8'));
    });
  }

  #answers({ kind, args }: Connection, text: string): string[] {
    const frame = readFrame(text);
    if (typeof frame === 'string') {
      return [frame];
    }
    if (frame.op === 'login') {
      return [failure('60012', 'Illegal request: this address needs no login')];
    }
    const isKnown = ({ channel, instId = '' }: Arg): boolean =>
      CHANNELS[kind](channel) &&
      this.#venue.instruments.some(({ venueSymbol }) => venueSymbol === instId);
    return subscriptionAnswers(frame, args, isKnown);
  }

  /** Sends what a closed minute brings: candles closed and forming, tickers, books. */
  onMinute(minute: Minute): void {
    for (const [socket, { args }] of this.#connections) {
      for (const arg of args.values()) {
        for (const row of this.#rows(arg, minute)) {
          this.#send(socket, arg.channel, JSON.stringify({ arg, data: [row] }));
        }
      }
    }
  }

  #rows({ channel, instId }: Arg, minute: Minute): unknown[] {
    const instrument = this.#venue.instruments.find(({ venueSymbol }) => venueSymbol === instId);
    if (
      instrument === undefined ||
      !minute.bars.some(({ symbol }) => symbol === instrument.symbol)
    ) {
      return [];
    }
    switch (channel) {
      case 'tickers':
        return [tickerRow(this.#venue, instrument)];
      case 'books5':
        return [bookRow(this.#venue, instrument, 5)];
      default:
        return this.#candles(instrument, channel, minute);
    }
  }

  #candles(instrument: Instrument, channel: string, minute: Minute): string[][] {
    const interval = intervalOf(channel.replace(/^candle/, ''));
    if (interval === undefined) {
      return [];
    }
    const { klines, replay } = this.#venue;
    const touched = klines.lastTouched(instrument.symbol, interval);
    const forming = klines.forming(instrument.symbol, interval);
    const rows: string[][] = [];
    if (touched !== undefined) {
      rows.push(candleRow(touched, instrument, touched.closeAt <= minute.closeAt));
    }
    if (forming !== undefined && !replay.done) {
      rows.push(candleRow(forming, instrument, false));
    }
    return rows;
  }
}
