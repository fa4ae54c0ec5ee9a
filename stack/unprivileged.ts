/**
 * PostgreSQL refuses to run as root. As root we run it as the system user `postgres`, which is made where it
 * is missing. That user must be able to walk to the data folder and to the programs; where a folder above them
 * is closed to others (a clone under /root, say), `setpriv` hands it just the capability to pass.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { StackError, messageOf } from './stack-error.ts';

export interface ServerUser {
  /** Undefined: run as whoever we are. */
  readonly uid: number | undefined;
  readonly gid: number | undefined;
  /** Turns a command into one that runs as that user. */
  wrap(
    command: string,
    args: readonly string[],
  ): { command: string; args: string[]; uid?: number; gid?: number };
}

const USER = 'postgres';

/** The folders on the way to `path` that other users may not walk through, outermost first. */
export function closedFolders(
  path: string,
  modeOf: (folder: string) => number = (folder) => statSync(folder).mode,
): string[] {
  const closed: string[] = [];
  for (let folder = dirname(resolve(path)); ; folder = dirname(folder)) {
    if ((modeOf(folder) & 0o001) === 0) closed.unshift(folder);
    if (folder === dirname(folder)) return closed;
  }
}

function idOf(flag: '-u' | '-g'): number | undefined {
  const answer = spawnSync('id', [flag, USER], { encoding: 'utf8' });
  return answer.status === 0 ? Number(answer.stdout.trim()) : undefined;
}

function ensureUser(): { uid: number; gid: number } {
  if (idOf('-u') === undefined) {
    try {
      execFileSync('groupadd', ['--system', '--force', USER], { stdio: 'pipe' });
      execFileSync('useradd', ['--system', '--gid', USER, '--no-create-home', USER], {
        stdio: 'pipe',
      });
    } catch (error) {
      throw new StackError(
        'postgres',
        `it does not run as root, and the user "${USER}" could not be made: ${messageOf(error)}`,
        `make it (useradd --system ${USER}), or run as a normal user`,
        { cause: error },
      );
    }
  }
  const uid = idOf('-u');
  const gid = idOf('-g');
  if (uid === undefined || gid === undefined) {
    throw new StackError(
      'postgres',
      `the user "${USER}" is not to be found`,
      'run as a normal user',
    );
  }
  return { uid, gid };
}

/** The user that PostgreSQL runs as, able to reach `paths`. */
export function serverUser(paths: readonly string[]): ServerUser {
  if (process.getuid?.() !== 0) {
    return {
      uid: undefined,
      gid: undefined,
      wrap: (command, args) => ({ command, args: [...args] }),
    };
  }
  const { uid, gid } = ensureUser();
  const closed = [...new Set(paths.flatMap((path) => closedFolders(path)))];
  if (closed.length === 0) {
    return { uid, gid, wrap: (command, args) => ({ command, args: [...args], uid, gid }) };
  }
  const pass = [
    `--reuid=${String(uid)}`,
    `--regid=${String(gid)}`,
    '--clear-groups',
    '--inh-caps=+dac_override',
    '--ambient-caps=+dac_override',
  ];
  const trial = spawnSync('setpriv', [...pass, 'true'], { encoding: 'utf8' });
  if (trial.status !== 0) {
    throw new StackError(
      'postgres',
      `it does not run as root, and the user "${USER}" cannot pass ${closed.join(', ')}`,
      'set KEEL_DATA_DIR to a folder that everybody can reach and clone the repository into one, ' +
        `or open the way (chmod o+x ${closed.join(' ')}), or run as a normal user`,
      { logTail: trial.stderr },
    );
  }
  return {
    uid,
    gid,
    wrap: (command, args) => ({ command: 'setpriv', args: [...pass, command, ...args] }),
  };
}
