/**
 * The baseline of the engine's bench: a bare event loop in plain JavaScript, as a person would write it for this
 * one strategy. Bar objects, a strategy callback, an order queue, fills with fees, an equity array; doubles only.
 */
import type { BarSeries } from '../../core/bar-series.ts';

interface Bar {
  readonly time: number;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly volume: number;
}

interface Order {
  readonly side: 'buy' | 'sell';
  readonly quantity: number;
}

interface Fill {
  readonly time: number;
  readonly side: 'buy' | 'sell';
  readonly price: number;
  readonly quantity: number;
  readonly fee: number;
}

/** Long while the average of the last `fast` closes is above that of the last `slow`. */
class Cross {
  readonly #fast: number;
  readonly #slow: number;
  readonly #quantity: number;
  readonly #closes: Float64Array;
  #count = 0;
  #fastSum = 0;
  #slowSum = 0;
  #before = Number.NaN;
  #held = false;

  constructor(fast: number, slow: number, quantity: number) {
    this.#fast = fast;
    this.#slow = slow;
    this.#quantity = quantity;
    this.#closes = new Float64Array(slow);
  }

  onBar(bar: Bar, queue: Order[]): void {
    const at = this.#count % this.#slow;
    const oldestFast = this.#closes[(this.#count - this.#fast + this.#slow) % this.#slow] ?? 0;
    this.#fastSum += bar.close - (this.#count >= this.#fast ? oldestFast : 0);
    this.#slowSum += bar.close - (this.#count >= this.#slow ? (this.#closes[at] ?? 0) : 0);
    this.#closes[at] = bar.close;
    this.#count += 1;
    if (this.#count < this.#slow) return;
    const difference = this.#fastSum / this.#fast - this.#slowSum / this.#slow;
    if (difference > 0 && this.#before <= 0 && !this.#held) {
      this.#held = true;
      queue.push({ side: 'buy', quantity: this.#quantity });
    } else if (difference < 0 && this.#before >= 0 && this.#held) {
      this.#held = false;
      queue.push({ side: 'sell', quantity: this.#quantity });
    }
    this.#before = difference;
  }
}

export interface BareResult {
  readonly fills: number;
  readonly finalEquity: number;
}

export function bareLoop(
  series: BarSeries,
  terms: { readonly fast: number; readonly slow: number; readonly quantity: number; readonly fee: number; readonly wallet: number },
): BareResult {
  const strategy = new Cross(terms.fast, terms.slow, terms.quantity);
  const fills: Fill[] = [];
  const equity: number[] = [];
  let queue: Order[] = [];
  let cash = terms.wallet;
  let held = 0;
  for (let index = 0; index < series.length; index += 1) {
    const bar: Bar = {
      time: series.openAt[index] ?? 0,
      open: series.open[index] ?? 0,
      high: series.high[index] ?? 0,
      low: series.low[index] ?? 0,
      close: series.close[index] ?? 0,
      volume: series.volume[index] ?? 0,
    };
    if (queue.length > 0) {
      for (const order of queue) {
        const notional = order.quantity * bar.open;
        const fee = notional * terms.fee;
        cash += order.side === 'buy' ? -notional - fee : notional - fee;
        held += order.side === 'buy' ? order.quantity : -order.quantity;
        fills.push({ time: bar.time, side: order.side, price: bar.open, quantity: order.quantity, fee });
      }
      queue = [];
    }
    strategy.onBar(bar, queue);
    equity.push(cash + held * bar.close);
  }
  return { fills: fills.length, finalEquity: equity.at(-1) ?? terms.wallet };
}
