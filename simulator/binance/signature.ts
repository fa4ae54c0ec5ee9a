/** Who asks: API key, signature over the exact bytes sent, and the request's time against the wall clock. */
import { createHmac, timingSafeEqual } from 'node:crypto';
import {
  badKey,
  badKeyFormat,
  badSignature,
  illegalCharacters,
  mandatoryMissing,
  outsideRecvWindow,
  recvWindowTooLarge,
  timestampAhead,
} from './errors.ts';

export interface Credentials {
  readonly apiKey: string;
  readonly secret: string;
}

const DEFAULT_RECV_WINDOW_MS = 5_000;
const MAX_RECV_WINDOW_MS = 60_000;
/** A request may be this far ahead of the venue's clock, not more. */
const AHEAD_MS = 1_000;

/** HMAC-SHA256, hex, as both sides compute it. */
export function sign(payload: string, secret: string): string {
  return createHmac('sha256', secret).update(payload).digest('hex');
}

/** Throws −2014 for a missing or misshapen key, −2015 for an unknown one. */
function checkKey(apiKey: string | undefined, credentials: Credentials): void {
  if (apiKey === undefined || !/^[\w-]{4,}$/.test(apiKey)) {
    throw badKeyFormat();
  }
  if (apiKey !== credentials.apiKey) {
    throw badKey();
  }
}

/**
 * Checks a signed REST request: `query` and `body` are the raw strings, signed as query + body without the
 * signature itself. Throws −2014, −2015, −1102, −1100, −1131, −1021, −1022.
 */
export function checkSigned(
  request: { readonly query: string; readonly body: string; readonly apiKey: string | undefined },
  params: URLSearchParams,
  credentials: Credentials,
  wallTime: number,
): void {
  checkKey(request.apiKey, credentials);
  checkTime(params, wallTime);
  const given = params.get('signature') ?? '';
  if (given === '') {
    throw mandatoryMissing('signature');
  }
  checkSignature(
    withoutSignature(request.query) + withoutSignature(request.body),
    given,
    credentials.secret,
  );
}

/** Checks the params of a signed WebSocket API request: sorted by name, joined as a query string. */
export function checkSignedParams(
  params: Readonly<Record<string, string>>,
  credentials: Credentials,
  wallTime: number,
): void {
  const search = new URLSearchParams(params);
  checkKey(params.apiKey, credentials);
  checkTime(search, wallTime);
  const { signature, ...signed } = params;
  if (signature === undefined) {
    throw mandatoryMissing('signature');
  }
  const payload = Object.entries(signed)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
  checkSignature(payload, signature, credentials.secret);
}

function checkTime(params: URLSearchParams, wallTime: number): void {
  const timestamp = wholeNumber(params, 'timestamp');
  if (timestamp === undefined) {
    throw mandatoryMissing('timestamp');
  }
  const recvWindow = wholeNumber(params, 'recvWindow') ?? DEFAULT_RECV_WINDOW_MS;
  if (recvWindow > MAX_RECV_WINDOW_MS) {
    throw recvWindowTooLarge();
  }
  if (timestamp >= wallTime + AHEAD_MS) {
    throw timestampAhead();
  }
  if (wallTime - timestamp > recvWindow) {
    throw outsideRecvWindow();
  }
}

function wholeNumber(params: URLSearchParams, name: string): number | undefined {
  const text = params.get(name);
  if (text === null || text === '') {
    return undefined;
  }
  if (!/^\d{1,20}$/.test(text)) {
    throw illegalCharacters(name, '^[0-9]{1,20}$');
  }
  return Number(text);
}

function withoutSignature(part: string): string {
  return part
    .split('&')
    .filter((pair) => !pair.startsWith('signature='))
    .join('&');
}

function checkSignature(payload: string, given: string, secret: string): void {
  const expected = Buffer.from(sign(payload, secret));
  const actual = Buffer.from(given);
  if (expected.length !== actual.length || !timingSafeEqual(expected, actual)) {
    throw badSignature();
  }
}
