/**
 * Exact integers of any size, for amounts scaled by a power of ten (`fixed-point.ts`). Nearly all of a backtest's
 * prices, quantities and notionals are below 2^53, where doubles reckon exactly and many times faster than BigInt:
 * so an amount is a number while it is a safe integer, and a bigint beyond. Each operation checks its own result.
 */
export type Scaled = number | bigint;

/** As a number where it is a safe integer. What this module returns always is in that form, so `===` compares it. */
export function scaled(value: bigint): Scaled {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

export function plus(a: Scaled, b: Scaled): Scaled {
  if (typeof a === 'number' && typeof b === 'number') {
    const sum = a + b;
    if (Number.isSafeInteger(sum)) return sum;
  }
  return largePlus(a, b);
}

export function minus(a: Scaled, b: Scaled): Scaled {
  if (typeof a === 'number' && typeof b === 'number') {
    const difference = a - b;
    if (Number.isSafeInteger(difference)) return difference;
  }
  return largeMinus(a, b);
}

export function times(a: Scaled, b: Scaled): Scaled {
  if (typeof a === 'number' && typeof b === 'number') {
    // A product that comes out as a safe integer was not rounded.
    const product = a * b;
    if (Number.isSafeInteger(product)) return product;
  }
  return largeTimes(a, b);
}

export function negative(value: Scaled): Scaled {
  return minus(0, value);
}

/** |value| */
export function magnitude(value: Scaled): Scaled {
  return value < 0 ? negative(value) : value;
}

/** a / b to the integer below or equal; `b` is above zero. */
export function divideDown(a: Scaled, b: Scaled): Scaled {
  return typeof a === 'number' && typeof b === 'number' ? floorOf(a, b) : largeDivideDown(a, b);
}

/** a / b to the nearest integer, half to even; `b` is above zero. */
export function divideHalfEven(a: Scaled, b: Scaled): Scaled {
  const down = divideDown(a, b);
  const twice = times(minus(a, times(down, b)), 2);
  if (twice < b) return down;
  if (twice > b) return plus(down, 1);
  return isMultiple(down, 2) ? down : plus(down, 1);
}

/** Whether `value` is a whole number of units; `unit` is above zero. */
export function isMultiple(value: Scaled, unit: Scaled): boolean {
  // The remainder of doubles is exact.
  if (typeof value === 'number' && typeof unit === 'number') return value % unit === 0;
  return BigInt(value) % BigInt(unit) === 0n;
}

// Apart from the operations, so that these stay as small as they nearly always are: they are compiled into all that
// reckons.

function largePlus(a: Scaled, b: Scaled): Scaled {
  return scaled(BigInt(a) + BigInt(b));
}

function largeMinus(a: Scaled, b: Scaled): Scaled {
  return scaled(BigInt(a) - BigInt(b));
}

function largeTimes(a: Scaled, b: Scaled): Scaled {
  return scaled(BigInt(a) * BigInt(b));
}

function largeDivideDown(a: Scaled, b: Scaled): Scaled {
  const [top, bottom] = [BigInt(a), BigInt(b)];
  const quotient = top / bottom;
  return scaled(top % bottom < 0n ? quotient - 1n : quotient);
}

/**
 * The quotient in doubles is at most one beside the true one, which the rest tells. That is exact: cut towards zero,
 * quotient × b is no larger than a safe integer but for a rounding.
 */
function floorOf(a: number, b: number): number {
  const quotient = Math.trunc(a / b);
  const rest = a - quotient * b;
  if (rest < 0) return quotient - 1;
  return rest >= b ? quotient + 1 : quotient;
}
