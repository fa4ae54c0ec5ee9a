/**
 * A Temporal namespace for one test file, as test/database.ts makes a database: suites that run at the same
 * time poll task queues of the same names, and none may take the other's tasks. It goes with its server.
 */
import { randomBytes } from 'node:crypto';
import { Connection } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time.js';
import proto from '@temporalio/proto';
import { SEARCH_ATTRIBUTES } from '../temporal-config/search-attributes.ts';
import { serverVariable } from './server-variables.ts';

const { INDEXED_VALUE_TYPE_KEYWORD } = proto.temporal.api.enums.v1.IndexedValueType;

export interface TestNamespace {
  /** host:port of the server. */
  readonly address: string;
  readonly namespace: string;
}

let made: Promise<TestNamespace> | undefined;

/** Made once a test file. Throws when no Temporal server is to be had: see `describeWith('temporal', …)`. */
export function testNamespace(): Promise<TestNamespace> {
  made ??= makeNamespace();
  return made;
}

async function makeNamespace(): Promise<TestNamespace> {
  const address = serverVariable('temporal');
  if (address === undefined) {
    throw new Error(
      'no Temporal: set KEEL_TEST_TEMPORAL_ADDRESS or use describeWith("temporal", …)',
    );
  }
  const namespace = `keel-test-${randomBytes(6).toString('hex')}`;
  const connection = await Connection.connect({ address });
  try {
    await connection.workflowService.registerNamespace({
      namespace,
      workflowExecutionRetentionPeriod: msToTs('1 day'),
    });
    await addSearchAttributes(connection, namespace);
  } finally {
    await connection.close();
  }
  return { address, namespace };
}

/** Makes our search attributes known there. */
export async function addSearchAttributes(
  { operatorService }: Pick<Connection, 'operatorService'>,
  namespace: string,
): Promise<void> {
  await operatorService.addSearchAttributes({
    namespace,
    searchAttributes: Object.fromEntries(
      Object.keys(SEARCH_ATTRIBUTES).map((name) => [name, INDEXED_VALUE_TYPE_KEYWORD]),
    ),
  });
}
