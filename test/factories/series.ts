/** Runs of indicators over series of values. */
import { Decimal } from '../../core/money.ts';

/** What `next` returns for each value, with the state sent through JSON after each, as a checkpoint does. */
export function runThroughJson<S, V, R>(
  start: S,
  next: (state: S, value: V) => R,
  values: readonly V[],
): R[] {
  let state = start;
  return values.map((value) => {
    const result = next(state, value);
    state = JSON.parse(JSON.stringify(state)) as S;
    return result;
  });
}

/** The last `period` values up to each place; empty where there are fewer. */
export function windows<V>(values: readonly V[], period: number): V[][] {
  return values.map((_, at) => (at + 1 < period ? [] : values.slice(at + 1 - period, at + 1)));
}

/** |a − b| relative to the larger of them; 0 when both are 0. */
export function relativeError(a: number, b: number): number {
  return a === b ? 0 : Math.abs(a - b) / Math.max(Math.abs(a), Math.abs(b));
}

/** A double as it is, not as it is printed: of 1e9 + 1e-7 the printed digits lose the end. */
export function exactDecimal(value: number): Decimal {
  const whole = Math.trunc(value);
  return new Decimal(whole).plus(value - whole);
}
