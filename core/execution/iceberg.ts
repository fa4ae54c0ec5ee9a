/**
 * Iceberg: the book sees a part of a limit order at a time. The next tip goes out when the last one is filled;
 * the last one is the exact rest. A tip that the venue ended unfilled ends the order, a refused one is tried
 * once more.
 */
import { Decimal, decimal } from '../money.ts';
import { layOut, placesLeft, smallestLeg } from './place.ts';
import type { ExecutionPlan } from './plan.ts';
import {
  endingOf,
  filledBy,
  isRefused,
  leftUnfilled,
  type ExecutionStrategy,
  type OrderTerms,
  type Place,
} from './strategy.ts';

export type IcebergPlan = Extract<ExecutionPlan, { kind: 'iceberg' }>;

/** Legs are numbered to 1295; a plan needs room for tips that were refused or cancelled. */
export const MOST_TIPS = 1_000;

/**
 * The next tip: the displayed quantity, floored to the step. Where the rest after it could not be sent, it
 * is smaller by as much as the rest needs; where that is too small itself, it is all that is left.
 */
export function nextTip(display: string, left: Decimal, place: Place, terms: OrderTerms): Decimal {
  const least = smallestLeg(place, terms);
  const shown = Decimal.max(decimal(display).div(place.step).floor().mul(place.step), least);
  if (shown.gte(left)) return left;
  if (left.minus(shown).gte(least)) return shown;
  const smaller = left.minus(least);
  return smaller.gte(least) ? smaller : left;
}

export function icebergStrategy(
  plan: IcebergPlan,
  terms: OrderTerms,
  places: readonly [Place, ...Place[]],
): ExecutionStrategy {
  const [home] = places;
  return {
    schedule: [`${plan.displayQuantity} of ${terms.quantity} shown at a time`],
    decide: ({ legs }) => {
      const ending = endingOf(terms, legs);
      if (ending !== null) return ending;
      if (legs.some((leg) => leg.live)) return { kind: 'wait', until: null };
      const last = legs.at(-1);
      const refusals = legs.filter(isRefused).length;
      const broken = last !== undefined && last.state !== 'filled' && !isRefused(last);
      if (refusals > 1 || broken) {
        const why = broken ? `${last.note} ended ${last.state}` : 'the venue refused two tips';
        return { kind: 'done', reason: leftUnfilled(terms, legs, why) };
      }
      const left = decimal(terms.quantity).minus(filledBy(legs));
      const [part] = layOut(
        placesLeft(places, legs),
        terms,
        nextTip(plan.displayQuantity, left, home, terms),
      );
      if (part === undefined) {
        return { kind: 'done', reason: leftUnfilled(terms, legs, 'too small to be sent') };
      }
      const slot = last === undefined ? 0 : last.slot + 1;
      return { kind: 'send', legs: [{ ...part, slot, note: `tip ${String(slot + 1)}` }] };
    },
  };
}
