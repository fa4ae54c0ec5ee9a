/**
 * A database for one test file: `const database = await testDatabase(); afterAll(() => database.drop())`.
 * The migrations run once per server and content, into a template; each test file gets a clone of it.
 */
import { createHash, randomBytes } from 'node:crypto';
import { Client } from 'pg';
import type { Kysely } from 'kysely';
import { type Database, openDatabase } from '../adapters/storage/database.ts';
import { migrate, readMigrations } from '../adapters/storage/migrate.ts';
import { serverVariable } from './server-variables.ts';

export interface TestDatabase {
  readonly url: string;
  readonly db: Kysely<Database>;
  /** Closes `db` and drops the database, whoever else is connected. */
  drop(): Promise<void>;
}

/** Any number: the same in every test process. */
const TEMPLATE_LOCK = 0x6b656574;

/** Throws when no PostgreSQL is to be had; define the tests with `describeWith('postgres', …)`. */
export async function testDatabase(options: { poolSize?: number } = {}): Promise<TestDatabase> {
  const server = serverVariable('postgres');
  if (server === undefined) {
    throw new Error('no PostgreSQL: set KEEL_TEST_POSTGRES_URL or use describeWith("postgres", …)');
  }
  const template = await ensureTemplate(server);
  const name = `keel_test_${randomBytes(6).toString('hex')}`;
  await asAdmin(server, (admin) => admin.query(`create database ${name} template ${template}`));
  const url = urlOf(server, name);
  const db = openDatabase(url, options);
  return {
    url,
    db,
    async drop() {
      await db.destroy();
      await asAdmin(server, (admin) => admin.query(`drop database if exists ${name} with (force)`));
    },
  };
}

/** The address of a database that is not there yet, for tests that create it themselves. */
export function freshDatabaseUrl(server: string): string {
  return urlOf(server, `keel_test_${randomBytes(6).toString('hex')}`);
}

/** Drops the database of an address. */
export async function dropDatabase(url: string): Promise<void> {
  const name = new URL(url).pathname.slice(1);
  await asAdmin(url, (admin) => admin.query(`drop database if exists ${name} with (force)`));
}

async function ensureTemplate(server: string): Promise<string> {
  const migrations = await readMigrations();
  const hash = createHash('sha256')
    .update(migrations.map(({ name, checksum }) => `${name} ${checksum}`).join('\n'))
    .digest('hex');
  const name = `keel_template_${hash.slice(0, 12)}`;
  await asAdmin(server, async (admin) => {
    // Held until this connection closes; only one process makes the template.
    await admin.query('select pg_advisory_lock($1)', [TEMPLATE_LOCK]);
    const found = await admin.query<{ datistemplate: boolean }>(
      'select datistemplate from pg_database where datname = $1',
      [name],
    );
    if (found.rows[0]?.datistemplate === true) return;
    // One that is not marked was left half made.
    await admin.query(`drop database if exists ${name} with (force)`);
    await migrate(urlOf(server, name));
    await admin.query(`alter database ${name} with is_template true`);
  });
  return name;
}

function urlOf(server: string, name: string): string {
  const url = new URL(server);
  url.pathname = `/${name}`;
  return url.href;
}

async function asAdmin<T>(server: string, work: (admin: Client) => Promise<T>): Promise<T> {
  const admin = new Client({ connectionString: urlOf(server, 'postgres') });
  await admin.connect();
  try {
    return await work(admin);
  } finally {
    await admin.end();
  }
}
