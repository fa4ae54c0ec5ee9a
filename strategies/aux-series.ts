/** The values of one kind of auxiliary data, oldest first: which of them was the last to be published by a moment. */
import type { AuxValue } from './base-strategy.ts';

export class AuxSeries {
  readonly #at: number[];
  readonly #value: number[];

  /** Both of one length, oldest first. */
  constructor(at: readonly number[] = [], value: readonly number[] = []) {
    this.#at = [...at];
    this.#value = [...value];
  }

  /** When the newest value was published; 0 where there is none. */
  get newestAt(): number {
    return this.#at.at(-1) ?? 0;
  }

  /** Adds one that is newer than all. */
  add({ publishedAt, value }: AuxValue): void {
    this.#at.push(publishedAt);
    this.#value.push(value);
  }

  /** The last one published by `now`, never a later one; undefined before the first. */
  lastBy(now: number): AuxValue | undefined {
    let low = 0;
    let high = this.#at.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#at[middle] ?? Infinity) <= now) low = middle + 1;
      else high = middle;
    }
    const publishedAt = this.#at[low - 1];
    const value = this.#value[low - 1];
    return publishedAt === undefined || value === undefined ? undefined : { value, publishedAt };
  }
}
