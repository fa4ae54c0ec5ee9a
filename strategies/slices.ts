/** Gathers the bars of several feeds that close together into one slice. Its state is JSON. */
import { intervalMs } from '../core/time.ts';
import { type Bar, type Feed, feedKey } from './base-strategy.ts';

/** `closeAt` → feed key → bar. */
export type PendingSlices = Readonly<Record<string, Readonly<Record<string, Bar>>>>;

export interface Slice {
  readonly closeAt: number;
  readonly bars: ReadonlyMap<Feed, Bar>;
}

/** Adds a closed bar to the slice of its `closeAt`. */
export function addToSlice(pending: PendingSlices, feed: Feed, bar: Bar): PendingSlices {
  const key = String(bar.closeAt);
  // A copy: the bar is its giver's, and may be used again for the next one.
  return { ...pending, [key]: { ...pending[key], [feedKey(feed)]: { ...bar } } };
}

/**
 * The slices that need not wait any more, oldest first: complete ones, those that waited `timeoutMs` of
 * market time, and all that are older than one of these.
 */
export function takeSlices(
  pending: PendingSlices,
  feeds: readonly Feed[],
  now: number,
  timeoutMs: number,
): { readonly slices: readonly Slice[]; readonly pending: PendingSlices } {
  const times = Object.keys(pending)
    .map(Number)
    .sort((a, b) => a - b);
  const ready = times.findLast((closeAt) => {
    const bars = pending[String(closeAt)] ?? {};
    const due = feeds.filter((feed) => closeAt % intervalMs(feed.interval) === 0);
    return due.every((feed) => feedKey(feed) in bars) || now - closeAt >= timeoutMs;
  });
  if (ready === undefined) return { slices: [], pending };
  const slices = times
    .filter((closeAt) => closeAt <= ready)
    .map((closeAt) => {
      const bars = pending[String(closeAt)] ?? {};
      const found = feeds.flatMap((feed): [Feed, Bar][] => {
        const bar = bars[feedKey(feed)];
        return bar === undefined ? [] : [[feed, bar]];
      });
      return { closeAt, bars: new Map(found) };
    });
  const rest = Object.entries(pending).filter(([closeAt]) => Number(closeAt) > ready);
  return { slices, pending: Object.fromEntries(rest) };
}
