/** The door to market data. A new source is one class and one config entry. */
import type { Kline } from '../core/kline.ts';
import type { MarketData } from '../core/market-data.ts';
import type { Interval } from '../core/time.ts';

export interface DataSubscription {
  readonly symbol: string;
  readonly intervals: readonly Interval[];
  /** Also pass ticks. */
  readonly ticks: boolean;
  /** Bars to fetch by REST on connect, from this open time on (ms); absent: none before the first live bar. */
  readonly since?: number;
}

/** What a source hands on, raw: parsed to our shapes but not yet validated. */
export type SourceEvent =
  | { readonly kind: 'kline'; readonly kline: Kline }
  | { readonly kind: 'tick'; readonly tick: MarketData }
  /** Could not be parsed: goes to quarantine with the reason. */
  | { readonly kind: 'malformed'; readonly raw: string; readonly reason: string };

export interface DataSourceEvents {
  /** Awaited: the source reads no further until it resolves (back-pressure). */
  onEvent(event: SourceEvent): Promise<void>;
  onState(state: 'connecting' | 'connected' | 'disconnected', detail: string): void;
}

export interface DataSource {
  readonly exchange: string;
  /** Resolves once connected; keeps reconnecting with jittered back-off until `disconnect`. */
  connect(events: DataSourceEvents): Promise<void>;
  /** Subscribes and back-fills by REST; after a reconnect it does both again by itself, from the last closed bar seen. */
  subscribe(subscriptions: readonly DataSubscription[]): Promise<void>;
  /** Resolves when the last event has been handled and the sockets are closed. */
  disconnect(): Promise<void>;
}
