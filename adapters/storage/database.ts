/**
 * The connection to PostgreSQL: `const db = openDatabase(url)`, and `await db.destroy()` at the end.
 * Nothing is connected until the first query; a lost connection fails the queries on it and is replaced.
 */
import { Kysely, PostgresDialect, type Transaction } from 'kysely';
import { Pool, TypeOverrides, types } from 'pg';
import { preparing } from './prepared-statements.ts';
import type { Database } from './tables.ts';

export type { Database } from './tables.ts';

/** What every query function takes: the pool, or the transaction it is to be part of. */
export type Queryable = Kysely<Database> | Transaction<Database>;

export interface DatabaseOptions {
  /** Most connections held at once. */
  readonly poolSize?: number;
  /** Told of connections that broke; their queries fail by themselves. */
  readonly onConnectionError?: (error: Error) => void;
}

const CONNECT_TIMEOUT_MS = 10_000;
/** No query of ours takes this long; a silent network must not hold a worker for ever. */
const QUERY_TIMEOUT_MS = 60_000;

const OID_INT8 = types.builtins.INT8;
const OID_DATE = types.builtins.DATE;

/** int8 as a number. Throws `RangeError` rather than lose a digit. */
export function parseSafeInteger(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) {
    throw new RangeError(`PostgreSQL returned ${text}, which is no safe integer`);
  }
  return value;
}

/** Type parsers of this pool only; the defaults of the process stay as they are. */
function typeParsers(): TypeOverrides {
  const overrides = new TypeOverrides();
  overrides.setTypeParser(OID_INT8, parseSafeInteger);
  // The default makes a local-time Date of it, which is another day in half of the world.
  overrides.setTypeParser(OID_DATE, (text: string) => text);
  return overrides;
}

/** Opens a pool on a `postgres://user:password@host:port/database` address. Never throws; queries do. */
export function openDatabase(url: string, options: DatabaseOptions = {}): Kysely<Database> {
  const pool = new Pool({
    connectionString: url,
    max: options.poolSize ?? 10,
    application_name: 'keel',
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    statement_timeout: QUERY_TIMEOUT_MS,
    query_timeout: QUERY_TIMEOUT_MS,
    // A process that hangs in a transaction must not keep its row locks.
    idle_in_transaction_session_timeout: QUERY_TIMEOUT_MS,
    keepAlive: true,
    types: typeParsers(),
  });
  const heard = (error: Error): void => options.onConnectionError?.(error);
  pool.on('error', heard);
  // The pool listens to idle clients only: one that breaks inside a transaction would end the process.
  pool.on('connect', (client) => client.on('error', heard));
  return new Kysely<Database>({ dialect: new PostgresDialect({ pool: preparing(pool) }) });
}
