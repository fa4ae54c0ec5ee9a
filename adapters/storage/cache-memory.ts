/** A cache inside one process: for the embedded mode and tests. */
import type { Cache } from '../cache.ts';

interface Entry {
  readonly value: string;
  /** Wall clock, ms; Infinity: until replaced. */
  readonly expiresAt: number;
}

/** Expired entries are swept when this many sets have passed, so that unread keys do not pile up. */
const SETS_PER_SWEEP = 1_000;

export function createMemoryCache(now: () => number = Date.now): Cache {
  const entries = new Map<string, Entry>();
  let sets = 0;

  function sweep(): void {
    for (const [key, entry] of entries) if (entry.expiresAt <= now()) entries.delete(key);
  }

  return {
    get(key) {
      const entry = entries.get(key);
      if (entry === undefined || entry.expiresAt > now()) {
        return Promise.resolve(entry?.value ?? null);
      }
      entries.delete(key);
      return Promise.resolve(null);
    },
    set(key, value, ttlMs) {
      entries.set(key, { value, expiresAt: ttlMs === undefined ? Infinity : now() + ttlMs });
      sets += 1;
      if (sets % SETS_PER_SWEEP === 0) sweep();
      return Promise.resolve();
    },
    delete(key) {
      entries.delete(key);
      return Promise.resolve();
    },
    close() {
      entries.clear();
      return Promise.resolve();
    },
  };
}
