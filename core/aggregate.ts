/**
 * Higher intervals built from shorter bars, the same live (from one-minute bars) as in a backtest (from the
 * bars there are). The state is JSON, changed in place, so that a runner can checkpoint it in the middle of
 * a bar.
 */
import type { Bar } from './bar.ts';
import { KeelError } from './errors.ts';
import { intervalMs, type Interval } from './time.ts';

type FormingBar = { -readonly [K in keyof Bar]: Bar[K] };

export type AggregateState = {
  readonly interval: Interval;
  /** The bar being built; its `closeAt` is the end it will have. */
  forming: FormingBar | null;
  /** False until the first bar whose first part was seen. */
  started: boolean;
};

const NONE: readonly Bar[] = [];

export function aggregateStart(interval: Interval): AggregateState {
  return { interval, forming: null, started: false };
}

function begin(bar: Bar, length: number): FormingBar {
  const openAt = Math.floor(bar.openAt / length) * length;
  return { ...bar, openAt, closeAt: openAt + length };
}

function extend(forming: FormingBar, bar: Bar): void {
  if (bar.high > forming.high) forming.high = bar.high;
  if (bar.low < forming.low) forming.low = bar.low;
  forming.close = bar.close;
  forming.volume += bar.volume;
}

/**
 * Takes in the next shorter bar and returns the bars that closed by it, oldest first: mostly none or one.
 * - A bar closes with its last part. If that is missing it closes late, with the next one that comes.
 * - Parts missing inside a bar are left out of it.
 * - The very first bar is dropped when its first part was not seen.
 *
 * Throws INVALID_INPUT for a bar older than the one before it, or longer than what is built.
 */
export function aggregateNext(state: AggregateState, bar: Bar): readonly Bar[] {
  const length = intervalMs(state.interval);
  const { forming } = state;
  if (forming !== null && bar.closeAt < forming.closeAt && bar.openAt >= forming.openAt) {
    extend(forming, bar);
    return NONE;
  }
  return close(state, bar, length);
}

/** The rarer ways: a bar begins, ends, or both. */
function close(state: AggregateState, bar: Bar, length: number): readonly Bar[] {
  if (bar.closeAt - bar.openAt > length) {
    throw new KeelError(
      'INVALID_INPUT',
      `bars of ${state.interval} cannot be built from one of ${String((bar.closeAt - bar.openAt) / 60_000)} minutes; feed shorter ones`,
    );
  }
  const closed: Bar[] = [];
  let { forming } = state;
  if (forming !== null && bar.openAt < forming.openAt) {
    throw new KeelError(
      'INVALID_INPUT',
      `the bar of ${String(bar.openAt)} is older than the ${state.interval} bar of ${String(forming.openAt)}; feed bars in order`,
    );
  }
  if (forming !== null && bar.openAt >= forming.closeAt) {
    closed.push(forming);
    forming = begin(bar, length);
  } else if (forming !== null) {
    extend(forming, bar);
  } else if (state.started || bar.openAt % length === 0) {
    forming = begin(bar, length);
  }
  state.started ||= forming !== null;
  if (forming !== null && bar.closeAt >= forming.closeAt) {
    closed.push(forming);
    forming = null;
  }
  state.forming = forming;
  return closed;
}
