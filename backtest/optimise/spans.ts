/** Stretches of time with two ends, ms UTC. */
import type { BarSeries } from '../../core/bar-series.ts';
import { intervalMs } from '../../core/time.ts';

export interface Span {
  readonly from: number;
  /** Not included. */
  readonly to: number;
}

/** The stretch that an input trades: its range, closed by what all its series have. */
export function spanOf(input: {
  readonly series: readonly BarSeries[];
  readonly from?: number;
  readonly to?: number;
}): Span {
  const begin = Math.max(...input.series.map(({ openAt }) => openAt[0] ?? 0));
  const end = Math.min(
    ...input.series.map(({ openAt, interval }) => (openAt.at(-1) ?? 0) + intervalMs(interval)),
  );
  return {
    from: Math.max(input.from ?? -Infinity, begin),
    to: Math.min(input.to ?? Infinity, end),
  };
}
