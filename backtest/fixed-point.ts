/**
 * Decimal numbers as scaled integers: `1.25` with 4 places is 12500. The backtest's books are kept in them, since
 * they are as exact as core's `Decimal` and many times faster; the tests hold both to the same figures
 * (docs/decisions/0011-backtest-money.md).
 */
import { KeelError } from '../core/errors.ts';
import { Decimal, plainNumber } from '../core/money.ts';
import { type Scaled, scaled } from './scaled.ts';

const UNITS = Array.from({ length: 64 }, (_, places) => powerOfTen(places));

/**
 * A decimal of at most 15 digits is told apart from all others by the double nearest to it, and JavaScript writes a
 * double with the fewest digits that tell it apart: so that double, written out, is the decimal. From 10^-6 on it
 * is written without an exponent. Powers of ten are exact doubles up to 10^22.
 */
const PLAIN_BELOW = 1e15;
const LEAST_PLAIN = 1e-6;
const MOST_EXACT_PLACES = 22;

function powerOfTen(places: number): Scaled {
  return scaled(10n ** BigInt(places));
}

/** 10^places. */
export function unitOf(places: number): Scaled {
  return UNITS[places] ?? powerOfTen(places);
}

/** Digits after the point that a decimal string needs: `"0.0100"` needs 2. */
export function placesOf(text: string): number {
  return new Decimal(text).decimalPlaces();
}

/** Reads a decimal string. Throws INVALID_INPUT where it needs more places, or is no number. */
export function toFixedPoint(text: string, places: number): Scaled {
  if (text === '0') return 0;
  const match = /^(-?)(\d+)(?:\.(\d*?)0*)?$/.exec(text);
  const [, sign = '', whole = '', fraction = ''] = match ?? [];
  if (match === null || fraction.length > places) {
    throw new KeelError(
      'INVALID_INPUT',
      `"${text}" is no decimal number of at most ${String(places)} places`,
    );
  }
  return scaled(BigInt(sign + whole + fraction.padEnd(places, '0')));
}

/** The canonical decimal string, as `toDecimalString` writes it. */
export function fromFixedPoint(value: Scaled, places: number): string {
  if (typeof value === 'number' && places <= MOST_EXACT_PLACES && Math.abs(value) < PLAIN_BELOW) {
    const number = value / 10 ** places;
    if (value === 0 || Math.abs(number) >= LEAST_PLAIN) return String(number);
  }
  const negative = value < 0;
  const digits = String(negative ? -value : value).padStart(places + 1, '0');
  const point = digits.length - places;
  let end = digits.length;
  while (end > point && digits.endsWith('0', end)) end -= 1;
  const whole = digits.slice(0, point);
  const text = end === point ? whole : `${whole}.${digits.slice(point, end)}`;
  return negative ? `-${text}` : text;
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
  read(price: number): Scaled {
    const units = Math.round(price * this.factor);
    // The double nearest to units / 10^places is the price itself: nothing was rounded away.
    if (units < Number.MAX_SAFE_INTEGER && units / this.factor === price) return units;
    return toFixedPoint(plainNumber(price), this.places);
  }
}
