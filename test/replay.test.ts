/**
 * The recorded histories still replay: workflows that run now will go on under this code. And a change that
 * is not deterministic is noticed, shown with a workflow that waits a second before its first step.
 */
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { DefaultLogger, Runtime, Worker, type ReplayWorkerOptions } from '@temporalio/worker';
import { changedSources, type ChangedSources } from './factories/changed-sources.ts';
import { readHistories } from './histories.ts';
import { workflowParts } from './workflow-coverage/worker-parts.ts';

const PATHS = [
  'order-filled',
  'order-denied',
  'order-blocked',
  'order-cancelled',
  'order-timed-out',
  'order-rejected',
  'order-retried-after-ambiguous-timeout',
  'strategy-stopped',
  'strategy-failed',
  'strategy-superseded',
];

jest.setTimeout(120_000);

/** Workflow id → what went wrong, for those that do not replay. */
async function failures(options: ReplayWorkerOptions): Promise<Record<string, string>> {
  const failed: Record<string, string> = {};
  const results = Worker.runReplayHistories(options, readHistories());
  for await (const { workflowId, error } of results) {
    if (error !== undefined) failed[workflowId] = error.message;
  }
  return failed;
}

describe('recorded histories', () => {
  let changed: ChangedSources;

  beforeAll(() => {
    Runtime.install({ logger: new DefaultLogger('ERROR') });
    changed = changedSources();
  });
  afterAll(() => {
    changed.remove();
  });

  it('there is one for each path an order, or a strategy, can take', () => {
    const names = readHistories().map(({ workflowId }) => workflowId);
    expect(names).toEqual(expect.arrayContaining(PATHS));
  });

  it('replay under the workflows of today', async () => {
    expect(await failures(await workflowParts())).toEqual({});
  });

  it('do not replay under a workflow with a timer put in', async () => {
    const failed = await failures({ workflowBundle: await changed.bundle() });
    expect(Object.keys(failed).sort()).toEqual(
      readHistories()
        .map(({ workflowId }) => workflowId)
        .filter((name) => name.startsWith('order-'))
        .sort(),
    );
    expect(Object.values(failed)[0]).toMatch(/nondeterminism/i);
  });
});
