/** The curves of a run, one point a clock tick; they grow as it goes. */
import type { Bar } from '../core/bar.ts';
import type { Books } from './books.ts';
import type { EquityCurve } from './result.ts';

export class Curves {
  #at: Float64Array;
  #value: Float64Array;
  #invested: Float64Array;
  #length = 0;

  /** @param expected points, more or less */
  constructor(expected: number) {
    this.#at = new Float64Array(expected);
    this.#value = new Float64Array(expected);
    this.#invested = new Float64Array(expected);
  }

  /** Takes the books at the markets' prices as the point of the bar that just closed. */
  add(bar: Bar, books: Books): void {
    const end = this.#length;
    if (end === this.#at.length) this.#grow();
    this.#at[end] = bar.closeAt;
    let worth = books.flowNumber;
    let invested = 0;
    for (const { quantityNumber, market } of books.holdings) {
      if (quantityNumber === 0) continue;
      const held = quantityNumber * market.price;
      worth += held;
      invested += Math.abs(held);
    }
    this.#value[end] = worth;
    this.#invested[end] = invested;
    this.#length = end + 1;
  }

  /** Views of what was added. */
  view(): EquityCurve {
    const end = this.#length;
    return {
      at: this.#at.subarray(0, end),
      value: this.#value.subarray(0, end),
      invested: this.#invested.subarray(0, end),
    };
  }

  #grow(): void {
    const wider = (column: Float64Array): Float64Array => {
      const next = new Float64Array(Math.max(2 * column.length, 16));
      next.set(column);
      return next;
    };
    this.#at = wider(this.#at);
    this.#value = wider(this.#value);
    this.#invested = wider(this.#invested);
  }
}
