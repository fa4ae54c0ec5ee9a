/**
 * What holding a linear contract costs: margin, funding, liquidation. Quantities are signed and in base,
 * prices in quote, amounts in the settlement asset (for a linear contract that is the quote).
 */
import type { Side } from './fill.ts';
import { Decimal, decimal, toDecimalString } from './money.ts';

// Venues state money of contracts to 8 places.
const MONEY_PLACES = 8;

/** The margin that holds a notional: |notional| / leverage, rounded up to 8 places. */
export function initialMargin(notional: string | Decimal, leverage: string | number): string {
  const margin = decimal(notional).abs().div(leverage);
  return toDecimalString(margin.toDecimalPlaces(MONEY_PLACES, Decimal.ROUND_UP));
}

/** The margin below which the venue liquidates: |quantity| × mark × rate, without a bracket's deduction. */
export function maintenanceMargin(quantity: string, mark: string, rate: string): string {
  return toDecimalString(decimal(quantity).abs().mul(mark).mul(rate));
}

/**
 * Funding received (+) or paid (−) for holding `quantity` at the moment of funding: −quantity × mark × rate,
 * rounded to 8 places. At a positive rate longs pay shorts.
 */
export function fundingPayment(held: {
  readonly quantity: string;
  readonly mark: string;
  readonly rate: string;
}): string {
  const due = decimal(held.quantity).mul(held.mark).mul(held.rate).neg();
  return toDecimalString(due.toDecimalPlaces(MONEY_PLACES));
}

/** How far a position grows by a trade, in base and at least zero: |after| − |before|. What shrinks it needs no margin. */
export function growth(held: string, side: Side, quantity: string): string {
  const before = decimal(held);
  const after = side === 'buy' ? before.plus(quantity) : before.minus(quantity);
  return toDecimalString(Decimal.max(after.abs().minus(before.abs()), 0));
}

/** The part of an order that closes what is held, in base: the most that a reduce-only order may trade. */
export function closingQuantity(held: string, side: Side, quantity: string): string {
  const before = decimal(held);
  const closes = side === 'buy' ? before.isNegative() : before.gt(0);
  return closes ? toDecimalString(Decimal.min(before.abs(), quantity)) : '0';
}

/**
 * The mark at which a position is liquidated: where its margin balance has shrunk to its maintenance margin,
 * `margin + quantity × mark − cost = |quantity| × mark × rate + otherMaintenance`. Null where no price above
 * zero is one: a long that is covered whole.
 * @param held.margin what stands behind it besides its own profit: of cross margin the wallet and the other
 * positions' profit, of isolated margin its own
 * @param held.otherMaintenance maintenance margin of the other positions that share it; `"0"` when isolated
 */
export function liquidationPrice(held: {
  readonly quantity: string;
  readonly cost: string;
  readonly margin: string;
  readonly maintenanceRate: string;
  readonly otherMaintenance: string;
}): string | null {
  const quantity = decimal(held.quantity);
  const slope = quantity.minus(quantity.abs().mul(held.maintenanceRate));
  if (slope.isZero()) return null;
  const price = decimal(held.cost).plus(held.otherMaintenance).minus(held.margin).div(slope);
  return price.gt(0) ? toDecimalString(price) : null;
}
