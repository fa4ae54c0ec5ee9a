/**
 * Workflows run in Temporal's sandbox, where jest does not see them. `workflowParts()` gives a test's worker
 * the bundle of all workflows; under `--coverage` it is an instrumented one, whose counts go to jest's.
 * (@temporalio/nyc-test-coverage does this for nyc: it compiles for another target than jest, and leaves
 * objects in `__coverage__` that jest 30 cannot read.)
 */
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, type BundleOptions, type WorkerOptions } from '@temporalio/worker';
import libCoverage, { type CoverageMapData } from 'istanbul-lib-coverage';
import { workflowBundle } from '../../adapters/temporal/worker.ts';

export type WorkflowParts = Required<Pick<WorkerOptions, 'workflowBundle' | 'sinks'>>;

function pathOf(file: string): string {
  return fileURLToPath(new URL(file, import.meta.url));
}

let parts: Promise<WorkflowParts> | undefined;

/** Bundled once a test file. */
export function workflowParts(): Promise<WorkflowParts> {
  parts ??= '__coverage__' in globalThis ? instrumented() : plain();
  return parts;
}

async function plain(): Promise<WorkflowParts> {
  return { workflowBundle: await workflowBundle(), sinks: {} };
}

async function instrumented(): Promise<WorkflowParts> {
  const bundle = await bundleWorkflowCode({
    workflowsPath: pathOf('../../workflows/index.ts'),
    workflowInterceptorModules: [pathOf('interceptor.js')],
    webpackConfigHook: instrumentTypeScript,
    logger: { log: quiet, trace: quiet, debug: quiet, info: quiet, warn: quiet, error: quiet },
  });
  return {
    workflowBundle: bundle,
    // A replay runs the code too.
    sinks: {
      coverage: {
        add: {
          fn: (_workflow, seen: CoverageMapData) => {
            addCoverage(seen);
          },
          // A replay runs the code too.
          callDuringReplay: true,
        },
      },
    },
  };
}

/** Our loader in the place of Temporal's. */
const instrumentTypeScript: NonNullable<BundleOptions['webpackConfigHook']> = (config) => ({
  ...config,
  module: {
    ...config.module,
    rules: [{ test: /\.ts$/, exclude: /node_modules/, use: { loader: pathOf('loader.cjs') } }],
  },
});

function addCoverage(seen: CoverageMapData): void {
  const whole = ((globalThis as { __coverage__?: CoverageMapData }).__coverage__ ??= {});
  for (const [file, counts] of Object.entries(seen)) {
    const known = whole[file];
    if (known === undefined) whole[file] = counts;
    // In place: the file's own code on our side goes on counting in this object.
    else libCoverage.createFileCoverage(known).merge(libCoverage.createFileCoverage(counts));
  }
}

function quiet(): void {
  // What fails is thrown.
}
