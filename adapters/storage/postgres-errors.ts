/**
 * PostgreSQL's and the driver's failures as KeelError, and transactions that try again where PostgreSQL
 * asks for it.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Kysely, Transaction } from 'kysely';
import type { DatabaseError } from 'pg';
import { KeelError, type ErrorCode } from '../../core/errors.ts';
import type { Queryable } from './database.ts';
import { isPlanOutdated } from './prepared-statements.ts';
import type { Database } from './tables.ts';

const UNIQUE_VIOLATION = '23505';
const FOREIGN_KEY_VIOLATION = '23503';
const SERIALIZATION_FAILURE = '40001';
const DEADLOCK = '40P01';

const NETWORK_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
]);

/** pg and kysely tell these by message only. */
const CONNECTION_MESSAGES =
  /connection terminated|timeout exceeded when trying to connect|query read timeout|not queryable|after calling end on the pool|driver has already been destroyed|client was closed/i;

/** SQLSTATE classes and codes that mean: not now, or not this server. */
const UNAVAILABLE_STATES = /^(08|53|57P0|57014|3D000|28|25006|40001|40P01|55P03|25P03)/;

function codeOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/** By its shape: `instanceof` fails for errors of another realm, such as Node's own under jest. */
function isErrorLike(error: unknown): error is Error {
  return typeof error === 'object' && error !== null && 'message' in error && 'stack' in error;
}

/** The server's errors alone carry a severity. */
function isDatabaseError(error: unknown): error is DatabaseError {
  return isErrorLike(error) && 'severity' in error;
}

export function isUniqueViolation(error: unknown): boolean {
  return codeOf(error) === UNIQUE_VIOLATION;
}

export function isForeignKeyViolation(error: unknown): boolean {
  return codeOf(error) === FOREIGN_KEY_VIOLATION;
}

/** PostgreSQL gave one of several transactions up, that the others may go on. */
function isContended(error: unknown): boolean {
  const code = codeOf(error);
  return code === DEADLOCK || code === SERIALIZATION_FAILURE;
}

function keelCode(error: Error): ErrorCode {
  if (isPlanOutdated(error)) return 'UNAVAILABLE';
  const code = codeOf(error);
  if (isDatabaseError(error) && code !== undefined) {
    if (UNAVAILABLE_STATES.test(code)) return 'UNAVAILABLE';
    if (code === UNIQUE_VIOLATION) return 'CONFLICT';
    if (code === FOREIGN_KEY_VIOLATION) return 'NOT_FOUND';
    if (code.startsWith('22') || code.startsWith('23')) return 'INVALID_INPUT';
    return 'INTERNAL';
  }
  if (code !== undefined && NETWORK_CODES.has(code)) return 'UNAVAILABLE';
  return CONNECTION_MESSAGES.test(error.message) ? 'UNAVAILABLE' : 'INTERNAL';
}

/** Any failure as a KeelError; one of ours passes as it is. */
export function toKeelError(error: unknown): KeelError {
  if (error instanceof KeelError) return error;
  if (!isErrorLike(error)) {
    return new KeelError('INTERNAL', `storage failed with ${String(error)}`);
  }
  const code = keelCode(error);
  const sqlState = codeOf(error);
  // An AggregateError of refused connections has no message of its own.
  const said = error.message === '' ? (sqlState ?? error.name) : error.message;
  const message = messageOf(error, code, said);
  const detail = isDatabaseError(error)
    ? { sqlState, detail: error.detail, table: error.table, constraint: error.constraint }
    : { sqlState };
  return new KeelError(code, message, { cause: error, details: detail });
}

function messageOf(error: Error, code: ErrorCode, said: string): string {
  if (isPlanOutdated(error))
    return `a table has other columns since a migration: ${said}; the same again will work`;
  if (isContended(error))
    return `another transaction was in the way: ${said}; the same again will work`;
  return code === 'UNAVAILABLE'
    ? `PostgreSQL does not answer: ${said}; check that it runs and that postgresUrl is right`
    : `PostgreSQL refused the statement: ${said}`;
}

/** The same repository, each of its methods throwing KeelError and nothing else. */
export function withKeelErrors<T extends object>(repository: T): T {
  const methods = repository as Record<string, (...args: unknown[]) => Promise<unknown>>;
  const wrapped = Object.entries(methods).map(([name, method]) => [
    name,
    async (...args: unknown[]): Promise<unknown> => {
      try {
        return await method(...args);
      } catch (error) {
        throw toKeelError(error);
      }
    },
  ]);
  return Object.fromEntries(wrapped) as T;
}

const ATTEMPTS = 6;
const BACK_OFF_MS = 10;

/**
 * Runs `work` in a transaction (read committed), again when PostgreSQL found a deadlock, could not serialise
 * it, or had planned a statement before a migration. Inside a transaction it is simply part of that one.
 */
export async function inTransaction<T>(
  db: Queryable,
  work: (trx: Transaction<Database>) => Promise<T>,
): Promise<T> {
  if (isTransaction(db)) return work(db);
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await db.transaction().execute(work);
    } catch (error) {
      const again = isContended(error) || isPlanOutdated(error);
      if (!again || attempt >= ATTEMPTS) throw error;
      await sleep(BACK_OFF_MS * 2 ** attempt * Math.random());
    }
  }
}

function isTransaction(db: Kysely<Database>): db is Transaction<Database> {
  return db.isTransaction;
}
