/** How our workers are set up. The workflow bundle is made once a process and shared by its workers. */
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, type NativeConnection, type WorkerOptions } from '@temporalio/worker';

export interface WorkerSetup {
  readonly connection: NativeConnection;
  readonly namespace: string;
  readonly taskQueue: string;
  readonly activities?: object;
  /** Absent for a worker that runs activities only. */
  readonly workflowBundle?: { readonly code: string };
  /** Activities held at once. Default: the SDK's 100. */
  readonly activitySlots?: number;
}

/** Time that activities get to finish when a worker stops; then they are cancelled and run again elsewhere. */
const GRACE = '5 seconds';
/** How late a held activity hears of its cancellation. */
const HEARTBEAT_THROTTLE = '1 second';

export function workerOptions(setup: WorkerSetup): WorkerOptions {
  const { activitySlots, ...rest } = setup;
  return {
    ...rest,
    shutdownGraceTime: GRACE,
    maxHeartbeatThrottleInterval: HEARTBEAT_THROTTLE,
    ...(activitySlots === undefined ? {} : { maxConcurrentActivityTaskExecutions: activitySlots }),
  };
}

let bundle: Promise<{ readonly code: string }> | undefined;

/** All workflows, bundled from workflows/index.ts. */
export function workflowBundle(): Promise<{ readonly code: string }> {
  bundle ??= bundleWorkflowCode({
    workflowsPath: fileURLToPath(new URL('../../workflows/index.ts', import.meta.url)),
    logger: {
      log: ignore,
      trace: ignore,
      debug: ignore,
      info: ignore,
      warn: ignore,
      error: report,
    },
  });
  return bundle;
}

function ignore(): void {
  // The bundler's chatter; what fails is thrown.
}

function report(message: string): void {
  process.stderr.write(`${message}\n`);
}
