import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { BollingerBands } from 'trading-signals';
import {
  exactDecimal,
  relativeError,
  runThroughJson,
  windows,
} from '../../test/factories/series.ts';
import { Decimal } from '../money.ts';
import {
  deviationNext,
  deviationOf,
  deviationStart,
  meanOf,
  type DeviationState,
} from './deviation.ts';

const period = fc.integer({ min: 1, max: 15 });

/** Mean and deviation at each value. */
function run(values: readonly number[], length: number): { mean: number; deviation: number }[] {
  const next = (state: DeviationState, value: number) => {
    const deviation = deviationNext(state, value);
    expect(deviationOf(state)).toBe(deviation);
    return { mean: meanOf(state), deviation };
  };
  return runThroughJson(deviationStart(length), next, values);
}

/** In 40 digits, from the definition. */
function exactly(window: readonly number[]): { mean: number; deviation: number } {
  const total = window.reduce((sum, value) => sum.plus(exactDecimal(value)), new Decimal(0));
  const mean = total.div(window.length);
  const squares = window.reduce(
    (sum, value) => sum.plus(mean.minus(exactDecimal(value)).pow(2)),
    new Decimal(0),
  );
  return { mean: mean.toNumber(), deviation: squares.div(window.length).sqrt().toNumber() };
}

function expectExact(values: readonly number[], length: number): void {
  const spans = windows(values, length);
  for (const [at, { mean, deviation }] of run(values, length).entries()) {
    const span = spans[at] ?? [];
    if (span.length === 0) {
      expect([mean, deviation]).toEqual([Number.NaN, Number.NaN]);
      continue;
    }
    const exact = exactly(span);
    const scale = Math.max(...span.map(Math.abs), Number.MIN_VALUE);
    expect(Math.abs(mean - exact.mean) / scale).toBeLessThan(1e-14 * length);
    expect(relativeError(deviation, exact.deviation)).toBeLessThan(1e-9);
  }
}

describe('deviation', () => {
  it('is reckoned by hand', () => {
    expect(run([2, 4, 9, 9, 9, 1], 3)).toEqual([
      ...[
        { mean: Number.NaN, deviation: Number.NaN },
        { mean: Number.NaN, deviation: Number.NaN },
        { mean: 5, deviation: Math.sqrt(26 / 3) },
      ],
      { mean: expect.closeTo(22 / 3, 12), deviation: expect.closeTo(Math.sqrt(50 / 9), 12) },
      { mean: 9, deviation: 0 },
      { mean: expect.closeTo(19 / 3, 12), deviation: expect.closeTo(Math.sqrt(128 / 9), 12) },
    ]);
    expect(() => deviationStart(0)).toThrow(/whole number from 1/);
  });

  it('is exact to 1e-9 for any values', () => {
    const any = fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true, noDefaultInfinity: true }), {
      maxLength: 60,
    });
    fc.assert(
      fc.property(any, period, (values, length) => {
        // Below, squares leave the range of doubles.
        expectExact(
          values.map((value) => (Math.abs(value) < 1e-100 ? 0 : value)),
          length,
        );
      }),
    );
  });

  it('is exact to 1e-9 for large values that differ little', () => {
    const noise = fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { maxLength: 60 });
    fc.assert(
      fc.property(noise, period, (values, length) => {
        expectExact(
          values.map((value) => 1e9 + value * 1e-3),
          length,
        );
      }),
    );
  });

  it('forgets a spike at once, and does not drift', () => {
    const values = Array.from({ length: 400 }, (_, at) =>
      at % 97 === 5 ? 1e12 : 1 + Math.sin(at) * 1e-3,
    );
    for (const length of [7, 20, 50]) expectExact(values, length);
  });

  it('of equal values is zero, whatever came before', () => {
    const last = run([...[1e9, -3.7, 0.1, 12], ...Array<number>(5).fill(0.1)], 5).at(-1);
    expect(last).toEqual({ mean: 0.1, deviation: 0 });
  });

  it('makes the Bollinger bands of an independent library', () => {
    const closes = fc.array(fc.double({ min: 1, max: 200_000, noNaN: true }), { maxLength: 60 });
    fc.assert(
      fc.property(closes, fc.integer({ min: 2, max: 15 }), (values, length) => {
        const other = new BollingerBands(length, 2);
        for (const [at, { mean, deviation }] of run(values, length).entries()) {
          const bands = other.add(values[at] ?? 0);
          if (bands === null) {
            expect(mean).toBeNaN();
            continue;
          }
          expect(relativeError(mean + 2 * deviation, bands.upper)).toBeLessThan(1e-9);
          expect(Math.abs(mean - 2 * deviation - bands.lower)).toBeLessThan(1e-9 * bands.upper);
        }
      }),
    );
  });
});
