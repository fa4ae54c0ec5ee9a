/** How long to wait before trying again: exponential, with jitter so that many waiters do not come at once. */

export interface BackOff {
  /** Mean of the first wait, ms. */
  readonly minMs: number;
  /** No wait is longer, ms. */
  readonly maxMs: number;
}

/**
 * Milliseconds to wait before attempt `attempt` (0 = the first retry): between a half and the whole of
 * min × 2^attempt, capped at max. `random` is in [0, 1).
 */
export function backOffMs(
  attempt: number,
  { minMs, maxMs }: BackOff,
  random: () => number = Math.random,
): number {
  const ceiling = Math.min(maxMs, minMs * 2 ** Math.min(attempt, 30));
  return Math.round(ceiling / 2 + (ceiling / 2) * random());
}

/** Waits, or returns early (false) when the signal fires. Never rejects. */
export async function pause(ms: number, signal?: AbortSignal): Promise<boolean> {
  if (signal?.aborted === true) return false;
  return new Promise((resolve) => {
    const stop = (): void => {
      clearTimeout(timer);
      resolve(false);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      resolve(true);
    }, ms);
    signal?.addEventListener('abort', stop, { once: true });
  });
}
