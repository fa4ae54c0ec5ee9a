/**
 * Temporal's time-skipping server for workflow tests: a workflow's hours pass in milliseconds. Where neither
 * this machine nor pip has its program, @temporalio/testing downloads it.
 */
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { addSearchAttributes } from './namespace.ts';
import { timeSkippingProgram } from './time-skipping-program.ts';

/** Starts the server; call `teardown()` on it in the end. */
export async function timeSkippingEnvironment(): Promise<TestWorkflowEnvironment> {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  const path = await timeSkippingProgram();
  const environment = await TestWorkflowEnvironment.createTimeSkipping(
    path === undefined ? {} : { server: { executable: { type: 'existing-path', path } } },
  );
  await addSearchAttributes(environment.connection, environment.namespace ?? 'default');
  return environment;
}
