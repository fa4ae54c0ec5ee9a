/** Where the stack keeps what it downloads and what it stores. */
import { join, resolve } from 'node:path';

const REPOSITORY = resolve(import.meta.dirname, '..');

/** The data folder: KEEL_DATA_DIR, or `.keel` in the repository. */
export function dataFolder(environment: NodeJS.ProcessEnv = process.env): string {
  return resolve(environment['KEEL_DATA_DIR'] ?? join(REPOSITORY, '.keel'));
}

/** Downloaded programs, kept between runs: KEEL_CACHE_DIR, or `.keel/cache` in the repository. */
export function cacheFolder(environment: NodeJS.ProcessEnv = process.env): string {
  return resolve(environment['KEEL_CACHE_DIR'] ?? join(REPOSITORY, '.keel', 'cache'));
}
