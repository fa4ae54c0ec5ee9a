/**
 * The recorded histories still replay: workflows that run now will go on under this code. And a change that
 * is not deterministic is noticed, shown with a workflow that waits a second before its first step.
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DefaultLogger, Runtime, type ReplayWorkerOptions } from '@temporalio/worker';
import { historyFiles, replayHistories } from '../adapters/temporal/replay.ts';
import { changedSources, type ChangedSources } from './factories/changed-sources.ts';
import { HISTORIES } from './histories.ts';
import { workflowParts } from './workflow-coverage/worker-parts.ts';

const PATHS = [
  'order-filled',
  'order-denied',
  'order-blocked',
  'order-cancelled',
  'order-timed-out',
  'order-rejected',
  'order-retried-after-ambiguous-timeout',
  'order-twap',
  'order-iceberg',
  'order-split',
  'order-where-held',
  'leg',
  'order-local-unknown-escalated',
  'guard-stop-filled',
  'guard-take-profit',
  'guard-trailing',
  'guard-stood-aside',
  'guard-cleared',
  'guard-stop-refused',
  'guard-dust',
  'guard-continued',
  'amend-replaced',
  'amend-filled',
  'reconcile-agreed',
  'reconcile-repaired',
  'strategy-stopped',
  'strategy-failed',
  'strategy-superseded',
  'study-done',
  'study-cancelled',
  'study-failed',
];

function names(): string[] {
  return historyFiles(HISTORIES).map((file) => file.replace('.json', ''));
}

/** Name → what went wrong, for those that do not replay. */
async function failures(options: ReplayWorkerOptions): Promise<Record<string, string>> {
  const replayed = await replayHistories(HISTORIES, options);
  return Object.fromEntries(
    replayed.flatMap(({ file, failure }) =>
      failure === null ? [] : [[file.replace('.json', ''), failure]],
    ),
  );
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

  it('there is one for each path an order, a guard, an account, a strategy or a study can take', () => {
    expect(names()).toEqual(expect.arrayContaining(PATHS));
  });

  it('are of workflows that load no schema library: each evaluates its modules anew', async () => {
    const { workflowBundle } = await workflowParts();
    const code = 'code' in workflowBundle ? workflowBundle.code : '';
    const modules = code.match(/^\/\*\*\*\/ "[^"]+"/gm) ?? [];
    expect(modules.filter((name) => name.includes('/core/money.ts'))).toHaveLength(1);
    expect(modules.filter((name) => name.includes('node_modules/zod/'))).toEqual([]);
  });

  it('replay under the workflows of today', async () => {
    expect(await failures(await workflowParts())).toEqual({});
  });

  it('do not replay under a workflow with a timer put in', async () => {
    const failed = await failures({ workflowBundle: await changed.bundle() });
    expect(Object.keys(failed).sort()).toEqual(
      names()
        .filter((name) => name.startsWith('order-'))
        .sort(),
    );
    expect(Object.values(failed)[0]).toMatch(/nondeterminism/i);
  });
});
