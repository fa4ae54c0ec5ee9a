/** Reads request parameters as the venue does, and refuses them with its own codes. */
import { decimal, type Decimal } from '../../core/money.ts';
import {
  illegalCharacters,
  mandatoryMissing,
  parameterEmpty,
  tooManyParameters,
  tooMuchPrecision,
  VenueError,
} from './errors.ts';

const DECIMAL_RANGE = '^([0-9]{1,20})(\\.[0-9]{1,20})?$';
const CLIENT_ID_RANGE = '^[a-zA-Z0-9-_]{1,36}$';
const INTEGER_RANGE = '^[0-9]{1,20}$';
const SYMBOL_RANGE = '^[A-Z0-9-_.]{1,20}$';
const PRECISION = 8;
const COMMON = ['timestamp', 'recvWindow', 'signature'];

/** Refuses parameters the endpoint does not know: −1101. */
export function onlyKnown(params: URLSearchParams, known: readonly string[]): void {
  const allowed = new Set([...known, ...COMMON]);
  const sent = [...params.keys()];
  const unknown = sent.filter((name) => !allowed.has(name));
  if (unknown.length > 0) {
    throw tooManyParameters(sent.length - unknown.length, sent.length);
  }
}

/** −1105 where sent empty, −1100 for characters outside the range. */
export function optionalText(
  params: URLSearchParams,
  name: string,
  range: string,
): string | undefined {
  const value = params.get(name);
  if (value === null) {
    return undefined;
  }
  if (value === '') {
    throw parameterEmpty(name);
  }
  if (!new RegExp(range).test(value)) {
    throw illegalCharacters(name, range);
  }
  return value;
}

/** As `optionalText`, and −1102 where not sent. */
export function mandatoryText(params: URLSearchParams, name: string, range: string): string {
  const value = optionalText(params, name, range);
  if (value === undefined) {
    throw mandatoryMissing(name);
  }
  return value;
}

export const symbolName = (params: URLSearchParams): string =>
  mandatoryText(params, 'symbol', SYMBOL_RANGE);
export const optionalSymbolName = (params: URLSearchParams): string | undefined =>
  optionalText(params, 'symbol', SYMBOL_RANGE);
export const clientId = (params: URLSearchParams, name: string): string | undefined =>
  optionalText(params, name, CLIENT_ID_RANGE);

/** −1130 … for what is no whole number. */
export function optionalInteger(params: URLSearchParams, name: string): number | undefined {
  const text = optionalText(params, name, INTEGER_RANGE);
  return text === undefined ? undefined : Number(text);
}

/** The `limit` of a list: the default where not sent, cut to the largest; −1130 for zero. */
export function listLimit(params: URLSearchParams, standard: number, largest: number): number {
  const limit = optionalInteger(params, 'limit') ?? standard;
  if (limit < 1) {
    throw new VenueError(-1130, "Data sent for parameter 'limit' is not valid.");
  }
  return Math.min(limit, largest);
}

/** A positive amount; −1111 past eight decimals, −1013 for zero. */
export function optionalAmount(params: URLSearchParams, name: string): Decimal | undefined {
  const text = optionalText(params, name, DECIMAL_RANGE);
  if (text === undefined) {
    return undefined;
  }
  const amount = decimal(text);
  if (amount.decimalPlaces() > PRECISION) {
    throw tooMuchPrecision(name);
  }
  if (amount.isZero()) {
    throw new VenueError(-1013, `Invalid ${name}.`);
  }
  return amount;
}

/** As `optionalAmount`, and −1102 where not sent. */
export function mandatoryAmount(params: URLSearchParams, name: string): Decimal {
  const amount = optionalAmount(params, name);
  if (amount === undefined) {
    throw mandatoryMissing(name);
  }
  return amount;
}
