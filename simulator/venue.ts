/** What every venue's front reads and acts on, and how a front is asked. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { WebSocket } from 'ws';
import type { Instrument } from '../core/instrument.ts';
import type { Klines } from './klines.ts';
import type { MatchingEngine } from './matching.ts';
import type { Minute, Replay } from './replay.ts';

/** Fractions of notional. */
export interface FeeRates {
  readonly maker: string;
  readonly taker: string;
}

/** The replayed market and the one account in it. */
export interface SimulatedVenue {
  readonly replay: Replay;
  readonly klines: Klines;
  readonly engine: MatchingEngine;
  readonly instruments: readonly Instrument[];
  readonly feeIn: string;
  /** The transport clock: signatures, rate windows, the venue's time. */
  readonly wallTime: () => number;
  /** True while an order is hidden from reads (a fault). */
  readonly isHidden: (orderId: number) => boolean;
}

/** Sends a message of that stream or event name; faults may stand in between. */
export type SendFrame = (socket: WebSocket, name: string, text: string) => void;

/** One venue's wire protocol, REST and WebSockets, over a simulated venue. */
export interface VenueFront {
  serve(incoming: IncomingMessage, outgoing: ServerResponse, body: string): Promise<void>;
  /** What takes a WebSocket opened at `target`; undefined where there is nothing. */
  acceptorOf(target: URL): ((socket: WebSocket) => void) | undefined;
  /** Tells the market's listeners of a minute that has closed. */
  onMinute(minute: Minute): void;
  readonly marketSockets: readonly WebSocket[];
  readonly userSockets: readonly WebSocket[];
  /** User stream subscriptions over all connections. */
  readonly userStreams: number;
}
