/** Where an order is worked, and by which strategy: decided once, when it begins, and kept with the order. */
import { z } from 'zod';
import { decimal } from '../money.ts';
import { icebergStrategy } from './iceberg.ts';
import { layOut } from './place.ts';
import type { ExecutionPlan } from './plan.ts';
import { sharedOutStrategy, type Share } from './shared-out.ts';
import { splitOrder } from './split.ts';
import type { ExecutionStrategy, OrderTerms, Place } from './strategy.ts';
import { twapStrategy } from './twap.ts';
import { bestVenue, type Venue } from './venues.ts';

/** What stands in for a plan when a position held on several accounts is closed: each sells what it holds. */
export type Working = Exclude<ExecutionPlan, { kind: 'chase' }> | { readonly kind: 'where-held' };

const amount = z.string();

/** Kept as JSON with the order. */
export const routeSchema = z.strictObject({
  places: z.array(
    z.strictObject({
      accountId: z.string(),
      exchange: z.string(),
      step: amount,
      minQuantity: amount,
      maxQuantity: amount,
      minNotional: amount,
      capacity: amount.nullable(),
    }),
  ),
  /** The first round of legs, where it is known when the order begins; empty for TWAP and iceberg. */
  shares: z.array(
    z.strictObject({ accountId: z.string(), exchange: z.string(), quantity: amount }),
  ),
  /** A line an account: what it takes, or why nothing. */
  why: z.array(z.string()),
});
export type Route = Readonly<z.infer<typeof routeSchema>>;

/** True for the plans whose route is chosen by the venues' books. */
export function needsBooks(working: Working): boolean {
  return working.kind === 'best-venue' || working.kind === 'split';
}

/** @param venues those the order may go to, its home first; never empty */
export function routeOrder(working: Working, terms: OrderTerms, venues: readonly Venue[]): Route {
  const places = venues.filter((venue) => venue.fault === null).map(placeIn);
  switch (working.kind) {
    case 'twap':
    case 'iceberg':
      return { places, shares: [], why: describe(places) };
    case 'where-held':
      return {
        places,
        shares: [...layOut(places, terms, decimal(terms.quantity))],
        why: describe(places),
      };
    case 'split': {
      const { shares, why } = splitOrder(terms, venues);
      return { places, shares: [...shares], why: [...why] };
    }
    case 'best-venue': {
      const { accountId, why } = bestVenue(terms, venues);
      const { quantity } = terms;
      const shares = places
        .filter((place) => place.accountId === accountId)
        .map(({ accountId, exchange }): Share => ({ accountId, exchange, quantity }));
      return { places, shares, why: [...why] };
    }
  }
}

function placeIn(venue: Venue): Place {
  const { accountId, exchange, step, minQuantity, maxQuantity, minNotional, capacity } = venue;
  return { accountId, exchange, step, minQuantity, maxQuantity, minNotional, capacity };
}

function describe(places: readonly Place[]): string[] {
  return places.map(({ accountId, capacity }) =>
    capacity === null ? accountId : `${accountId}: up to ${capacity}`,
  );
}

/** The strategy that works the order. `startedAt`: wall clock, ms, when its execution began. */
export function executionStrategy(
  working: Working,
  terms: OrderTerms,
  route: Route,
  startedAt: number,
): ExecutionStrategy {
  const [home, ...others] = route.places;
  if (home !== undefined && working.kind === 'twap') {
    return twapStrategy(working, terms, [home, ...others], startedAt);
  }
  if (home !== undefined && working.kind === 'iceberg') {
    return icebergStrategy(working, terms, [home, ...others]);
  }
  return sharedOutStrategy(terms, route.shares, route.places, route.why.join('; '));
}
