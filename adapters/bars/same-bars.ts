/**
 * Finds out that two series are the same bars under different labels: times that are off by a bar or a zone, or
 * the bars of one exchange named as another's. Two markets never print the same prices and volume bar after bar.
 */
import type { BarSeries } from '../../core/bar-series.ts';
import { parseSymbol } from '../../core/symbol.ts';
import type { Flaw } from './bar-report.ts';

/** Bars looked up, spread evenly over the series. */
const SAMPLE = 500;
/** With fewer, equal bars prove nothing. */
const MIN_FOUND = 10;

/** How a series repeats another. */
export interface SameBars {
  /** Looked-up bars that the other has with the same prices and volume, and the same distance in time. */
  readonly found: number;
  readonly lookedUp: number;
  /** The other's time of a bar minus this one's, ms. */
  readonly shiftMs: number;
}

/** Null unless most of the looked-up bars are in `other`, all equally far away in time. */
export function sameBars(series: BarSeries, other: BarSeries): SameBars | null {
  const sampled = new Map<number, number>();
  const step = Math.max(1, Math.floor(series.length / SAMPLE));
  for (let index = 0; index < series.length; index += step) {
    // A bar without trades looks like any other.
    if ((series.volume[index] ?? 0) > 0) sampled.set(series.volume[index] ?? 0, index);
  }
  const shifts = new Map<number, number>();
  for (let at = 0; at < other.length; at += 1) {
    const index = sampled.get(other.volume[at] ?? 0);
    if (index === undefined || !equalPrices(series, index, other, at)) continue;
    const shift = (other.openAt[at] ?? 0) - (series.openAt[index] ?? 0);
    shifts.set(shift, (shifts.get(shift) ?? 0) + 1);
  }
  let shiftMs = 0;
  let found = 0;
  for (const [shift, count] of shifts) {
    if (count > found) [shiftMs, found] = [shift, count];
  }
  const lookedUp = [...sampled.values()].filter((index) => {
    const at = (series.openAt[index] ?? 0) + shiftMs;
    return at >= (other.openAt[0] ?? 0) && at <= (other.openAt.at(-1) ?? 0);
  }).length;
  return found >= MIN_FOUND && found > lookedUp / 2 ? { found, lookedUp, shiftMs } : null;
}

function equalPrices(a: BarSeries, i: number, b: BarSeries, j: number): boolean {
  return (
    a.close[i] === b.close[j] &&
    a.open[i] === b.open[j] &&
    a.high[i] === b.high[j] &&
    a.low[i] === b.low[j]
  );
}

/** True where two series could be the same bars under different labels. */
export function comparable(
  a: Pick<BarSeries, 'symbol' | 'interval'>,
  b: Pick<BarSeries, 'symbol' | 'interval'>,
): boolean {
  return a.interval === b.interval && parseSymbol(a.symbol).base === parseSymbol(b.symbol).base;
}

/**
 * The flaw of a series that repeats another under a wrong label; none where they differ, or are the same market
 * at the same times.
 */
export function labelFlaw(
  series: BarSeries,
  other: BarSeries,
  accepted: boolean,
): Flaw | undefined {
  const same = sameBars(series, other);
  if (same === null) return undefined;
  const sameMarket = series.exchange === other.exchange && series.symbol === other.symbol;
  if (sameMarket && same.shiftMs === 0) return undefined;
  const name = `${other.exchange} ${other.symbol}`;
  const when =
    same.shiftMs === 0
      ? 'at the same times'
      : `${duration(Math.abs(same.shiftMs))} ${same.shiftMs > 0 ? 'later' : 'earlier'}`;
  const why = sameMarket
    ? `their times are ${same.shiftMs > 0 ? 'too early' : 'too late'}`
    : same.shiftMs === 0
      ? 'one of both has the wrong name'
      : 'one of both has the wrong name, and one the wrong times';
  const text = `${String(same.found)} of ${String(same.lookedUp)} bars compared are those of ${name} ${when}: ${why}`;
  return { kind: 'label', unfit: !accepted, count: 1, examples: [{ row: null, at: null, text }] };
}

function duration(ms: number): string {
  const [unit, length] =
    ms % 86_400_000 === 0
      ? ['days', 86_400_000]
      : ms % 3_600_000 === 0
        ? ['hours', 3_600_000]
        : ['minutes', 60_000];
  return `${String(ms / length)} ${ms === length ? unit.slice(0, -1) : unit}`;
}
