/**
 * Higher intervals built from one-minute bars, the same live as in a backtest. A pure reducer whose state is
 * JSON, so that a runner can checkpoint it in the middle of a bar.
 */
import { KeelError } from './errors.ts';
import type { Kline } from './kline.ts';
import { decimal, toDecimalString } from './money.ts';
import { intervalMs, type Interval } from './time.ts';

export type AggregateState = {
  readonly interval: Interval;
  /** The bar being built; its `closeAt` is the end it will have. */
  readonly forming: Kline | null;
  /** False until the first bar whose first minute was seen. */
  readonly started: boolean;
};

export function aggregateStart(interval: Interval): AggregateState {
  return { interval, forming: null, started: false };
}

function begin(bar: Kline, interval: Interval): Kline {
  const length = intervalMs(interval);
  const openAt = Math.floor(bar.openAt / length) * length;
  return { ...bar, interval, openAt, closeAt: openAt + length };
}

function extend(forming: Kline, bar: Kline): Kline {
  return {
    ...forming,
    high: decimal(bar.high).gt(forming.high) ? bar.high : forming.high,
    low: decimal(bar.low).lt(forming.low) ? bar.low : forming.low,
    close: bar.close,
    volume: toDecimalString(decimal(forming.volume).plus(bar.volume)),
  };
}

/**
 * Takes in the next one-minute bar and returns the bars that closed by it, oldest first: mostly none or one.
 * - A bar closes with its last minute. If that minute is missing it closes late, with the next minute that comes.
 * - Minutes missing inside a bar are left out of it.
 * - The very first bar is dropped when its first minute was not seen.
 *
 * Throws INVALID_INPUT for a bar that is not of one minute, or older than the one before it.
 */
export function aggregateNext(
  state: AggregateState,
  bar: Kline,
): { state: AggregateState; closed: readonly Kline[] } {
  const { interval } = state;
  if (bar.interval !== '1m') {
    throw new KeelError(
      'INVALID_INPUT',
      `bars of ${interval} are built from bars of 1m, not of ${bar.interval}`,
    );
  }
  if (interval === '1m') return { state, closed: [bar] };

  const length = intervalMs(interval);
  let { forming } = state;
  const closed: Kline[] = [];
  if (forming !== null && bar.openAt < forming.openAt) {
    throw new KeelError(
      'INVALID_INPUT',
      `the bar of ${String(bar.openAt)} is older than the ${interval} bar of ${String(forming.openAt)}; feed bars in order`,
    );
  }
  if (forming !== null && bar.openAt >= forming.closeAt) {
    closed.push(forming);
    forming = begin(bar, interval);
  } else if (forming !== null) {
    forming = extend(forming, bar);
  } else if (state.started || bar.openAt % length === 0) {
    forming = begin(bar, interval);
  }
  const started = state.started || forming !== null;
  if (forming !== null && bar.closeAt >= forming.closeAt) {
    closed.push(forming);
    forming = null;
  }
  return { state: { interval, forming, started }, closed };
}
