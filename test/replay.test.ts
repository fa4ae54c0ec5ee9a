/**
 * The recorded histories still replay: workflows that run now will go on under this code. And a change that
 * is not deterministic is noticed, shown with a workflow that waits a second before its first step.
 */
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import {
  bundleWorkflowCode,
  DefaultLogger,
  Runtime,
  Worker,
  type ReplayWorkerOptions,
} from '@temporalio/worker';
import { readHistories } from './histories.ts';
import { workflowParts } from './workflow-coverage/worker-parts.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
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
  let changed = '';

  beforeAll(() => {
    Runtime.install({ logger: new DefaultLogger('ERROR') });
    // Inside the repository, so that the copy finds node_modules.
    mkdirSync(join(ROOT, '.keel'), { recursive: true });
    changed = mkdtempSync(join(ROOT, '.keel', 'replay-'));
  });
  afterAll(() => {
    rmSync(changed, { recursive: true, force: true });
  });

  it('there is one for each path an order, or a strategy, can take', () => {
    const names = readHistories().map(({ workflowId }) => workflowId);
    expect(names).toEqual(expect.arrayContaining(PATHS));
  });

  it('replay under the workflows of today', async () => {
    expect(await failures(await workflowParts())).toEqual({});
  });

  it('do not replay under a workflow with a timer put in', async () => {
    cpSync(join(ROOT, 'workflows'), join(changed, 'workflows'), { recursive: true });
    for (const room of ['core', 'activities', 'adapters', 'temporal-config', 'strategies']) {
      symlinkSync(join(ROOT, room), join(changed, room));
    }
    const file = join(changed, 'workflows', 'order-workflow.ts');
    const source = readFileSync(file, 'utf8');
    const mark = '  async toEnd(): Promise<OrderResult> {';
    expect(source).toContain(mark);
    writeFileSync(file, source.replace(mark, `${mark}\n    await sleep(1_000);`));
    const silent = (): void => undefined;
    const bundle = await bundleWorkflowCode({
      workflowsPath: join(changed, 'workflows', 'index.ts'),
      logger: {
        log: silent,
        trace: silent,
        debug: silent,
        info: silent,
        warn: silent,
        error: silent,
      },
    });
    const failed = await failures({ workflowBundle: bundle });
    expect(Object.keys(failed).sort()).toEqual(
      readHistories()
        .map(({ workflowId }) => workflowId)
        .filter((name) => name.startsWith('order-'))
        .sort(),
    );
    expect(Object.values(failed)[0]).toMatch(/nondeterminism/i);
  });
});
