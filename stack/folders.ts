/** Where the stack keeps what it downloads and what it stores. */
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

const REPOSITORY = resolve(import.meta.dirname, '..');

/** The data folder: KEEL_DATA_DIR, or `.keel` in the repository. */
export function dataFolder(environment: NodeJS.ProcessEnv = process.env): string {
  return resolve(environment['KEEL_DATA_DIR'] ?? join(REPOSITORY, '.keel'));
}

/** Downloaded programs, shared by all clones: KEEL_CACHE_DIR, or `keel` in the user's cache folder. */
export function cacheFolder(environment: NodeJS.ProcessEnv = process.env): string {
  return resolve(
    environment['KEEL_CACHE_DIR'] ??
      join(environment['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'keel'),
  );
}
