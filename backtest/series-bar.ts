/** A bar of a series, and a strategy's window on the bars before it, which only moves along the columns. */
import type { Bar } from '../core/bar.ts';
import type { BarSeries } from '../core/bar-series.ts';
import { intervalMs } from '../core/time.ts';
import type { BarWindow } from '../strategies/bar-ring.ts';
import type { BarColumns } from '../strategies/base-strategy.ts';

/** The bar at `index`; one object for a whole run, whose fields can be copied with `{ ...bar }`. */
export class SeriesBar implements Bar {
  openAt = Number.NaN;
  closeAt = Number.NaN;
  open = Number.NaN;
  high = Number.NaN;
  low = Number.NaN;
  close = Number.NaN;
  volume = Number.NaN;
  readonly #series: BarSeries;
  readonly #lengthMs: number;
  #index = 0;

  constructor(series: BarSeries) {
    this.#series = series;
    this.#lengthMs = intervalMs(series.interval);
  }

  get series(): BarSeries {
    return this.#series;
  }

  get index(): number {
    return this.#index;
  }

  moveTo(index: number): void {
    const series = this.#series;
    const openAt = series.openAt[index] ?? Number.NaN;
    this.#index = index;
    this.openAt = openAt;
    this.closeAt = openAt + this.#lengthMs;
    this.open = series.open[index] ?? Number.NaN;
    this.high = series.high[index] ?? Number.NaN;
    this.low = series.low[index] ?? Number.NaN;
    this.close = series.close[index] ?? Number.NaN;
    this.volume = series.volume[index] ?? Number.NaN;
  }
}

/** The last `capacity` bars up to the one at hand, of those since the run began. */
export class SeriesWindow implements BarWindow {
  readonly #bar: SeriesBar;
  readonly #capacity: number;
  /** Index of the first bar the strategy saw. */
  #first: number | null = null;

  constructor(bar: SeriesBar, capacity: number) {
    this.#bar = bar;
    this.#capacity = capacity;
  }

  push(): void {
    this.#first ??= this.#bar.index;
  }

  view(): BarColumns {
    const { series, index } = this.#bar;
    const end = index + 1;
    const start = Math.max(end - this.#capacity, this.#first ?? end);
    const lengthMs = intervalMs(series.interval);
    return {
      length: end - start,
      closeAt: series.openAt.slice(start, end).map((openAt) => openAt + lengthMs),
      open: series.open.subarray(start, end),
      high: series.high.subarray(start, end),
      low: series.low.subarray(start, end),
      close: series.close.subarray(start, end),
      volume: series.volume.subarray(start, end),
    };
  }
}
