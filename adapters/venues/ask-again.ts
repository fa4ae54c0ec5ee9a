/** What a start asks of a venue: many questions in a row, each asked again by itself. */
import { KeelError } from '../../core/errors.ts';
import { backOffMs, pause } from '../back-off.ts';

const TRIES = 5;
const BACK_OFF = { minMs: 100, maxMs: 1_000 };
/** A venue that wants longer is left alone: whoever starts the process has more patience. */
const LONGEST_WAIT_MS = 2_000;

/**
 * Asks up to five times while failures may pass. A venue that fails every third request would otherwise hardly ever
 * let through all that a start needs, were it begun anew by each failure. For reads alone. Throws the last failure.
 */
export async function askAgain<T>(ask: () => Promise<T>): Promise<T> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof KeelError) || !error.retryable || attempt >= TRIES - 1) throw error;
      const waitMs = Math.max(backOffMs(attempt, BACK_OFF), error.retryAfterMs ?? 0);
      if (waitMs > LONGEST_WAIT_MS) throw error;
      await pause(waitMs);
    }
  }
}
