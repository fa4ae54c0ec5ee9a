/** Where a venue is asked many questions in a row, at a start or in a look-up: each is asked again by itself. */
import { KeelError } from '../../core/errors.ts';
import { backOffMs, pause } from '../back-off.ts';

const TRIES = 5;
const BACK_OFF = { minMs: 100, maxMs: 1_000 };
/** A venue that wants longer is left alone: whoever asks all the questions has more patience. */
const LONGEST_WAIT_MS = 2_000;
/** Past this a failure is the last: a venue that answers nothing takes long enough to say so. */
const LONGEST_MS = 5_000;

/**
 * Asks up to five times while failures may pass. A venue that fails every third request would otherwise hardly ever
 * let through all that a row of questions needs, were it begun anew by each failure. For reads alone. Throws the
 * last failure.
 */
export async function askAgain<T>(ask: () => Promise<T>): Promise<T> {
  const from = performance.now();
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await ask();
    } catch (error) {
      if (!mayPass(error) || attempt >= TRIES - 1) throw error;
      const waitMs = Math.max(backOffMs(attempt, BACK_OFF), error.retryAfterMs ?? 0);
      if (waitMs > LONGEST_WAIT_MS || performance.now() - from > LONGEST_MS) throw error;
      await pause(waitMs);
    }
  }
}

interface Asks<Q, A> {
  signed(request: Q): Promise<A>;
}

/**
 * `requests`, each signed one asked again by itself: for the look-up of an order everywhere, which asks a dozen
 * questions, and one that fails must not undo the others.
 */
export function askingAgain<Q, A, R extends object>(requests: R & Asks<Q, A>): R & Asks<Q, A> {
  return { ...requests, signed: (request: Q) => askAgain(() => requests.signed(request)) };
}

/** That the venue knows no such order is its answer: it may show it later, but that is for whoever asked. */
function mayPass(error: unknown): error is KeelError {
  return error instanceof KeelError && error.retryable && error.code !== 'VENUE_ORDER_NOT_FOUND';
}
