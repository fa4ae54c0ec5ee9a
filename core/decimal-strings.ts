/**
 * Schemas of amounts as they cross a border: decimal strings. Apart from money.ts, so that workflows, which
 * reckon with money but parse nothing, load no schema library: each of them evaluates its modules anew.
 */
import { z } from 'zod';

const DECIMAL_PATTERN = /^-?\d+(\.\d+)?$/;

/** A decimal number as a plain string: no exponent, no sign but `-`, no spaces. */
export const decimalString = z
  .string()
  .regex(DECIMAL_PATTERN, 'expected a decimal number as a string, such as "0.0015"');

/** A decimal string that is zero or more. */
export const nonNegativeDecimal = decimalString.refine((value) => !value.startsWith('-'), {
  error: 'expected zero or more',
});

/** A decimal string greater than zero. */
export const positiveDecimal = nonNegativeDecimal.refine((value) => /[1-9]/.test(value), {
  error: 'expected more than zero',
});
