/** What every venue's reading of answers has in common: amounts, shapes, and words for what is not known. */
import { z } from 'zod';
import { type ErrorCode, KeelError } from '../../core/errors.ts';
import { decimalString } from '../../core/decimal-strings.ts';
import { decimal, toDecimalString } from '../../core/money.ts';
import type { Purpose } from '../rate-budget.ts';

/** `"0.00100000"` → `"0.001"`. */
export const amount = decimalString.transform((value) => toDecimalString(decimal(value)));

/** The code of a failed request that nothing definite is known of. */
export function undecided(purpose: Purpose): ErrorCode {
  return purpose === 'read' ? 'VENUE_UNAVAILABLE' : 'VENUE_UNKNOWN_OUTCOME';
}

/** What to do about it, to end a message with. */
export function advice(purpose: Purpose): string {
  return purpose === 'read' ? '; try again' : '; it may have acted all the same: look the order up';
}

/** The beginning of a body, on one line. */
export function excerpt(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line === '' ? 'an empty body' : line.slice(0, 200);
}

/**
 * Parses a venue's answers that were successes. A read of another shape throws VENUE_UNAVAILABLE; for what
 * changes something pass VENUE_UNKNOWN_OUTCOME: the venue did act.
 */
export function answerParser(venue: string) {
  return function parseAnswer<T extends z.ZodType>(
    schema: T,
    json: unknown,
    what: string,
    code: 'VENUE_UNAVAILABLE' | 'VENUE_UNKNOWN_OUTCOME' = 'VENUE_UNAVAILABLE',
  ): z.infer<T> {
    const parsed = schema.safeParse(json);
    if (parsed.success) return parsed.data;
    throw new KeelError(
      code,
      `${venue} answered ${what} in a shape we do not know: ${z.prettifyError(parsed.error)}`,
      { details: { raw: JSON.stringify(json).slice(0, 2000) } },
    );
  };
}
