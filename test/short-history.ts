/** A Temporal dev server that asks workflows to continue as new after a few events, not after thousands. */
import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { cacheFolder } from '../stack/folders.ts';
import { findTemporal } from '../stack/temporal-program.ts';
import { SEARCH_ATTRIBUTES } from '../temporal-config/search-attributes.ts';

/** Starts the server in a process that has no Temporal runtime yet; call `teardown()` on it in the end. */
export async function shortHistoryEnvironment(events: number): Promise<TestWorkflowEnvironment> {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  return shortHistoryServer(events);
}

/** The same under the runtime there is. */
export async function shortHistoryServer(events: number): Promise<TestWorkflowEnvironment> {
  const path = await findTemporal({
    configured: process.env['TEMPORAL_CLI'],
    path: process.env['PATH'] ?? '',
    cacheDir: cacheFolder(),
    say: () => undefined,
  });
  return TestWorkflowEnvironment.createLocal({
    server: {
      executable: { type: 'existing-path', path },
      searchAttributes: Object.keys(SEARCH_ATTRIBUTES).map((name) =>
        defineSearchAttributeKey(name, SearchAttributeType.KEYWORD),
      ),
      extraArgs: [
        '--dynamic-config-value',
        `limit.historyCount.suggestContinueAsNew=${String(events)}`,
      ],
    },
  });
}
