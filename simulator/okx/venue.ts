/** What the OKX front reads and acts on, and how a request comes to it. */
import type { Instrument } from '../../core/instrument.ts';
import type { FundingSchedule } from '../funding.ts';
import type { SimulatedVenue } from '../venue.ts';
import { noSuchInstrument } from './errors.ts';
import type { RateCounter } from './limits.ts';

export interface Credentials {
  readonly apiKey: string;
  readonly secret: string;
  readonly passphrase: string;
}

export interface OkxVenue extends SimulatedVenue {
  readonly credentials: Credentials;
  readonly rates: RateCounter;
  readonly account: { hedgeMode: boolean };
  readonly funding: FundingSchedule;
  /** True once an order that ended without a fill is past the hours in which the venue still knows it. */
  readonly isForgotten: (orderId: number) => boolean;
}

/** One HTTP request, with the raw strings its signature covers. */
export interface OkxRequest {
  readonly method: string;
  readonly path: string;
  /** Path and query as sent. */
  readonly target: string;
  readonly query: URLSearchParams;
  readonly body: string;
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string | undefined>>;
}

/** Throws 51001. */
export function instrumentNamed(venue: OkxVenue, instId: string): Instrument {
  const found = venue.instruments.find((instrument) => instrument.venueSymbol === instId);
  if (found === undefined) {
    throw noSuchInstrument();
  }
  return found;
}

export function instTypeOf({ contract }: Instrument): 'SPOT' | 'SWAP' {
  return contract === undefined ? 'SPOT' : 'SWAP';
}
