/**
 * A copy of the product's sources whose order workflow waits a second before its first step: the next build,
 * with a change that open orders cannot be carried over.
 */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, type WorkflowBundleWithSourceMap } from '@temporalio/worker';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const ROOMS = [
  'activities',
  'adapters',
  'config',
  'core',
  'observability',
  'strategies',
  'temporal-config',
  'workers',
  'workflows',
];
const MARK = '  async toEnd(): Promise<OrderResult> {';

export interface ChangedSources {
  readonly folder: string;
  bundle(): Promise<WorkflowBundleWithSourceMap>;
  remove(): void;
}

export function changedSources(): ChangedSources {
  // Inside the repository, so that the copy finds node_modules.
  mkdirSync(join(ROOT, '.keel'), { recursive: true });
  const folder = mkdtempSync(join(ROOT, '.keel', 'changed-'));
  for (const room of ROOMS) cpSync(join(ROOT, room), join(folder, room), { recursive: true });
  const file = join(folder, 'workflows', 'order-run.ts');
  const source = readFileSync(file, 'utf8');
  if (!source.includes(MARK)) throw new Error(`order-run.ts has no line "${MARK}" to change`);
  writeFileSync(file, source.replace(MARK, `${MARK}\n    await sleep(1_000);`));
  const silent = (): void => undefined;
  return {
    folder,
    bundle: () =>
      bundleWorkflowCode({
        workflowsPath: join(folder, 'workflows', 'index.ts'),
        logger: {
          log: silent,
          trace: silent,
          debug: silent,
          info: silent,
          warn: silent,
          error: silent,
        },
      }),
    remove: () => {
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
