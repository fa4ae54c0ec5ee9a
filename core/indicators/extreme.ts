/**
 * The highest or the lowest of the last values, as of a Donchian channel, in O(1) a value amortised, with JSON
 * state changed in place. A monotonic queue: a value that a later one outdoes can never be the extreme again and
 * is dropped at once, so the oldest value kept is the extreme (D. Lemire, "Streaming Maximum-Minimum Filter Using
 * No More than Three Comparisons per Element", Nordic Journal of Computing 13, 2006). Donchian's channel is the
 * highest high and the lowest low of so many bars.
 */
import { checkPeriod } from './period.ts';

export type ExtremeState = {
  readonly period: number;
  /** 1 for the highest, −1 for the lowest. */
  readonly sign: 1 | -1;
  /** Values seen. */
  seen: number;
  /** The queue: rings of `period` places, oldest at `head`. `numbers` counts the values, from 0. */
  readonly values: number[];
  readonly numbers: number[];
  head: number;
  size: number;
};

function start(period: number, sign: 1 | -1): ExtremeState {
  checkPeriod(period, (given) => `an extreme of ${given} values`);
  const places = (): number[] => Array.from({ length: period }, () => 0);
  return { period, sign, seen: 0, values: places(), numbers: places(), head: 0, size: 0 };
}

/** Throws INVALID_INPUT unless `period` is a whole number from 1. */
export function highestStart(period: number): ExtremeState {
  return start(period, 1);
}

/** Throws INVALID_INPUT unless `period` is a whole number from 1. */
export function lowestStart(period: number): ExtremeState {
  return start(period, -1);
}

/** Takes in one value and returns the extreme of the last `period`, NaN until so many were seen. */
export function extremeNext(state: ExtremeState, value: number): number {
  const { period, sign, seen, values, numbers } = state;
  let { head, size } = state;
  if (size > 0 && numbers[head] === seen - period) {
    head = head + 1 === period ? 0 : head + 1;
    size -= 1;
  }
  while (size > 0 && ((values[(head + size - 1) % period] ?? 0) - value) * sign <= 0) size -= 1;
  const place = (head + size) % period;
  values[place] = value;
  numbers[place] = seen;
  state.head = head;
  state.size = size + 1;
  state.seen = seen + 1;
  return extremeOf(state);
}

/** The extreme of the last `period` values, NaN until so many were seen: what a channel was before this bar. */
export function extremeOf(state: ExtremeState): number {
  return state.seen < state.period ? Number.NaN : (state.values[state.head] ?? Number.NaN);
}
