/** The last bars of a feed in typed columns: bounded memory, and contiguous views for indicators. */
import type { Bar } from '../core/bar.ts';
import type { BarColumns } from './base-strategy.ts';

const COLUMNS = ['closeAt', 'open', 'high', 'low', 'close', 'volume'] as const;
type Column = (typeof COLUMNS)[number];

/** Where a feed keeps its last closed bars. */
export interface BarWindow {
  push(bar: Bar): void;
  /** Views of the kept bars, oldest first; valid until the next `push`. */
  view(): BarColumns;
}

/**
 * Each column is twice as long as needed: bars are appended, and when the end is reached the kept ones move
 * to the front, so a view never wraps and an append costs one move in `capacity` bars.
 */
export class BarRing implements BarWindow {
  readonly #capacity: number;
  readonly #columns: Readonly<Record<Column, Float64Array>>;
  #end = 0;

  /** @param capacity bars to keep, at least 1 */
  constructor(capacity: number) {
    this.#capacity = capacity;
    const column = (): Float64Array => new Float64Array(2 * capacity);
    this.#columns = {
      closeAt: column(),
      open: column(),
      high: column(),
      low: column(),
      close: column(),
      volume: column(),
    };
  }

  push(bar: Bar): void {
    if (this.#end === 2 * this.#capacity) {
      for (const name of COLUMNS) this.#columns[name].copyWithin(0, this.#capacity);
      this.#end = this.#capacity;
    }
    const at = this.#end;
    this.#columns.closeAt[at] = bar.closeAt;
    this.#columns.open[at] = bar.open;
    this.#columns.high[at] = bar.high;
    this.#columns.low[at] = bar.low;
    this.#columns.close[at] = bar.close;
    this.#columns.volume[at] = bar.volume;
    this.#end += 1;
  }

  view(): BarColumns {
    const start = Math.max(this.#end - this.#capacity, 0);
    const cut = (name: Column): Float64Array => this.#columns[name].subarray(start, this.#end);
    return {
      length: this.#end - start,
      closeAt: cut('closeAt'),
      open: cut('open'),
      high: cut('high'),
      low: cut('low'),
      close: cut('close'),
      volume: cut('volume'),
    };
  }
}
