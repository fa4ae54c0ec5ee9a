/** PostgreSQL on this machine: `await startPostgres({ dataDir })`, then connect to `.url`. */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chownSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { choosePort, LOOPBACK } from './ports.ts';
import { endLeftovers, endProcess, listProcesses } from './processes.ts';
import { findPrograms, type PostgresKind, type PostgresPrograms } from './postgres-programs.ts';
import { launch, type LaunchOptions, type OnProgress, type Server } from './server.ts';
import { StackError, messageOf } from './stack-error.ts';
import { serverUser, type ServerUser } from './unprivileged.ts';

export interface PostgresOptions {
  /** The stack's data folder; PostgreSQL's own is `postgres` in it. */
  readonly dataDir: string;
  readonly port?: number;
  /** Default `embedded`; `native` prefers the programs the system has. */
  readonly kind?: PostgresKind;
  /** False for tests: faster, and a power cut may lose what was written. Default true. */
  readonly durable?: boolean;
  /** Made where it is missing. Default `keel`. */
  readonly database?: string;
  readonly onProgress?: OnProgress;
}

const USER = 'keel';
const STOP_MS = 15_000;
const ORPHANS_MS = 20_000;
const ORPHANS_HOLD = 'pre-existing shared memory block';

/** Starts PostgreSQL, listening on the loopback address only, with a password of its own. Throws StackError. */
export async function startPostgres(options: PostgresOptions): Promise<Server> {
  const root = resolve(options.dataDir);
  const folder = join(root, 'postgres');
  const logFile = join(root, 'logs', 'postgres.log');
  const say = (what: string): void => options.onProgress?.('postgres', what);
  mkdirSync(root, { recursive: true });

  const programs = await findPrograms(options.kind ?? 'embedded', folder);
  const user = serverUser([folder, programs.postgres]);
  await endOrphan(folder, say);
  const password = keptPassword(join(root, 'postgres.password'));
  if (!existsSync(join(folder, 'PG_VERSION'))) {
    say(`makes a new database of PostgreSQL ${String(programs.major)}`);
    await initialise(programs, folder, password, user);
  }
  const port = await choosePort('postgres', options.port);
  const database = options.database ?? 'keel';
  const url = `postgres://${USER}:${password}@${LOOPBACK}:${String(port)}/${database}`;
  const maintenanceUrl = `postgres://${USER}:${password}@${LOOPBACK}:${String(port)}/postgres`;
  const settings = [
    `listen_addresses=${LOOPBACK}`,
    'unix_socket_directories=',
    'max_connections=300',
    ...(options.durable === false
      ? ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off']
      : []),
  ];
  say('starts');
  return afterOrphans({
    name: 'postgres',
    url,
    ...user.wrap(programs.postgres, [
      '-D',
      folder,
      '-p',
      String(port),
      ...settings.flatMap((setting) => ['-c', setting]),
    ]),
    env: { ...process.env, LC_MESSAGES: 'C' },
    logFile,
    probe: () => ensureDatabase(maintenanceUrl, database),
    readyTimeoutMs: 60_000,
    stopSignal: 'SIGINT',
    stopTimeoutMs: STOP_MS,
    remedy: `read ${logFile}; if the folder ${folder} is damaged, move it away to begin with an empty database`,
  });
}

/**
 * A server that was killed leaves children that end within seconds, each when it next looks for its parent;
 * until the last is gone a new one refuses to serve their memory.
 */
async function afterOrphans(options: LaunchOptions): Promise<Server> {
  const deadline = Date.now() + ORPHANS_MS;
  for (;;) {
    try {
      return await launch(options);
    } catch (error) {
      const waits = error instanceof StackError && error.message.includes(ORPHANS_HOLD);
      if (!waits || Date.now() > deadline) throw error;
      await sleep(200);
    }
  }
}

/** Local users other than this one must not get in, so there is a password, kept for the next start. */
function keptPassword(file: string): string {
  if (!existsSync(file)) writeFileSync(file, randomBytes(18).toString('hex'), { mode: 0o600 });
  return readFileSync(file, 'utf8').trim();
}

/**
 * A parent that was killed leaves PostgreSQL serving, and its lock file forbids a second start. The file's
 * first line is a pid, which may be somebody else's by now, so its command line must name our folder.
 */
async function endOrphan(folder: string, say: (what: string) => void): Promise<void> {
  const lockFile = join(folder, 'postmaster.pid');
  if (existsSync(lockFile)) {
    const pid = Number(readFileSync(lockFile, 'utf8').split('\n')[0]);
    const ours = listProcesses().some(
      (entry) => entry.pid === pid && entry.command.includes(folder),
    );
    if (ours) {
      say(`stops process ${String(pid)}, left behind by an earlier run`);
      await endProcess(pid, 'SIGINT', STOP_MS);
    }
  }
  await endLeftovers('postgres', folder, 'SIGINT', STOP_MS);
}

async function initialise(
  programs: PostgresPrograms,
  folder: string,
  password: string,
  user: ServerUser,
): Promise<void> {
  // What an interrupted initdb left is not a database.
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const passwordFile = join(folder, '..', 'postgres.initial-password');
  writeFileSync(passwordFile, password, { mode: 0o600 });
  if (user.uid !== undefined && user.gid !== undefined) {
    chownSync(folder, user.uid, user.gid);
    chownSync(passwordFile, user.uid, user.gid);
  }
  try {
    await runInitdb(programs, folder, passwordFile, user);
  } finally {
    rmSync(passwordFile, { force: true });
  }
}

function runInitdb(
  programs: PostgresPrograms,
  folder: string,
  passwordFile: string,
  user: ServerUser,
): Promise<void> {
  const { command, args, ...ids } = user.wrap(programs.initdb, [
    `--pgdata=${folder}`,
    `--username=${USER}`,
    `--pwfile=${passwordFile}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    '--locale=C',
    '--no-sync',
  ]);
  return new Promise((resolvePromise, reject) => {
    const child = spawn(command, args, { ...ids, cwd: '/', stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    const collect = (chunk: Buffer): void => {
      output += chunk.toString('utf8');
    };
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    const fail = (reason: string): void => {
      reject(
        new StackError(
          'postgres',
          `initdb ${reason}`,
          `check that ${folder} can be written and the disk is not full`,
          {
            logTail: output,
          },
        ),
      );
    };
    child.once('error', (error) => {
      fail(`cannot be run: ${messageOf(error)}`);
    });
    child.once('close', (code) => {
      if (code === 0) resolvePromise();
      else fail(`ended with exit code ${String(code)}`);
    });
  });
}

/** Answers only when the server does. */
async function ensureDatabase(maintenanceUrl: string, database: string): Promise<void> {
  const client = new pg.Client({ connectionString: maintenanceUrl, connectionTimeoutMillis: 5000 });
  client.on('error', () => {
    // The query that runs tells of it.
    void client.end();
  });
  await client.connect();
  try {
    const { rowCount } = await client.query('select 1 from pg_database where datname = $1', [
      database,
    ]);
    if (rowCount === 0) await client.query(`create database ${client.escapeIdentifier(database)}`);
  } finally {
    await client.end();
  }
}
