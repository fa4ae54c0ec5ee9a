/**
 * TWAP: the quantity in slices over a span. Slot i opens at start + i · duration / slices, plus a jitter drawn
 * from the order's id; it ends where the next one opens. At each slot one slice is sent, and what the slice
 * before left unfilled is cancelled and goes with it. The last slot takes the exact rest.
 *
 * Slots of which an outage saw nothing are late. The plan's rule says what becomes of their quantity:
 * - `spread`: what is not filled is shared equally among the slots left;
 * - `burst`: the first slice after the outage brings the order to where the schedule has it;
 * - `skip`: it is left unfilled.
 * After the last slot's end nothing is left to share among: only `burst` still sends, and its slice may rest for
 * a slot's length.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { utf8ToBytes } from '@noble/hashes/utils.js';
import { Decimal, decimal, floorToStep, toDecimalString } from '../money.ts';
import { layOut, placesLeft, smallestLeg } from './place.ts';
import type { ExecutionPlan } from './plan.ts';
import {
  cancelAll,
  endingOf,
  filledBy,
  isRefused,
  leftUnfilled,
  type ExecutionDecision,
  type ExecutionFacts,
  type ExecutionStrategy,
  type LegFact,
  type OrderTerms,
  type Place,
} from './strategy.ts';

export type TwapPlan = Extract<ExecutionPlan, { kind: 'twap' }>;

export interface Slot {
  /** Wall clock, ms. */
  readonly opensAt: number;
  /** Base; the slots' sum is the order's quantity, exactly. */
  readonly quantity: string;
}

export interface TwapSchedule {
  readonly slots: readonly Slot[];
  readonly slotMs: number;
  /** When the last slot ends, ms: a whole slot after it opened. */
  readonly endsAt: number;
}

/** So many slices of a quantity can be sent at all: each must pass the venue's least quantity and notional. */
export function mostSlices(
  terms: Pick<OrderTerms, 'quantity' | 'price' | 'referencePrice'>,
  place: Place,
): number {
  return decimal(terms.quantity).div(smallestLeg(place, terms)).floor().toNumber();
}

/** A number in [0, 1) that the order's id and the slot decide. */
function drawn(orderId: string, slot: number): number {
  const hash = sha256(utf8ToBytes(`${orderId}|${String(slot)}`));
  return new DataView(hash.buffer, hash.byteOffset).getUint32(0) / 2 ** 32;
}

/**
 * The slots. Slices too small to be sent are merged, so there may be fewer than the plan says. Each is what is
 * left divided by the slots left, floored to the step; the last is the exact rest.
 */
export function twapSchedule(
  plan: TwapPlan,
  terms: OrderTerms,
  place: Place,
  startedAt: number,
): TwapSchedule {
  const count = Math.max(1, Math.min(plan.slices, mostSlices(terms, place)));
  const slotMs = plan.durationMs / count;
  let left = decimal(terms.quantity);
  const slots = Array.from({ length: count }, (_, index) => {
    const quantity = shareOf(left, count - index, place.step);
    left = left.minus(quantity);
    const late = plan.jitter * slotMs * drawn(terms.orderId, index);
    const opensAt = startedAt + Math.floor(index * slotMs + late);
    return { opensAt, quantity: toDecimalString(quantity) };
  });
  return { slots, slotMs, endsAt: (slots.at(-1)?.opensAt ?? startedAt) + Math.floor(slotMs) };
}

/** One of `parts` equal shares, floored to the step; all of it where it is the last. */
function shareOf(whole: Decimal, parts: number, step: string): Decimal {
  return parts === 1 ? whole : floorToStep(whole.div(parts), step);
}

export function twapStrategy(
  plan: TwapPlan,
  terms: OrderTerms,
  places: readonly [Place, ...Place[]],
  startedAt: number,
): ExecutionStrategy {
  const [home] = places;
  const { slots, slotMs, endsAt } = twapSchedule(plan, terms, home, startedAt);
  const quantity = decimal(terms.quantity);

  /** What should be under way or filled once the slot's slice is out, less what is filled. */
  const due = (slot: number, legs: readonly LegFact[]): Decimal => {
    const filled = filledBy(legs);
    if (plan.catchUp === 'spread')
      return shareOf(quantity.minus(filled), slots.length - slot, home.step);
    const served = new Set(legs.map((leg) => leg.slot));
    const scheduled = slots.flatMap((one, index) => {
      const counts =
        index <= slot && (plan.catchUp === 'burst' || index === slot || served.has(index));
      return counts ? decimal(one.quantity) : [];
    });
    return scheduled.reduce((sum, one) => sum.plus(one), new Decimal(0)).minus(filled);
  };

  const slice = (
    slot: number,
    late: number,
    legs: readonly LegFact[],
  ): ExecutionDecision | null => {
    const note = `slice ${String(slot + 1)} of ${String(slots.length)}`;
    const told = late === 0 ? note : `${note} (${String(late)} late: ${plan.catchUp})`;
    const parts = layOut(placesLeft(places, legs), terms, due(slot, legs));
    if (parts.length === 0) return null;
    return { kind: 'send', legs: parts.map((part) => ({ ...part, slot, note: told })) };
  };

  const decide = ({ now, legs }: ExecutionFacts): ExecutionDecision => {
    const ending = endingOf(terms, legs);
    if (ending !== null) return ending;
    const live = legs.filter((leg) => leg.live);
    const over = now >= endsAt;
    const open = slots.findLastIndex((slot) => slot.opensAt <= now);
    const next = legs.reduce((most, leg) => Math.max(most, leg.slot + 1), 0);
    const nextAt = slots[Math.max(next, open + 1)]?.opensAt ?? endsAt;
    const refused = new Set(legs.filter(isRefused).map((leg) => leg.slot)).size > 1;

    if (live.length > 0) {
      const lastOut = Math.max(...live.map((leg) => leg.begunAt));
      const restsUntil = Math.max(endsAt, Math.floor(lastOut + slotMs));
      if (now >= restsUntil) return cancelAll(live, 'the span is over');
      if (over) return { kind: 'wait', until: restsUntil };
      if (open >= next) return cancelAll(live, `slice ${String(open + 1)} takes its rest`);
      return { kind: 'wait', until: nextAt };
    }
    const done = (why: string): ExecutionDecision => ({
      kind: 'done',
      reason: leftUnfilled(terms, legs, why),
    });
    // A refused slice goes with the next one, once.
    if (refused) return done('the venue refused two slices');
    if (next < slots.length && (!over || plan.catchUp === 'burst') && open >= next) {
      const sent = slice(open, open - next, legs);
      if (sent !== null) return sent;
    }
    if (over) return done(next < slots.length ? `late: ${plan.catchUp}` : 'the span is over');
    return { kind: 'wait', until: nextAt };
  };

  return {
    schedule: slots.map(
      (slot, index) =>
        `slice ${String(index + 1)}: ${slot.quantity} at ${new Date(slot.opensAt).toISOString()}`,
    ),
    decide,
  };
}
