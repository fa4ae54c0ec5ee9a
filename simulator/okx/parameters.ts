/** Reads parameters of requests as the venue does, and refuses them with its own codes. */
import { z } from 'zod';
import { decimal, type Decimal } from '../../core/money.ts';
import { badBody, badParameter, badRow } from './errors.ts';

const row = z.record(z.string(), z.union([z.string(), z.boolean(), z.array(z.unknown())]));
export type Row = z.infer<typeof row>;

/** The rows of a trading request's body: one object, or a list of them. Throws 50002. */
export function rowsOf(body: string): Row[] {
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch {
    throw badBody();
  }
  const parsed = z
    .union([row.transform((one) => [one]), z.array(row).min(1).max(20)])
    .safeParse(json);
  if (!parsed.success) {
    throw badBody();
  }
  return parsed.data;
}

export function optional(from: Row, name: string): string | undefined {
  const value = from[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** Throws the row's error 51000. */
export function mandatory(from: Row, name: string): string {
  const value = optional(from, name);
  if (value === undefined) {
    throw badRow(name);
  }
  return value;
}

/** A positive decimal. Throws the row's error 51000. */
export function amount(from: Row, name: string): Decimal {
  const text = mandatory(from, name);
  const value = /^\d+(\.\d+)?$/.test(text) ? decimal(text) : decimal('0');
  if (value.isZero()) {
    throw badRow(name);
  }
  return value;
}

/** Throws 51000. */
export function oneOf<const T extends string>(
  query: URLSearchParams,
  name: string,
  allowed: readonly T[],
): T {
  const value = query.get(name);
  const found = allowed.find((word) => word === value);
  if (found === undefined) {
    throw badParameter(name);
  }
  return found;
}

/** A whole number; undefined where not sent. Throws 51000. */
export function wholeNumber(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  if (text === null || text === '') {
    return undefined;
  }
  if (!/^\d{1,20}$/.test(text)) {
    throw badParameter(name);
  }
  return Number(text);
}

/** The page of a list that is newest first: older than `after`, newer than `before`, at most `limit`. */
export function pageOf<T>(
  newestFirst: readonly T[],
  query: URLSearchParams,
  idOf: (one: T) => number,
  largest = 100,
): T[] {
  const after = wholeNumber(query, 'after') ?? Infinity;
  const before = wholeNumber(query, 'before') ?? -Infinity;
  const limit = Math.min(wholeNumber(query, 'limit') ?? largest, largest);
  return newestFirst.filter((one) => idOf(one) < after && idOf(one) > before).slice(0, limit);
}
