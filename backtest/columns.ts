import type { Scaled } from './scaled.ts';

/** Rows of a chunk in a log's columns: a log grows by chunks, so that nothing is copied when it does. */
export const CHUNK_ROWS = 1024;

/** A column that holds `blank` in every row. */
export function column<T>(blank: T): T[] {
  return new Array<T>(CHUNK_ROWS).fill(blank);
}

/** A column of amounts: numbers in typed memory, which the garbage collector need not look into. */
export class ScaledColumn {
  readonly #numbers = new Float64Array(CHUNK_ROWS);
  /** Row → what is no safe integer. */
  readonly #large = new Map<number, bigint>();

  set(row: number, value: Scaled): void {
    if (typeof value === 'number') this.#numbers[row] = value;
    else {
      this.#numbers[row] = Number.NaN;
      this.#large.set(row, value);
    }
  }

  get(row: number): Scaled {
    const number = this.#numbers[row] ?? 0;
    return Number.isNaN(number) ? (this.#large.get(row) ?? 0) : number;
  }
}

/** The chunk that a row is in. Throws `RangeError` where there is none. */
export function chunkAt<C>(chunks: readonly C[], row: number): C {
  const chunk = chunks[Math.floor(row / CHUNK_ROWS)];
  if (chunk === undefined) throw new RangeError(`there is no row ${String(row)} in the log`);
  return chunk;
}
