/** Who asks: key, passphrase, signature over the exact bytes sent, and the request's time. */
import { createHmac, timingSafeEqual } from 'node:crypto';
import {
  headerMissing,
  timestampExpired,
  wrongKey,
  wrongPassphrase,
  wrongSign,
  wrongTimestamp,
} from './errors.ts';
import type { Credentials, OkxRequest } from './venue.ts';

/** A request may be this far from the venue's clock. */
const WINDOW_MS = 30_000;

/** HMAC-SHA256, base64, as both sides compute it. */
export function sign(payload: string, secret: string): string {
  return createHmac('sha256', secret).update(payload).digest('base64');
}

/** Throws 50103 … 50107 for a missing header, 50111, 50112, 50102, 50105, 50113 for a wrong one. */
export function checkSigned(
  { method, target, body, headers }: OkxRequest,
  credentials: Credentials,
  wallTime: number,
): void {
  const apiKey = header(headers, 'OK-ACCESS-KEY', '50103');
  const passphrase = header(headers, 'OK-ACCESS-PASSPHRASE', '50104');
  const given = header(headers, 'OK-ACCESS-SIGN', '50106');
  const timestamp = header(headers, 'OK-ACCESS-TIMESTAMP', '50107');
  if (apiKey !== credentials.apiKey) {
    throw wrongKey();
  }
  const sentAt = /^\d{4}-\d\d-\d\dT/.test(timestamp) ? Date.parse(timestamp) : Number.NaN;
  if (Number.isNaN(sentAt)) {
    throw wrongTimestamp();
  }
  if (Math.abs(wallTime - sentAt) > WINDOW_MS) {
    throw timestampExpired();
  }
  if (passphrase !== credentials.passphrase) {
    throw wrongPassphrase();
  }
  if (!isSignature(timestamp + method + target + body, given, credentials.secret)) {
    throw wrongSign();
  }
}

/** Whether `given` is the signature of a WebSocket log-in at `timestamp`, in seconds. */
export function isLoginSignature(timestamp: string, given: string, secret: string): boolean {
  return isSignature(`${timestamp}GET/users/self/verify`, given, secret);
}

/** `timestamp` of a log-in is in seconds. */
export function isLoginTimely(timestamp: string, wallTime: number): boolean {
  return Math.abs(wallTime - Number(timestamp) * 1_000) <= WINDOW_MS;
}

function header(headers: OkxRequest['headers'], name: string, missing: string): string {
  const value = headers[name.toLowerCase()];
  if (value === undefined || value === '') {
    throw headerMissing(missing, name);
  }
  return value;
}

function isSignature(payload: string, given: string, secret: string): boolean {
  const expected = Buffer.from(sign(payload, secret));
  const actual = Buffer.from(given);
  return expected.length === actual.length && timingSafeEqual(expected, actual);
}
