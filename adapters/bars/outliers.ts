/** Bars with a price far off those around them: a wrong tick, mostly. */
import type { BarColumn } from '../../core/bar-series.ts';
import type { FlawList } from './bar-report.ts';

/** Closes before and after a bar that the median is taken over, with its own. */
const EACH_SIDE = 10;
/** Largest distance from the median that is believed, as a fraction: what the live validator allows too. */
const MAX_JUMP = 0.5;

/**
 * Tells bars with an extreme more than half off the median of the closes around them. The window lies on both
 * sides, so that a market that moved and stayed there is no outlier.
 */
export function tellOutliers(
  columns: Readonly<Record<BarColumn, Float64Array>>,
  rowOf: (index: number) => number | null,
  flaws: FlawList,
): void {
  const { close, high, low, openAt } = columns;
  const length = close.length;
  if (length < EACH_SIDE) return;
  const window = new SortedWindow();
  for (let index = 0; index < Math.min(EACH_SIDE, length); index += 1) {
    window.add(close[index] ?? 0);
  }
  for (let index = 0; index < length; index += 1) {
    const entering = index + EACH_SIDE;
    if (entering < length) window.add(close[entering] ?? 0);
    const leaving = index - EACH_SIDE - 1;
    if (leaving >= 0) window.remove(close[leaving] ?? 0);
    const median = window.median();
    const top = high[index] ?? 0;
    const bottom = low[index] ?? 0;
    if (top <= median * (1 + MAX_JUMP) && bottom >= median * (1 - MAX_JUMP)) continue;
    const [name, price] = top > median * (1 + MAX_JUMP) ? ['high', top] : ['low', bottom];
    flaws.add(
      'outlier',
      rowOf(index),
      openAt[index] ?? null,
      () =>
        `${name} ${String(price)} is ${((price / median - 1) * 100).toFixed(0)} % off the median ${String(median)} of the closes around it`,
    );
  }
}

/** At most 2 × EACH_SIDE + 1 values, sorted. */
class SortedWindow {
  readonly #values: number[] = [];

  add(value: number): void {
    const values = this.#values;
    let at = values.length;
    for (; at > 0 && (values[at - 1] ?? 0) > value; at -= 1) values[at] = values[at - 1] ?? 0;
    values[at] = value;
  }

  remove(value: number): void {
    const values = this.#values;
    let at = values.indexOf(value);
    for (; at < values.length - 1; at += 1) values[at] = values[at + 1] ?? 0;
    values.pop();
  }

  median(): number {
    return this.#values[this.#values.length >> 1] ?? 0;
  }
}
