/**
 * The door to the rate budgets: what a venue allows per address, account or instrument, counted before the
 * venue has to refuse, and shared by every process that uses the same address or account.
 *
 *     const ticket = await budget.take('send', [weight(1), orders(1)]);   // all buckets or none
 *     const answer = await askVenue();
 *     await ticket.heard({ used: { [weightKey]: 79 } });                  // the venue's own count
 *
 * Reads stop first, then sends; a cancel may use a bucket up. When the venue asks for silence, everyone is
 * silent, cancels too. `memory` (one process) and PostgreSQL (all processes) pass the same suite,
 * `adapters/storage/rate-budget.contract.ts`.
 */
import { KeelError } from '../core/errors.ts';
import { counter } from '../observability/metrics.ts';

/** What a request is for; it decides how far the request may fill a bucket. */
export type Purpose = 'send' | 'cancel' | 'read';

/** Share of a bucket's limit that each purpose may fill. */
export const SHARE: Readonly<Record<Purpose, number>> = { cancel: 1, send: 0.95, read: 0.8 };

export interface Bucket {
  /** Names whose budget it is: `binance:ip:api.binance.com`, `okx:account:main:BTC-USDT:orders`. */
  readonly key: string;
  /** Most units in one window. */
  readonly limit: number;
  readonly windowMs: number;
  /**
   * `aligned`: the venue counts from full window to full window of the clock (Binance). `rolling`: it may look
   * at any stretch of that length (OKX), so that two neighbouring windows together stay within the limit.
   */
  readonly window: 'aligned' | 'rolling';
  /** Units this request takes. */
  readonly cost: number;
}

/** What the venue told in an answer. */
export interface RateNews {
  /** Its own counts, by bucket key; taken where they are higher than ours. */
  readonly used?: Readonly<Record<string, number>>;
  /** It refused: nothing more on this bucket for so long. A ban is a silence that nobody may break early. */
  readonly silence?: { readonly key: string; readonly forMs: number; readonly banned: boolean };
}

export interface Ticket {
  /** Never rejects: what the venue answered to the request matters more than its count. */
  heard(news: RateNews): Promise<void>;
}

export interface RateBudget {
  /**
   * Counts the request in all its buckets, or in none of them. Throws
   * - VENUE_RATE_LIMITED where a bucket is used up for this purpose, or silent, with `retryAfterMs`;
   * - VENUE_BANNED while a ban lasts, with `retryAfterMs`;
   * - INVALID_INPUT for a cost that no empty bucket can hold.
   * In all of these nothing may be sent.
   */
  take(purpose: Purpose, buckets: readonly Bucket[]): Promise<Ticket>;
}

/** Why a request was not counted. */
export type Refusal =
  | {
      readonly why: 'silent';
      readonly key: string;
      readonly waitMs: number;
      readonly banned: boolean;
    }
  | { readonly why: 'spent'; readonly key: string; readonly waitMs: number; readonly used: number };

const withheld = counter(
  'keel_venue_requests_withheld_total',
  'Requests not sent because the rate budget did not allow them',
  ['purpose', 'why'],
);

/** The error to throw for a refusal, counted in the metrics. */
export function refusalError(
  purpose: Purpose,
  buckets: readonly Bucket[],
  refusal: Refusal,
): KeelError {
  const { key, waitMs: retryAfterMs } = refusal;
  const again = `nothing was sent, try again in ${String(retryAfterMs)} ms`;
  if (refusal.why === 'silent') {
    withheld.inc({ purpose, why: refusal.banned ? 'banned' : 'silent' });
    return new KeelError(
      refusal.banned ? 'VENUE_BANNED' : 'VENUE_RATE_LIMITED',
      `the venue asked for silence on ${key}: ${again}`,
      { retryAfterMs },
    );
  }
  withheld.inc({ purpose, why: 'spent' });
  const limit = buckets.find((bucket) => bucket.key === key)?.limit ?? 0;
  return new KeelError(
    'VENUE_RATE_LIMITED',
    `${String(refusal.used)} of ${String(limit)} is used of ${key}, a ${purpose} may fill it to ` +
      `${String(limit * SHARE[purpose])}: ${again}`,
    { retryAfterMs },
  );
}

/** Throws INVALID_INPUT for what could never be taken, and for a bucket named twice. */
export function checkBuckets(purpose: Purpose, buckets: readonly Bucket[]): void {
  const keys = new Set<string>();
  for (const { key, limit, cost, windowMs } of buckets) {
    const most = limit * SHARE[purpose];
    if (!(cost >= 0 && cost <= most && windowMs > 0)) {
      throw new KeelError(
        'INVALID_INPUT',
        `a ${purpose} that costs ${String(cost)} can never be taken from ${key}: it may fill it to ` +
          `${String(most)} per ${String(windowMs)} ms; raise the limit or ask for less at once`,
      );
    }
    if (keys.has(key)) {
      throw new KeelError(
        'INVALID_INPUT',
        `${key} is named twice in one request: add the costs up`,
      );
    }
    keys.add(key);
  }
}
