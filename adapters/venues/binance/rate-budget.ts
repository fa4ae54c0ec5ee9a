/**
 * The account's request weight, counted in this process before Binance has to refuse: 6000 a minute per
 * address by default. The venue's own count (`X-MBX-USED-WEIGHT-1M`) corrects ours, so other processes on
 * the same address are seen, a request late. Reads stop first, then orders; cancels may use it all.
 */
import { KeelError } from '../../../core/errors.ts';
import type { Purpose } from './error-codes.ts';

/** Share of the limit each purpose may fill. */
const SHARE: Readonly<Record<Purpose, number>> = { cancel: 1, send: 0.95, read: 0.8 };

const MINUTE_MS = 60_000;

export interface RateBudget {
  /** Counts the request, or throws VENUE_RATE_LIMITED / VENUE_BANNED with `retryAfterMs`. */
  take(purpose: Purpose, weight: number): void;
  /** Learns from an answer: the venue's count, and a `Retry-After` of 429 and 418. */
  heard(status: number, headers: Headers, retryAfterMs?: number): void;
}

/** `now` is the wall clock. */
export function createRateBudget(
  limitPerMinute = 6000,
  now: () => number = () => Date.now(),
): RateBudget {
  let minute = -1;
  let used = 0;
  let blockedUntil = 0;
  let banned = false;

  const roll = (): void => {
    const current = Math.floor(now() / MINUTE_MS);
    if (current === minute) return;
    minute = current;
    used = 0;
  };

  return {
    take(purpose, weight) {
      roll();
      const waitMs = blockedUntil - now();
      if (waitMs > 0) {
        throw new KeelError(
          banned ? 'VENUE_BANNED' : 'VENUE_RATE_LIMITED',
          `Binance asked for silence for another ${String(waitMs)} ms: nothing was sent`,
          { retryAfterMs: waitMs },
        );
      }
      const allowed = limitPerMinute * SHARE[purpose];
      if (used + weight > allowed) {
        const retryAfterMs = (minute + 1) * MINUTE_MS - now();
        throw new KeelError(
          'VENUE_RATE_LIMITED',
          `${String(used)} of ${String(limitPerMinute)} request weight is used, a ${purpose} may fill it to ` +
            `${String(allowed)}: nothing was sent, try again in ${String(retryAfterMs)} ms`,
          { retryAfterMs },
        );
      }
      used += weight;
    },
    heard(status, headers, retryAfterMs) {
      roll();
      const counted = Number(headers.get('x-mbx-used-weight-1m') ?? Number.NaN);
      if (Number.isFinite(counted)) used = Math.max(used, counted);
      if (status !== 429 && status !== 418) return;
      banned = status === 418;
      // Without a word on how long, a minute is the length of the venue's window.
      blockedUntil = Math.max(blockedUntil, now() + (retryAfterMs ?? MINUTE_MS));
    },
  };
}
