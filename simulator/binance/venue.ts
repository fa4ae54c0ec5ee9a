/** What the Binance front reads and acts on, and how a request comes to it. */
import type { Instrument } from '../../core/instrument.ts';
import type { SimulatedVenue } from '../venue.ts';
import { invalidSymbol } from './errors.ts';
import type { Credentials } from './signature.ts';
import type { RateCounter, RateLimits } from './weights.ts';

export interface Venue extends SimulatedVenue {
  readonly credentials: Credentials;
  readonly limits: RateLimits;
  readonly rates: RateCounter;
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
