/**
 * An order shared among venues: unit by unit where it costs least, taker fee included, until it is whole.
 * Each share is then floored to its venue's step, and what a venue cannot take (too small, or the steps' rest)
 * goes to the best venue that can. Σ shares + dust = quantity, exactly.
 */
import { Decimal, decimal, floorToStep, toDecimalString } from '../money.ts';
import { levelsFor, priceWithFee } from '../order-book.ts';
import { smallestLeg } from './place.ts';
import type { Share } from './shared-out.ts';
import type { OrderTerms } from './strategy.ts';
import type { Venue } from './venues.ts';

export interface Split {
  readonly shares: readonly Share[];
  /** What no venue takes, in base; `"0"` where all is shared out. */
  readonly dust: string;
  /** A line a venue: its share, or why it has none. */
  readonly why: readonly string[];
}

interface Offer {
  readonly venue: Venue;
  readonly quantity: Decimal;
  /** Fee included. */
  readonly price: Decimal;
}

/** All levels of the usable books as one, best first; of equal ones the venue given first. */
function offersFor(terms: OrderTerms, venues: readonly Venue[]): readonly Offer[] {
  const offers = venues.flatMap((venue) =>
    venue.book === null || venue.fault !== null
      ? []
      : levelsFor(venue.book, terms).map(([price, quantity]) => ({
          venue,
          quantity: decimal(quantity),
          price: priceWithFee(terms.side, price, venue.takerFeeRate),
        })),
  );
  const direction = terms.side === 'buy' ? 1 : -1;
  return offers.sort((a, b) => direction * a.price.cmp(b.price));
}

/** The most a venue takes of the order; of a market order no more than its book shows. */
function roomOf(terms: OrderTerms, venue: Venue): Decimal {
  if (venue.book === null || venue.fault !== null) return new Decimal(0);
  const depth = levelsFor(venue.book, terms).reduce(
    (sum, [, quantity]) => sum.plus(quantity),
    new Decimal(0),
  );
  const bounds = [venue.maxQuantity, ...(venue.capacity === null ? [] : [venue.capacity])];
  // A limit order rests where the book ends.
  return Decimal.min(...bounds, ...(terms.price === null ? [depth] : []));
}

export function splitOrder(terms: OrderTerms, venues: readonly Venue[]): Split {
  const taken = new Map(venues.map((venue) => [venue, new Decimal(0)]));
  const room = new Map(venues.map((venue) => [venue, roomOf(terms, venue)]));
  const of = (map: ReadonlyMap<Venue, Decimal>, venue: Venue): Decimal =>
    map.get(venue) ?? new Decimal(0);

  let left = decimal(terms.quantity);
  for (const { venue, quantity } of offersFor(terms, venues)) {
    const share = Decimal.min(left, quantity, of(room, venue).minus(of(taken, venue)));
    taken.set(venue, of(taken, venue).plus(share));
    left = left.minus(share);
    if (left.isZero()) break;
  }
  for (const venue of venues) {
    const share = floorToStep(of(taken, venue), venue.step);
    taken.set(venue, share.gte(smallestLeg(venue, terms)) ? share : new Decimal(0));
  }

  let rest = decimal(terms.quantity).minus(total(taken));
  for (const venue of byNextPrice(terms, venues, taken)) {
    const share = of(taken, venue);
    const most = Decimal.min(share.plus(rest), of(room, venue));
    const grown = floorToStep(most, venue.step);
    if (grown.lte(share) || grown.lt(smallestLeg(venue, terms))) continue;
    taken.set(venue, grown);
    rest = rest.minus(grown.minus(share));
  }

  const shares = venues.flatMap((venue): Share | [] => {
    const { accountId, exchange } = venue;
    const share = of(taken, venue);
    return share.isZero() ? [] : { accountId, exchange, quantity: toDecimalString(share) };
  });
  const why = venues.map((venue) => {
    const share = of(taken, venue);
    const said = share.isZero()
      ? (venue.fault ?? 'nothing: others are better, or it cannot take so little')
      : toDecimalString(share);
    return `${venue.accountId}: ${said}`;
  });
  return { shares, dust: toDecimalString(rest), why };
}

function total(taken: ReadonlyMap<Venue, Decimal>): Decimal {
  return [...taken.values()].reduce((sum, share) => sum.plus(share), new Decimal(0));
}

/** The venues by the price of the next unit they would take, best first; those whose book has ended last. */
function byNextPrice(
  terms: OrderTerms,
  venues: readonly Venue[],
  taken: ReadonlyMap<Venue, Decimal>,
): readonly Venue[] {
  const offers = offersFor(terms, venues);
  const rank = (venue: Venue): number => {
    let before = taken.get(venue) ?? new Decimal(0);
    const next = offers.findIndex((offer) => {
      if (offer.venue !== venue) return false;
      before = before.minus(offer.quantity);
      return before.isNegative();
    });
    return next === -1 ? offers.length : next;
  };
  return venues
    .map((venue) => ({ venue, rank: rank(venue) }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ venue }) => venue);
}
