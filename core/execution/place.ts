/** What a venue takes of an order: the smallest leg, and how a quantity is laid out over accounts. */
import type { Instrument } from '../instrument.ts';
import { lotLimits } from '../filters.ts';
import { Decimal, decimal, floorToStep, toDecimalString } from '../money.ts';
import type { LegPlan, OrderTerms, Place } from './strategy.ts';

export function placeOf(
  account: Pick<Place, 'accountId' | 'exchange' | 'capacity'>,
  instrument: Instrument,
  type: OrderTerms['type'],
): Place {
  const { step, min, max } = lotLimits(instrument, type);
  const { accountId, exchange, capacity } = account;
  const { minNotional } = instrument;
  return { accountId, exchange, capacity, step, minQuantity: min, maxQuantity: max, minNotional };
}

/** The smallest quantity on the step that passes the place's least quantity and notional. */
export function smallestLeg(
  place: Pick<Place, 'step' | 'minQuantity' | 'minNotional'>,
  terms: Pick<OrderTerms, 'price' | 'referencePrice'>,
): Decimal {
  const byNotional = decimal(place.minNotional).div(terms.price ?? terms.referencePrice);
  const least = Decimal.max(place.minQuantity, byNotional, place.step);
  return least.div(place.step).ceil().mul(place.step);
}

/** The largest quantity the place takes of `wanted`, on its step; zero where that is too small to send. */
export function takable(
  place: Place,
  terms: Pick<OrderTerms, 'price' | 'referencePrice'>,
  wanted: Decimal,
): Decimal {
  const most = Decimal.min(wanted, place.maxQuantity, place.capacity ?? wanted);
  const taken = floorToStep(most, place.step);
  return taken.gte(smallestLeg(place, terms)) ? taken : new Decimal(0);
}

/**
 * Lays a quantity out over places, each up to its capacity, the first ones first. What no place takes is left
 * out: Σ legs ≤ wanted, and equal to it where one place takes it all.
 */
export function layOut(
  places: readonly Place[],
  terms: Pick<OrderTerms, 'price' | 'referencePrice'>,
  wanted: Decimal,
): readonly Pick<LegPlan, 'accountId' | 'exchange' | 'quantity'>[] {
  let left = wanted;
  return places.flatMap((place) => {
    const taken = takable(place, terms, left);
    if (taken.isZero()) return [];
    left = left.minus(taken);
    return {
      accountId: place.accountId,
      exchange: place.exchange,
      quantity: toDecimalString(taken),
    };
  });
}

/** The places with what the legs have filled, or may still fill, taken off their capacities. */
export function placesLeft(
  places: readonly Place[],
  legs: readonly {
    readonly accountId: string;
    readonly live: boolean;
    readonly quantity: string;
    readonly filled: string;
  }[],
): readonly Place[] {
  return places.map((place) => {
    if (place.capacity === null) return place;
    const used = legs
      .filter((leg) => leg.accountId === place.accountId)
      .reduce((sum, leg) => sum.plus(leg.live ? leg.quantity : leg.filled), new Decimal(0));
    const capacity = Decimal.max(decimal(place.capacity).minus(used), 0);
    return { ...place, capacity: toDecimalString(capacity) };
  });
}
