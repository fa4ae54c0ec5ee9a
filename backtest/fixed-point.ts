/**
 * Decimal numbers as scaled integers: `1.25` with 4 places is `12500n`. The backtest's books are kept in
 * them, since they are as exact as core's `Decimal` and some twenty times faster; the tests hold both to
 * the same figures (docs/decisions/0011-backtest-money.md).
 */
import { KeelError } from '../core/errors.ts';
import { Decimal, plainNumber } from '../core/money.ts';

const UNITS = Array.from({ length: 64 }, (_, places) => 10n ** BigInt(places));

/** 10^places. */
export function unitOf(places: number): bigint {
  return UNITS[places] ?? 10n ** BigInt(places);
}

/** Digits after the point that a decimal string needs: `"0.0100"` needs 2. */
export function placesOf(text: string): number {
  return new Decimal(text).decimalPlaces();
}

/** |value| */
export function magnitude(value: bigint): bigint {
  return value < 0n ? -value : value;
}

/** Reads a decimal string. Throws INVALID_INPUT where it needs more places, or is no number. */
export function toFixedPoint(text: string, places: number): bigint {
  if (text === '0') return 0n;
  const match = /^(-?)(\d+)(?:\.(\d*?)0*)?$/.exec(text);
  const [, sign = '', whole = '', fraction = ''] = match ?? [];
  if (match === null || fraction.length > places) {
    throw new KeelError(
      'INVALID_INPUT',
      `"${text}" is no decimal number of at most ${String(places)} places`,
    );
  }
  const digits = BigInt(whole + fraction) * unitOf(places - fraction.length);
  return sign === '-' ? -digits : digits;
}

/** The canonical decimal string, as `toDecimalString` writes it. */
export function fromFixedPoint(value: bigint, places: number): string {
  const negative = value < 0n;
  const digits = String(negative ? -value : value).padStart(places + 1, '0');
  const whole = digits.slice(0, digits.length - places);
  const fraction = digits.slice(digits.length - places).replace(/0+$/, '');
  const text = fraction === '' ? whole : `${whole}.${fraction}`;
  return negative ? `-${text}` : text;
}

/** a / b to the nearest integer, half to even; `b` is above zero. */
export function divideHalfEven(a: bigint, b: bigint): bigint {
  const quotient = a / b;
  const rest = a % b;
  if (rest === 0n) return quotient;
  const twice = (rest < 0n ? -rest : rest) * 2n;
  const away = a < 0n ? -1n : 1n;
  if (twice > b) return quotient + away;
  if (twice < b) return quotient;
  return quotient % 2n === 0n ? quotient : quotient + away;
}

/** Turns the doubles of one price column into scaled integers, exactly. */
export class PriceScale {
  readonly places: number;
  /** 10^places. */
  readonly factor: number;

  constructor(places: number) {
    this.places = places;
    this.factor = 10 ** places;
  }

  /** Throws INVALID_INPUT for a price with more places than the column was found to have. */
  read(price: number): bigint {
    const scaled = Math.round(price * this.factor);
    // The double nearest to scaled / 10^places is the price itself: nothing was rounded away.
    if (scaled < Number.MAX_SAFE_INTEGER && scaled / this.factor === price) return BigInt(scaled);
    return toFixedPoint(plainNumber(price), this.places);
  }
}
