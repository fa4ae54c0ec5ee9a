/** Rate budgets of one process: for tests, for a process alone, and for cancels while PostgreSQL is away. */
import {
  type Bucket,
  checkBuckets,
  type Purpose,
  type RateBudget,
  type RateNews,
  type Refusal,
  refusalError,
  SHARE,
} from '../rate-budget.ts';

interface Row {
  readonly windowMs: number;
  /** Number of the window the counts are of. */
  index: number;
  count: number;
  /** Of the window before. */
  previous: number;
  silentUntil: number;
  banned: boolean;
}

/** What one process counted and heard. */
export class RateCounts {
  readonly #rows = new Map<string, Row>();

  /** The refusal with the longest wait, null where the request may be counted. */
  refusal(purpose: Purpose, buckets: readonly Bucket[], at: number): Refusal | null {
    return buckets
      .map((bucket) => this.#refusalOf(purpose, bucket, at))
      .reduce((worst, next) => ((next?.waitMs ?? 0) > (worst?.waitMs ?? 0) ? next : worst), null);
  }

  count(buckets: readonly Bucket[], at: number): void {
    for (const bucket of buckets) this.#row(bucket, at).count += bucket.cost;
  }

  /** What the venue told at `at` of a request that was counted at `takenAt`. */
  hear(
    buckets: readonly Bucket[],
    { used, silence }: RateNews,
    { at, takenAt }: { readonly at: number; readonly takenAt: number },
  ): void {
    for (const bucket of buckets) {
      const row = this.#row(bucket, at);
      const told = used?.[bucket.key];
      // A count of a window that is over says nothing of this one.
      const sameWindow = Math.floor(takenAt / bucket.windowMs) === row.index;
      if (told !== undefined && sameWindow) row.count = Math.max(row.count, told);
      if (silence?.key === bucket.key && at + silence.forMs > row.silentUntil) {
        row.silentUntil = at + silence.forMs;
        row.banned = silence.banned;
      }
    }
  }

  #refusalOf(purpose: Purpose, bucket: Bucket, at: number): Refusal | null {
    const { key, limit, windowMs, window, cost } = bucket;
    const row = this.#row(bucket, at);
    if (row.silentUntil > at) {
      return { why: 'silent', key, waitMs: row.silentUntil - at, banned: row.banned };
    }
    const used = row.count + (window === 'rolling' ? row.previous : 0);
    if (used + cost <= limit * SHARE[purpose]) return null;
    return { why: 'spent', key, waitMs: (row.index + 1) * windowMs - at, used };
  }

  /** The bucket's row, brought to the window of `at`. */
  #row({ key, windowMs }: Bucket, at: number): Row {
    const index = Math.floor(at / windowMs);
    const known = this.#rows.get(key);
    const row =
      known?.windowMs === windowMs
        ? known
        : {
            windowMs,
            index,
            count: 0,
            previous: 0,
            silentUntil: known?.silentUntil ?? 0,
            banned: known?.banned ?? false,
          };
    if (row.index !== index) {
      row.previous = row.index === index - 1 ? row.count : 0;
      row.count = 0;
      row.index = index;
    }
    this.#rows.set(key, row);
    return row;
  }
}

/** `now` is the wall clock, ms. */
export function createMemoryRateBudget(now: () => number = Date.now): RateBudget {
  const counts = new RateCounts();
  return {
    async take(purpose, buckets) {
      checkBuckets(purpose, buckets);
      const takenAt = now();
      const refusal = counts.refusal(purpose, buckets, takenAt);
      if (refusal !== null) throw refusalError(purpose, buckets, refusal);
      counts.count(buckets, takenAt);
      return Promise.resolve({
        heard: (news) => {
          counts.hear(buckets, news, { at: now(), takenAt });
          return Promise.resolve();
        },
      });
    },
  };
}
