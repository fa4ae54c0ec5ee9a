/** Whether a plan fits its order: asked at admission, when quantity and price are known. */
import type { FilterVerdict } from '../filters.ts';
import type { Instrument } from '../instrument.ts';
import { decimal, toDecimalString } from '../money.ts';
import { MOST_TIPS } from './iceberg.ts';
import { placeOf, smallestLeg } from './place.ts';
import type { ExecutionPlan } from './plan.ts';
import type { OrderTerms } from './strategy.ts';
import { mostSlices } from './twap.ts';

/**
 * Refuses a chase whose price limit is not beyond its first price, a TWAP with more slices than the venue takes, and an iceberg whose tip is larger than the order, too
 * small to be sent, or one of too many. An exit is not to be refused for how it is worked: its slices
 * are merged and its tips raised to what the venue takes.
 */
export function checkPlan(
  plan: ExecutionPlan,
  terms: Omit<OrderTerms, 'orderId'>,
  instrument: Instrument,
): FilterVerdict {
  const { quantity } = terms;
  const place = placeOf({ accountId: '', exchange: '', capacity: null }, instrument, terms.type);
  const least = toDecimalString(smallestLeg(place, terms));
  if (plan.kind === 'twap') {
    const most = mostSlices(terms, place);
    if (plan.slices <= most) return { ok: true };
    return {
      ok: false,
      code: 'FILTER_NOTIONAL',
      reason: `${String(plan.slices)} slices of ${quantity} ${instrument.base} are too small, the least is ${least} each: ask for ${most < 2 ? 'a plain order' : `at most ${String(most)}`}`,
    };
  }
  if (plan.kind === 'chase') return checkPriceLimit(plan, terms);
  if (plan.kind !== 'iceberg') return { ok: true };
  const refuse = (reason: string): FilterVerdict => ({
    ok: false,
    code: 'FILTER_LOT_SIZE',
    reason: `an iceberg of ${quantity} ${instrument.base} that shows ${plan.displayQuantity}: ${reason}`,
  });
  const shown = decimal(plan.displayQuantity);
  if (shown.gt(quantity)) return refuse('it cannot show more than there is');
  if (shown.lt(least)) return refuse(`the least that can be shown is ${least}`);
  if (!shown.mod(place.step).isZero()) return refuse(`the step is ${place.step}`);
  const tips = decimal(quantity).div(shown).ceil();
  if (tips.lte(MOST_TIPS)) return { ok: true };
  return refuse(`${toDecimalString(tips)} tips are more than ${String(MOST_TIPS)}, show more`);
}

function checkPriceLimit(
  { priceLimit }: Extract<ExecutionPlan, { kind: 'chase' }>,
  { side, price }: Omit<OrderTerms, 'orderId'>,
): FilterVerdict {
  const buys = side === 'buy';
  if (price === null || (buys ? decimal(price).lte(priceLimit) : decimal(price).gte(priceLimit))) {
    return { ok: true };
  }
  return {
    ok: false,
    code: 'FILTER_PRICE',
    reason: `a chase from ${price} to ${priceLimit} goes the wrong way: a ${side}'s price limit must not be ${buys ? 'below' : 'above'} its limit price`,
  };
}
