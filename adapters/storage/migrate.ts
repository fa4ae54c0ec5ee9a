/**
 * Migrations: `migrations/NNNN-name.sql`, numbered, forward only. `await migrate(url)` creates the database
 * where it is missing and applies what is new, each file in a transaction of its own. Any number of
 * processes may call it at once.
 */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client } from 'pg';
import { KeelError } from '../../core/errors.ts';
import { toKeelError } from './postgres-errors.ts';

/** The repository's own folder. */
const MIGRATIONS_FOLDER = fileURLToPath(new URL('../../migrations', import.meta.url));

const FILE_PATTERN = /^\d{4}-[a-z0-9-]+\.sql$/;
/** Any number, the same in every process: "keel" in ASCII. */
const LOCK_KEY = 0x6b65656c;
const DATABASE_MISSING = '3D000';
/** The second of two processes creating one database gets one of these. */
const DATABASE_EXISTS = new Set(['42P04', '23505']);

export interface Migration {
  readonly name: string;
  readonly sql: string;
  /** sha256 of the text, line ends made equal. */
  readonly checksum: string;
}

/** The migrations of a folder in their order. Throws INVALID_INPUT on a misnamed file or a number used twice. */
export async function readMigrations(folder = MIGRATIONS_FOLDER): Promise<readonly Migration[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.sql')).sort();
  const numbers = new Set<string>();
  for (const name of names) {
    const number = name.slice(0, 4);
    if (!FILE_PATTERN.test(name) || numbers.has(number)) {
      throw new KeelError(
        'INVALID_INPUT',
        `migration "${name}" in ${folder} must be named NNNN-name.sql with a number of its own`,
      );
    }
    numbers.add(number);
  }
  return Promise.all(
    names.map(async (name) => {
      const sql = (await readFile(join(folder, name), 'utf8')).replaceAll('\r\n', '\n');
      return { name, sql, checksum: createHash('sha256').update(sql).digest('hex') };
    }),
  );
}

/**
 * Brings the database at `url` up to date and returns the names applied now, none if it was already.
 * Throws CONFLICT when an applied migration was edited, is missing here (the code is older than the
 * database), or a new one is numbered before an applied one; INTERNAL with PostgreSQL's message when a
 * migration fails (it leaves nothing behind); UNAVAILABLE when PostgreSQL does not answer.
 */
export async function migrate(url: string, folder = MIGRATIONS_FOLDER): Promise<string[]> {
  const migrations = await readMigrations(folder);
  try {
    const client = await connectCreating(url);
    try {
      // Held to the end of the session, so a second process waits and then finds nothing to do.
      await client.query('select pg_advisory_lock($1)', [LOCK_KEY]);
      return await applyNew(client, migrations);
    } finally {
      await client.end();
    }
  } catch (error) {
    throw toKeelError(error);
  }
}

async function applyNew(client: Client, migrations: readonly Migration[]): Promise<string[]> {
  await client.query(`create table if not exists schema_migrations (
    name text primary key, checksum text not null, applied_at timestamptz not null default now())`);
  const { rows } = await client.query<{ name: string; checksum: string }>(
    'select name, checksum from schema_migrations order by name',
  );
  const applied = new Map(rows.map((row) => [row.name, row.checksum]));
  checkApplied(migrations, applied);
  const fresh = migrations.filter((migration) => !applied.has(migration.name));
  for (const migration of fresh) await apply(client, migration);
  return fresh.map((migration) => migration.name);
}

function checkApplied(
  migrations: readonly Migration[],
  applied: ReadonlyMap<string, string>,
): void {
  const known = new Map(migrations.map((migration) => [migration.name, migration]));
  for (const [name, checksum] of applied) {
    const migration = known.get(name);
    if (migration === undefined) {
      throw new KeelError(
        'CONFLICT',
        `the database has migration "${name}", which this code does not know: run the newer code`,
      );
    }
    if (migration.checksum !== checksum) {
      throw new KeelError(
        'CONFLICT',
        `migration "${name}" was edited after it was applied (checksum ${migration.checksum.slice(0, 12)}, ` +
          `applied ${checksum.slice(0, 12)}): restore the file and put the change into a new migration`,
      );
    }
  }
  const last = [...applied.keys()].sort().at(-1);
  const late = migrations.find(
    ({ name }) => !applied.has(name) && last !== undefined && name < last,
  );
  if (late !== undefined) {
    throw new KeelError(
      'CONFLICT',
      `migration "${late.name}" comes before "${last ?? ''}", which is applied already: give it a higher number`,
    );
  }
}

async function apply(client: Client, migration: Migration): Promise<void> {
  await client.query('begin');
  try {
    await client.query(migration.sql);
    await client.query('insert into schema_migrations (name, checksum) values ($1, $2)', [
      migration.name,
      migration.checksum,
    ]);
    await client.query('commit');
  } catch (error) {
    await client.query('rollback');
    const cause = toKeelError(error);
    throw new KeelError(cause.code, `migration "${migration.name}" failed: ${cause.message}`, {
      cause: error,
    });
  }
}

/** Connects to the database of the address, creating it first if the server has none of that name. */
async function connectCreating(url: string): Promise<Client> {
  try {
    return await connect(url);
  } catch (error) {
    if (stateOf(error) !== DATABASE_MISSING) throw error;
  }
  await createDatabase(url);
  return connect(url);
}

async function createDatabase(url: string): Promise<void> {
  const maintenance = new URL(url);
  const name = decodeURIComponent(maintenance.pathname.slice(1));
  maintenance.pathname = '/postgres';
  const client = await connect(maintenance.href);
  try {
    await client.query(`create database ${client.escapeIdentifier(name)}`);
  } catch (error) {
    if (!DATABASE_EXISTS.has(stateOf(error) ?? '')) throw error;
  } finally {
    await client.end();
  }
}

async function connect(connectionString: string): Promise<Client> {
  const client = new Client({ connectionString, connectionTimeoutMillis: 10_000 });
  let broken: Error | undefined;
  // Without a listener a connection cut between two queries ends the process; the next query tells it.
  client.on('error', (error) => (broken = error));
  try {
    await client.connect();
  } catch (error) {
    throw broken ?? error;
  }
  return client;
}

function stateOf(error: unknown): string | undefined {
  return typeof error === 'object' && error !== null && 'code' in error
    ? String(error.code)
    : undefined;
}
