/** From what is due to the order: floored to step and tick, through filters and plan, with what it reserves. */
import {
  ending,
  type AdmissionDecision,
  type AdmissionInput,
  type Ending,
} from './admission-verdict.ts';
import { growth, initialMargin } from './contract.ts';
import type { ErrorCode } from './errors.ts';
import { checkPlan } from './execution/check.ts';
import { accountsOf } from './execution/plan.ts';
import type { Side } from './fill.ts';
import {
  checkFilters,
  checkNotional,
  exitInstrument,
  fitPrice,
  fitQuantity,
  lotLimits,
} from './filters.ts';
import { Decimal, decimal, toDecimalString } from './money.ts';

/** The order for a non-zero delta, or why there is none. */
export function size(
  input: AdmissionInput,
  delta: Decimal,
  reducing: boolean,
  supersede: readonly string[],
): AdmissionDecision {
  const { signal } = input;
  const instrument = reducing ? exitInstrument(input.instrument) : input.instrument;
  const side: Side = delta.isNegative() ? 'sell' : 'buy';
  const raw = toDecimalString(delta.abs());
  const price =
    signal.limitPrice === undefined ? null : fitPrice(instrument, side, signal.limitPrice);
  const quantity = fitQuantity(instrument, signal.type, raw);
  const end = (
    state: Ending['state'],
    code: ErrorCode | null,
    reason: string,
    stated = quantity,
  ): Ending => ({
    ...ending(input, state, code, reason),
    side,
    quantity: stated,
    price,
    reducing,
    supersede,
  });

  const limits = lotLimits(instrument, signal.type);
  const notional = checkNotional(instrument, quantity, price ?? signal.referencePrice);
  const tooSmall = decimal(quantity).isZero() || decimal(quantity).lt(limits.min) || !notional.ok;
  if (tooSmall) {
    const least = `the least is ${limits.min} ${instrument.base} (step ${limits.step}) and ${instrument.minNotional} ${instrument.quote}`;
    const closes = signal.wanted.kind === 'order' || decimal(signal.wanted.quantity).isZero();
    const underWay = input.openOrders.some((order) => order.sent);
    if (reducing && closes && !underWay) {
      return end('denied', 'NOTHING_TO_SELL', `${raw} ${instrument.base} is dust: ${least}`);
    }
    const nearTarget = signal.wanted.kind === 'target' && !decimal(input.position).isZero();
    if (nearTarget || (signal.wanted.kind === 'target' && decimal(quantity).isZero())) {
      return end(
        'done',
        null,
        `the target is met but for ${raw} ${instrument.base}: ${least}`,
        '0',
      );
    }
  }
  const filters = checkFilters(
    instrument,
    { side, type: signal.type, quantity, price, stopPrice: signal.stopPrice ?? null },
    signal.referencePrice,
  );
  if (!filters.ok) return end('denied', filters.code, filters.reason);
  // An exit is never refused for how it is worked.
  if (signal.execution !== undefined && !reducing) {
    const { type, referencePrice } = signal;
    const terms = { side, type, price, quantity, referencePrice };
    const plan = checkPlan(signal.execution, terms, instrument);
    if (!plan.ok) return end('denied', plan.code, plan.reason);
    const known = input.knownAccounts ?? [];
    const unknown = accountsOf(signal.execution).filter((account) => !known.includes(account));
    if (unknown.length > 0) {
      const reason = `the plan names unknown accounts: ${unknown.join(', ')}; known: ${known.join(', ')}`;
      return end('denied', 'NOT_FOUND', reason);
    }
  }

  // A chase may pay as much as its limit.
  const dearest =
    price !== null && signal.execution?.kind === 'chase'
      ? toDecimalString(Decimal.max(price, signal.execution.priceLimit))
      : price;
  const perUnit = reservePrice(input, { side, quantity, price: dearest, reducing });
  return {
    verdict: 'admitted',
    side,
    quantity,
    price,
    reducing,
    reserveQuote: toDecimalString(perUnit.mul(quantity)),
    reservePrice: toDecimalString(perUnit),
    supersede,
  };
}

/** Quote to hold back per base unit: see `AdmissionDecision`. */
function reservePrice(
  { signal, instrument, buffer, position }: AdmissionInput,
  order: {
    readonly side: Side;
    readonly quantity: string;
    readonly price: string | null;
    readonly reducing: boolean;
  },
): Decimal {
  const reference = signal.stopPrice ?? signal.referencePrice;
  const worst =
    order.price === null ? decimal(reference).mul(decimal(buffer).plus(1)) : decimal(order.price);
  if (instrument.contract === undefined) {
    return order.side === 'sell'
      ? new Decimal(0)
      : worst.mul(decimal(instrument.takerFeeRate).plus(1));
  }
  if (order.reducing) return new Decimal(0);
  const grown = growth(position, order.side, order.quantity);
  const margin = decimal(initialMargin(worst.mul(grown), instrument.leverage ?? '1'));
  return margin.div(order.quantity).plus(worst.mul(instrument.takerFeeRate));
}
