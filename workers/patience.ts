/** What a process asks the world at its start, asked again while the world is merely away. */
import { backOffMs, pause, type BackOff } from '../adapters/back-off.ts';
import { KeelError } from '../core/errors.ts';
import type { Logger } from '../observability/logger.ts';

export interface Patience {
  readonly logger: Pick<Logger, 'warn'>;
  /** Longest time to go on, ms. Default a minute: then the process ends, and is started anew. */
  readonly patienceMs?: number;
  /** Between the tries. Default 250 ms to 2 s; never shorter than the other side asks for. */
  readonly backoff?: BackOff;
}

/**
 * Resolves with what `ask` does, tried again after failures that pass by themselves. A venue that answers
 * every third request would otherwise keep a process from ever starting.
 * Throws what cannot pass at once, and what has not passed in time.
 */
export async function patiently<T>(
  what: string,
  ask: () => Promise<T>,
  { logger, patienceMs = 60_000, backoff = { minMs: 250, maxMs: 2_000 } }: Patience,
): Promise<T> {
  const deadline = Date.now() + patienceMs;
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof KeelError) || !error.retryable) throw error;
      const waitMs = Math.max(backOffMs(attempt, backoff), error.retryAfterMs ?? 0);
      if (Date.now() + waitMs > deadline) throw error;
      logger.warn({ err: error, what, waitMs }, 'start_waits');
      await pause(waitMs);
    }
  }
}
