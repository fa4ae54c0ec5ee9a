/** What the Binance front reads and acts on: the replayed market, the engine, the account's key. */
import type { Instrument } from '../../core/instrument.ts';
import type { Klines } from '../klines.ts';
import type { MatchingEngine } from '../matching.ts';
import type { Replay } from '../replay.ts';
import { invalidSymbol } from './errors.ts';
import type { Credentials } from './signature.ts';
import type { RateCounter, RateLimits } from './weights.ts';

export interface Venue {
  readonly replay: Replay;
  readonly klines: Klines;
  readonly engine: MatchingEngine;
  readonly instruments: readonly Instrument[];
  readonly credentials: Credentials;
  readonly limits: RateLimits;
  readonly rates: RateCounter;
  readonly feeIn: string;
  /** The transport clock: signatures, rate windows, `/api/v3/time`. */
  readonly wallTime: () => number;
  /** True while an order is hidden from reads (a fault). */
  readonly isHidden: (orderId: number) => boolean;
}

/** One HTTP request to the venue, with the raw strings its signature covers. */
export interface VenueRequest {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly body: string;
  readonly params: URLSearchParams;
  readonly apiKey: string | undefined;
}

/** Throws −1121. */
export function instrumentNamed(venue: Venue, venueSymbol: string): Instrument {
  const found = venue.instruments.find((instrument) => instrument.venueSymbol === venueSymbol);
  if (found === undefined) {
    throw invalidSymbol();
  }
  return found;
}
