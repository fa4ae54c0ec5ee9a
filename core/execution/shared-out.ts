/**
 * An order whose legs are known when it begins: whole on the best venue, split across venues, or sold where it
 * is held. All are sent at once. What a venue refuses goes to the other accounts, once.
 */
import { Decimal } from '../money.ts';
import { layOut, placesLeft } from './place.ts';
import {
  endingOf,
  isRefused,
  leftUnfilled,
  type ExecutionStrategy,
  type LegPlan,
  type OrderTerms,
  type Place,
} from './strategy.ts';

export interface Share {
  readonly accountId: string;
  readonly exchange: string;
  /** Base, on the account's step. */
  readonly quantity: string;
}

/**
 * @param shares the first round; Σ ≤ the order's quantity
 * @param why what is said of a rest that no venue takes
 */
export function sharedOutStrategy(
  terms: OrderTerms,
  shares: readonly Share[],
  places: readonly Place[],
  why: string,
): ExecutionStrategy {
  return {
    schedule: shares.map(({ accountId, quantity }) => `${quantity} on ${accountId}`),
    decide: ({ legs }) => {
      const ending = endingOf(terms, legs);
      if (ending !== null) return ending;
      const done = (reason: string) =>
        ({ kind: 'done', reason: leftUnfilled(terms, legs, reason) }) as const;
      if (legs.length === 0) {
        if (shares.length === 0) return done(why);
        const first = shares.map((share): LegPlan => ({
          ...share,
          slot: 0,
          note: `to ${share.accountId}`,
        }));
        return { kind: 'send', legs: first };
      }
      const refused = legs.filter(isRefused);
      const others = places.filter(
        (place) => !refused.some((leg) => leg.accountId === place.accountId),
      );
      const homeless = sum(refused.filter((leg) => leg.slot === 0)).minus(
        sum(legs.filter((leg) => leg.slot === 1)),
      );
      const again = layOut(placesLeft(others, legs), terms, homeless).map((part): LegPlan => ({
        ...part,
        slot: 1,
        note: `refused elsewhere, to ${part.accountId}`,
      }));
      if (again.length > 0) return { kind: 'send', legs: again };
      if (legs.some((leg) => leg.live)) return { kind: 'wait', until: null };
      const said = refused.map((leg) => `${leg.accountId} refused ${leg.quantity}`);
      const ended = legs
        .filter((leg) => !isRefused(leg) && leg.state !== 'filled')
        .map((leg) => `${leg.accountId} ended ${leg.state}`);
      return done(
        [...said, ...ended, ...(said.length + ended.length === 0 ? [why] : [])].join('; '),
      );
    },
  };
}

function sum(legs: readonly Pick<LegPlan, 'quantity'>[]): Decimal {
  return legs.reduce((total, leg) => total.plus(leg.quantity), new Decimal(0));
}
