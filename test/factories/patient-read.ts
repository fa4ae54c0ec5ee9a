/** Reads of an account whose rate budget the workers use as well. */
import { setTimeout as sleep } from 'node:timers/promises';
import { KeelError } from '../../core/errors.ts';

/** Reads again, when it may, for as long as the budget is spent. */
export async function patientRead<T>(read: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await read();
    } catch (error) {
      if (!(error instanceof KeelError) || error.code !== 'VENUE_RATE_LIMITED') throw error;
      await sleep(error.retryAfterMs ?? 500);
    }
  }
}
