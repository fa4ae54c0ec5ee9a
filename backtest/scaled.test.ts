/** Numbers where they are exact, bigints beyond: every operation against BigInt alone. */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  divideDown,
  divideHalfEven,
  isMultiple,
  magnitude,
  minus,
  negative,
  plus,
  type Scaled,
  scaled,
  times,
} from './scaled.ts';

/** Of all sizes, most of them where a sum or a product leaves the safe integers. */
const integer = fc.oneof(
  fc.bigInt({ min: -1000n, max: 1000n }),
  fc.bigInt({ min: -(2n ** 27n), max: 2n ** 27n }),
  fc.bigInt({ min: 2n ** 53n - 100n, max: 2n ** 53n + 100n }),
  fc.bigInt({ min: -(2n ** 53n) - 100n, max: -(2n ** 53n) + 100n }),
  fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }),
);
const positive = integer.map((value) => (value < 0n ? -value : value) + 1n);

const isCanonical = (value: Scaled): boolean => {
  const safe = Number.isSafeInteger(Number(value));
  return (typeof value === 'number') === safe;
};

function same(found: Scaled, wanted: bigint): void {
  expect(BigInt(found)).toBe(wanted);
  expect(isCanonical(found)).toBe(true);
}

/** Half to even, the way it is done by hand. */
function halfEven(a: bigint, b: bigint): bigint {
  const rest = ((a % b) + b) % b;
  const down = (a - rest) / b;
  const even = down % 2n === 0n ? down : down + 1n;
  return 2n * rest < b ? down : 2n * rest > b ? down + 1n : even;
}

describe('a scaled integer', () => {
  it('is a number where that is safe, and a bigint where not', () => {
    expect(scaled(9_007_199_254_740_991n)).toBe(9_007_199_254_740_991);
    expect(scaled(9_007_199_254_740_992n)).toBe(9_007_199_254_740_992n);
    expect(scaled(-9_007_199_254_740_992n)).toBe(-9_007_199_254_740_992n);
  });

  it('adds, subtracts, multiplies and turns its sign as BigInt', () => {
    fc.assert(
      fc.property(integer, integer, (a, b) => {
        same(plus(scaled(a), scaled(b)), a + b);
        same(minus(scaled(a), scaled(b)), a - b);
        same(times(scaled(a), scaled(b)), a * b);
        same(negative(scaled(a)), -a);
        same(magnitude(scaled(a)), a < 0n ? -a : a);
      }),
      { numRuns: 2000 },
    );
  });

  it('divides down and half to even, and knows a multiple, as BigInt', () => {
    fc.assert(
      fc.property(integer, positive, integer, (a, b, c) => {
        const rest = ((a % b) + b) % b;
        same(divideDown(scaled(a), scaled(b)), (a - rest) / b);
        same(divideHalfEven(scaled(a), scaled(b)), halfEven(a, b));
        expect(isMultiple(scaled(a), scaled(b))).toBe(rest === 0n);
        expect(isMultiple(scaled(b * c), scaled(b))).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  it('rounds half to even', () => {
    expect([5, 15, -5, -15, 16, 14].map((a) => divideHalfEven(a, 10))).toEqual([0, 2, 0, -2, 2, 1]);
  });
});
