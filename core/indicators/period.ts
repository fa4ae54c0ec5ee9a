/** The one thing every indicator checks. */
import { KeelError } from '../errors.ts';

/**
 * Throws INVALID_INPUT unless `period` is a whole number from `least`.
 * @param what completes the message: `an average over 0 values is not possible …`
 */
export function checkPeriod(period: number, what: (period: string) => string, least = 1): void {
  if (Number.isInteger(period) && period >= least) return;
  throw new KeelError(
    'INVALID_INPUT',
    `${what(String(period))} is not possible; use a whole number from ${String(least)}`,
  );
}
