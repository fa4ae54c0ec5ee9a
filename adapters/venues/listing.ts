/** The instruments a venue lists, by our symbol and by its own. */
import { KeelError } from '../../core/errors.ts';
import type { Instrument } from '../../core/instrument.ts';

export class Listing {
  readonly #exchange: string;
  #bySymbol: ReadonlyMap<string, Instrument> = new Map<string, Instrument>();
  #byVenueSymbol: ReadonlyMap<string, Instrument> = new Map<string, Instrument>();

  constructor(exchange: string) {
    this.#exchange = exchange;
  }

  replace(instruments: readonly Instrument[]): void {
    this.#bySymbol = new Map(instruments.map((one) => [one.symbol, one]));
    this.#byVenueSymbol = new Map(instruments.map((one) => [one.venueSymbol, one]));
  }

  all(): readonly Instrument[] {
    return [...this.#bySymbol.values()];
  }

  /** Throws NOT_FOUND. */
  get(symbol: string): Instrument {
    return this.#find(symbol, 'NOT_FOUND');
  }

  /** What is not listed cannot be traded: throws VENUE_INVALID_SYMBOL. */
  traded(symbol: string): Instrument {
    return this.#find(symbol, 'VENUE_INVALID_SYMBOL');
  }

  ofVenue(venueSymbol: string): Instrument | undefined {
    return this.#byVenueSymbol.get(venueSymbol);
  }

  #find(symbol: string, code: 'NOT_FOUND' | 'VENUE_INVALID_SYMBOL'): Instrument {
    const found = this.#bySymbol.get(symbol);
    if (found !== undefined) return found;
    const known = [...this.#bySymbol.keys()].slice(0, 10).join(', ');
    throw new KeelError(
      code,
      `${this.#exchange} does not list ${symbol} here; known: ${known === '' ? 'none (connect first)' : known}`,
    );
  }
}
