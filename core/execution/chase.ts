/**
 * Limit with chase: the first leg rests at the order's own limit price. One that has rested long enough is
 * cancelled and verified, and its exact remainder placed at the best price of its own side, never past the
 * plan's price limit. The last attempt rests until it is filled, times out or is cancelled.
 */
import type { OrderBook } from '../order-book.ts';
import type { Instrument } from '../instrument.ts';
import type { Side } from '../fill.ts';
import { fitPrice } from '../filters.ts';
import { Decimal, decimal, toDecimalString } from '../money.ts';
import { layOut, placesLeft } from './place.ts';
import type { ExecutionPlan } from './plan.ts';
import {
  cancelAll,
  endingOf,
  filledBy,
  isRefused,
  leftUnfilled,
  type ExecutionStrategy,
  type LegFact,
  type OrderTerms,
  type Place,
} from './strategy.ts';

export type ChasePlan = Extract<ExecutionPlan, { kind: 'chase' }>;

/** The best price of the order's own side, within the plan's limit, on the tick. An empty side leaves the limit. */
export function chasePrice(
  plan: Pick<ChasePlan, 'priceLimit'>,
  side: Side,
  book: Pick<OrderBook, 'bids' | 'asks'>,
  instrument: Pick<Instrument, 'priceTick'>,
): string {
  const [best] = side === 'buy' ? book.bids : book.asks;
  const limit = decimal(plan.priceLimit);
  const wanted = best === undefined ? limit : decimal(best[0]);
  const bounded = side === 'buy' ? Decimal.min(wanted, limit) : Decimal.max(wanted, limit);
  return fitPrice(instrument, side, toDecimalString(bounded));
}

export function chaseStrategy(
  plan: ChasePlan,
  terms: OrderTerms,
  places: readonly Place[],
): ExecutionStrategy {
  const { maxAttempts, repriceAfterMs, priceLimit } = plan;
  const restsUntil = (leg: LegFact): number => leg.begunAt + repriceAfterMs;
  return {
    schedule: [
      `at most ${String(maxAttempts)} legs, each for ${String(repriceAfterMs)} ms, none past ${priceLimit}`,
    ],
    decide: ({ now, legs }) => {
      const ending = endingOf(terms, legs);
      if (ending !== null) return ending;
      const last = legs.at(-1);
      if (last?.live === true) {
        if (legs.length >= maxAttempts) return { kind: 'wait', until: null };
        return now < restsUntil(last)
          ? { kind: 'wait', until: restsUntil(last) }
          : cancelAll([last], `attempt ${String(legs.length)} has rested long enough`);
      }
      if (last !== undefined) {
        const why = endOfChase(last, legs.length >= maxAttempts, now < restsUntil(last));
        if (why !== null) return { kind: 'done', reason: leftUnfilled(terms, legs, why) };
      }
      const left = decimal(terms.quantity).minus(filledBy(legs));
      const [part] = layOut(placesLeft(places, legs), terms, left);
      if (part === undefined) {
        return { kind: 'done', reason: leftUnfilled(terms, legs, 'too small to be sent') };
      }
      const slot = legs.length;
      const note = `attempt ${String(slot + 1)} of ${String(maxAttempts)}`;
      const repriced = slot > 0 ? { repriced: true as const } : {};
      return { kind: 'send', legs: [{ ...part, ...repriced, slot, note }] };
    },
  };
}

/** Why no other leg follows this one; null where its remainder is placed anew. */
function endOfChase(last: LegFact, exhausted: boolean, early: boolean): string | null {
  if (isRefused(last)) return `the venue refused ${last.note}`;
  // One that ended before its time was ended by somebody else, who meant it.
  if (early || exhausted || last.state !== 'cancelled') return `${last.note} ended ${last.state}`;
  return null;
}
