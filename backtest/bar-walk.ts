/**
 * Walking along the one path that is assumed inside a bar (`barPath` of core/fill-model.ts), in doubles. A
 * price that is met is one of the given levels or one of the path's own corners, so no digit is lost.
 */
import type { Bar } from '../core/bar.ts';

/** Open, the extreme nearer to it (the low where both are), the other extreme, close. */
export type Path = readonly [number, number, number, number];

/** How far along a path, in quote units walked since the open. */
export type Distance = number;

export interface Touch {
  readonly distance: Distance;
  /** The level, or where the walk stood beyond it already: that price. */
  readonly price: number;
}

/** @param unit 10^places of the prices: differences of doubles are compared as the decimals they stand for */
export function pathOf(bar: Pick<Bar, 'open' | 'high' | 'low' | 'close'>, unit: number): Path {
  const up = Math.round((bar.high - bar.open) * unit);
  const down = Math.round((bar.open - bar.low) * unit);
  return up < down
    ? [bar.open, bar.high, bar.low, bar.close]
    : [bar.open, bar.low, bar.high, bar.close];
}

/**
 * Where the path, from `from` on, first falls (or rises) to a level; null where it does not.
 * @param unit 10^places of the prices: where the walk stands beyond the level already, its price is one of them
 */
export function firstTouch(
  path: Path,
  from: Distance,
  level: number,
  way: 'falls' | 'rises',
  unit: number,
): Touch | null {
  let walked = 0;
  let started = false;
  for (let leg = 0; leg < 3; leg += 1) {
    const begin = path[leg] ?? 0;
    const end = path[leg + 1] ?? 0;
    const length = Math.abs(end - begin);
    if (walked + length >= from) {
      const skipped = Math.max(from - walked, 0);
      const stands = begin + Math.sign(end - begin) * skipped;
      const at = skipped === 0 ? begin : Math.round(stands * unit) / unit;
      if (!started) {
        started = true;
        const beyond = way === 'falls' ? at <= level : at >= level;
        if (beyond) return { distance: Math.max(from, walked), price: at };
      }
      const reached = way === 'falls' ? end <= level && end < begin : end >= level && end > begin;
      if (reached) return { distance: walked + Math.abs(level - begin), price: level };
    }
    walked += length;
  }
  return null;
}
