/**
 * Money is decimal. Outside this room amounts are strings (`"0.00100000"`); inside core's money
 * arithmetic they are `Decimal`. Never a float64: 0.1 + 0.2 must be 0.3 in a ledger.
 */
import { Decimal } from 'decimal.js';

// 40 significant digits hold any product of two 18-decimals token amounts without rounding.
Decimal.set({ precision: 40, rounding: Decimal.ROUND_HALF_EVEN, toExpNeg: -40, toExpPos: 40 });

export { Decimal };

/** A decimal number as a plain string, `"0.0015"`: what `decimalString` in decimal-strings.ts lets in. */
export type DecimalString = string;

/** Parses a decimal string. Throws `DecimalError` on anything else. */
export function decimal(value: string | Decimal): Decimal {
  return new Decimal(value);
}

/** The canonical wire form: plain notation without trailing zeros (`"1.5"`, never `"1.50"` or `"1e-7"`). */
export function toDecimalString(value: Decimal): DecimalString {
  return value.isZero() ? '0' : value.toFixed();
}

/** A finite double in plain decimal notation, never with an exponent: the shortest that stands for it. */
export function plainNumber(value: number): DecimalString {
  const text = String(value);
  return text.includes('e') ? new Decimal(value).toFixed() : text;
}

/** The largest multiple of `step` whose magnitude is not above the value's: towards zero. */
export function floorToStep(value: Decimal, step: string): Decimal {
  const unit = new Decimal(step);
  return value.div(unit).trunc().mul(unit);
}
