/** How our workers are set up. The workflow bundle is made once a process and shared by its workers. */
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, Worker } from '@temporalio/worker';
import type { TemporalHandle } from './client.ts';
import { buildIdOf } from './deployments.ts';

export interface WorkerSetup {
  readonly taskQueue: string;
  readonly activities?: object;
  /** Whether it runs workflows as well. Default false. */
  readonly workflows?: boolean;
  /** Activities held at once. Default: the SDK's 100. */
  readonly activitySlots?: number;
  /**
   * Milliseconds that activities get to finish when the worker stops; then they are cancelled and run again
   * elsewhere. Default 5,000.
   */
  readonly graceMs?: number;
}

const GRACE_MS = 5_000;
/**
 * Local activities are statements to PostgreSQL: more at once than its pool has connections would wait there,
 * and for each other's locks, while their time-outs run. In the SDK's queue no time-out runs.
 */
const LOCAL_ACTIVITY_SLOTS = 8;
/** How late a held activity hears of its cancellation. */
const HEARTBEAT_THROTTLE = '1 second';

/**
 * A worker at the server of `server`, encoding as its client does. Versioned, it serves the workflows that
 * began on its build, and new ones while that build is the current one (deployments.ts).
 */
export async function createWorker(server: TemporalHandle, setup: WorkerSetup): Promise<Worker> {
  const { taskQueue, activities, activitySlots, graceMs = GRACE_MS } = setup;
  const { nativeConnection, namespace, dataConverter, versioning } = server;
  const { failureConverterPath } = dataConverter;
  return Worker.create({
    connection: nativeConnection,
    namespace,
    dataConverter,
    taskQueue,
    shutdownGraceTime: graceMs,
    maxConcurrentLocalActivityExecutions: LOCAL_ACTIVITY_SLOTS,
    maxHeartbeatThrottleInterval: HEARTBEAT_THROTTLE,
    ...(activities === undefined ? {} : { activities }),
    ...(setup.workflows === true
      ? { workflowBundle: await workflowBundle(failureConverterPath) }
      : {}),
    ...(versioning === undefined
      ? {}
      : {
          workerDeploymentOptions: {
            version: {
              deploymentName: versioning.deployment,
              buildId: buildIdOf(versioning, (await workflowBundle(failureConverterPath)).code),
            },
            useWorkerVersioning: true,
            defaultVersioningBehavior: 'PINNED',
          },
        }),
    ...(activitySlots === undefined ? {} : { maxConcurrentActivityTaskExecutions: activitySlots }),
  });
}

const bundles = new Map<string | undefined, Promise<{ readonly code: string }>>();

const WORKFLOWS = fileURLToPath(new URL('../../workflows/index.ts', import.meta.url));

/**
 * All workflows, bundled from workflows/index.ts. `failureConverterPath` is that of the data converter: what
 * a workflow throws is encoded inside the bundle. Their modules are evaluated once a worker, not once a
 * workflow, and frozen by the SDK: none may hold state (a lint rule of core and workflows).
 */
export function workflowBundle(failureConverterPath?: string): Promise<{ readonly code: string }> {
  let bundle = bundles.get(failureConverterPath);
  if (bundle === undefined)
    bundles.set(failureConverterPath, (bundle = makeBundle(failureConverterPath)));
  return bundle;
}

function makeBundle(failureConverterPath: string | undefined): Promise<{ readonly code: string }> {
  return bundleWorkflowCode({
    workflowsPath: WORKFLOWS,
    preloadModules: [WORKFLOWS],
    ...(failureConverterPath === undefined ? {} : { failureConverterPath }),
    logger: {
      log: ignore,
      trace: ignore,
      debug: ignore,
      info: ignore,
      warn: ignore,
      error: report,
    },
  });
}

function ignore(): void {
  // The bundler's chatter; what fails is thrown.
}

function report(message: string): void {
  process.stderr.write(`${message}\n`);
}
