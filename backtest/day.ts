/** A bar of the clock: that of one market (`MarketDay`), or of all markets whose bars open at the same time. */
import type { Bar } from '../core/bar.ts';
import type { StrategySession } from '../strategies/session.ts';

/**
 * What the run does with a bar, in this order. One market needs no lists; they would cost it a sixth of its time.
 * Times are read from bars: a double that is handed out costs an allocation a bar.
 */
export interface Day {
  /** Open time of the bar that is next; Infinity at the end. */
  readonly nextAt: number;
  /** The next bar opens. */
  open(): void;
  /** The open bar, or one of them: for its times. */
  readonly bar: Bar;
  /** Cancels resting orders whose time is over. */
  expire(now: number): void;
  /** Sends the orders that are due at the open, in the order asked for. */
  sendDue(now: number): void;
  /** Walks the inside, where anything can be met there. */
  walk(): void;
  close(): void;
  /** Calls the strategy with what closed. */
  call(session: StrategySession, warming: boolean): void;
}

/** Several markets; at least one. */
export class Days implements Day {
  readonly #days: readonly Day[];
  /** The days whose bar is open are the first `#count` of these; an array emptied each time costs more. */
  readonly #open: Day[];
  #count = 0;

  constructor(days: readonly Day[]) {
    this.#days = days;
    this.#open = [...days];
  }

  get nextAt(): number {
    let at = Infinity;
    for (const { nextAt } of this.#days) if (nextAt < at) at = nextAt;
    return at;
  }

  open(): void {
    const at = this.nextAt;
    this.#count = 0;
    for (const day of this.#days) {
      if (day.nextAt !== at) continue;
      this.#open[this.#count] = day;
      this.#count += 1;
      day.open();
    }
  }

  get bar(): Bar {
    const [first] = this.#open;
    if (first === undefined) throw new RangeError('there is no market');
    return first.bar;
  }

  expire(now: number): void {
    for (let index = 0; index < this.#count; index += 1) this.#open[index]?.expire(now);
  }

  sendDue(now: number): void {
    for (let index = 0; index < this.#count; index += 1) this.#open[index]?.sendDue(now);
  }

  walk(): void {
    for (let index = 0; index < this.#count; index += 1) this.#open[index]?.walk();
  }

  close(): void {
    for (let index = 0; index < this.#count; index += 1) this.#open[index]?.close();
  }

  call(session: StrategySession, warming: boolean): void {
    for (let index = 0; index < this.#count; index += 1) this.#open[index]?.call(session, warming);
  }
}
