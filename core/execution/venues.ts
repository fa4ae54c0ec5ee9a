/** The venues an order may go to, and the best one for the whole of it. */
import { type Decimal, decimal, toDecimalString } from '../money.ts';
import { effectivePrice, type FeeRates, type OrderBook } from '../order-book.ts';
import { smallestLeg } from './place.ts';
import type { OrderTerms, Place } from './strategy.ts';

export interface Venue extends Place, FeeRates {
  /** Null where it cannot be used; `fault` says why. */
  readonly book: Pick<OrderBook, 'bids' | 'asks'> | null;
  readonly fault: string | null;
}

export interface VenueChoice {
  /** Null where no venue takes the whole order. */
  readonly accountId: string | null;
  /** A line a venue: its price, or why it lost. */
  readonly why: readonly string[];
}

/** Why a place cannot take exactly this quantity; null when it can. */
function misfit(place: Place, terms: OrderTerms): string | null {
  const quantity = decimal(terms.quantity);
  const least = smallestLeg(place, terms);
  if (!quantity.mod(place.step).isZero()) return `${terms.quantity} is off its step ${place.step}`;
  if (quantity.lt(least)) return `the least it takes is ${toDecimalString(least)}`;
  if (quantity.gt(place.maxQuantity)) return `the most it takes is ${place.maxQuantity}`;
  if (place.capacity !== null && quantity.gt(place.capacity)) {
    return terms.side === 'buy'
      ? `its funds pay for ${place.capacity}`
      : `${place.capacity} is held there`;
  }
  return null;
}

/**
 * The venue at which the whole quantity costs least (or brings most): books walked by depth, taker fee
 * included. Of equal ones the first given wins. A venue without the depth, or that cannot take exactly the
 * quantity, loses.
 */
export function bestVenue(terms: OrderTerms, venues: readonly Venue[]): VenueChoice {
  const judged = venues.map((venue) => {
    const lost = venue.fault ?? misfit(venue, terms);
    if (lost !== null || venue.book === null) {
      return { venue, price: null, why: lost ?? 'it has no book' };
    }
    const price = effectivePrice(venue.book, terms, venue);
    const why = price === null ? 'its book is not deep enough' : `${shown(price)} with fees`;
    return { venue, price, why };
  });
  const best = judged.reduce<{ venue: Venue; price: string } | null>((leader, { venue, price }) => {
    if (price === null) return leader;
    return leader === null || beats(terms, decimal(price), leader.price)
      ? { venue, price }
      : leader;
  }, null);
  return {
    accountId: best?.venue.accountId ?? null,
    why: judged.map(({ venue, why }) => `${venue.accountId}: ${why}`),
  };
}

function beats(terms: OrderTerms, price: Decimal, leader: string): boolean {
  return terms.side === 'buy' ? price.lt(leader) : price.gt(leader);
}

/** Ten digits are enough for people. */
function shown(price: string): string {
  return toDecimalString(decimal(price).toSignificantDigits(10));
}
