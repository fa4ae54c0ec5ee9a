/** Where an order is worked, and by which strategy: decided once, when it begins, and kept with the order. */
import { decimal } from '../money.ts';
import { chaseStrategy } from './chase.ts';
import { icebergStrategy } from './iceberg.ts';
import { layOut } from './place.ts';
import type { ExecutionPlan } from './plan.ts';
import { sharedOutStrategy, type Share } from './shared-out.ts';
import { splitOrder } from './split.ts';
import type { ExecutionStrategy, OrderTerms, Place } from './strategy.ts';
import { twapStrategy } from './twap.ts';
import { bestVenue, type Venue } from './venues.ts';

/**
 * How an order is worked: by its plan's kind, or `where-held`: an exit sells on each account what is held there,
 * whatever the books say.
 */
export type Working = ExecutionPlan['kind'] | 'where-held';

/** Kept as JSON with the order. */
export interface Route {
  readonly kind: Working;
  readonly places: readonly Place[];
  /** The first round of legs, where it is known when the order begins; empty for chase, TWAP and iceberg. */
  readonly shares: readonly Share[];
  /** A line an account: what it takes, or why nothing. */
  readonly why: readonly string[];
}

/** An order without a plan is worked here only where its position is held on several accounts. */
export function workingOf(plan: ExecutionPlan | undefined, reducing: boolean): Working {
  if (plan?.kind === 'twap' || plan?.kind === 'iceberg' || plan?.kind === 'chase') return plan.kind;
  return plan === undefined || reducing ? 'where-held' : plan.kind;
}

/** True where the route is chosen by the venues' books. */
export function needsBooks(kind: Working): boolean {
  return kind === 'best-venue' || kind === 'split';
}

/** @param venues those the order may go to, its home first; never empty */
export function routeOrder(kind: Working, terms: OrderTerms, venues: readonly Venue[]): Route {
  const places = venues.filter((venue) => venue.fault === null).map(placeIn);
  switch (kind) {
    case 'chase':
    case 'twap':
    case 'iceberg':
      return { kind, places, shares: [], why: describe(venues) };
    case 'where-held':
      return {
        kind,
        places,
        shares: [...layOut(places, terms, decimal(terms.quantity))],
        why: describe(venues),
      };
    case 'split': {
      const { shares, why } = splitOrder(terms, venues);
      return { kind, places, shares: [...shares], why: [...why] };
    }
    case 'best-venue': {
      const { accountId, why } = bestVenue(terms, venues);
      const { quantity } = terms;
      const shares = places
        .filter((place) => place.accountId === accountId)
        .map(({ accountId, exchange }): Share => ({ accountId, exchange, quantity }));
      return { kind, places, shares, why: [...why] };
    }
  }
}

function placeIn(venue: Venue): Place {
  const { accountId, exchange, step, minQuantity, maxQuantity, minNotional, capacity } = venue;
  return { accountId, exchange, step, minQuantity, maxQuantity, minNotional, capacity };
}

function describe(venues: readonly Venue[]): string[] {
  return venues.map(({ accountId, capacity, fault }) => {
    if (fault !== null) return `${accountId}: ${fault}`;
    return capacity === null ? accountId : `${accountId}: up to ${capacity}`;
  });
}

/** The strategy that works the order. `startedAt`: wall clock, ms, when its execution began. */
export function executionStrategy(
  plan: ExecutionPlan | undefined,
  terms: OrderTerms,
  route: Route,
  startedAt: number,
): ExecutionStrategy {
  const [home, ...others] = route.places;
  if (home !== undefined && plan?.kind === 'twap') {
    return twapStrategy(plan, terms, [home, ...others], startedAt);
  }
  if (home !== undefined && plan?.kind === 'iceberg') {
    return icebergStrategy(plan, terms, [home, ...others]);
  }
  if (plan?.kind === 'chase') return chaseStrategy(plan, terms, route.places);
  return sharedOutStrategy(terms, route.shares, route.places, route.why.join('; '));
}
