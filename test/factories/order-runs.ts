/** Runs of the real order workflow over fake steps, on a time-skipping server of the test file's own. */
import type { WorkflowHandle } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import type { OrderActivities } from '../../activities/order-activities.ts';
import type { Signal } from '../../core/signal.ts';
import type { OrderInput, OrderResult } from '../../workflows/order-messages.ts';
import type { orderWorkflow } from '../../workflows/order-workflow.ts';
import { timeSkippingEnvironment } from '../time-skipping.ts';
import { workflowParts } from '../workflow-coverage/worker-parts.ts';
import { facts, legView, testSignal, type FakeSteps } from './order-steps.ts';

export interface OrderRuns {
  readonly environment: TestWorkflowEnvironment;
  /** Runs one order over the steps to its end; `meanwhile` acts while it works. */
  run(
    steps: FakeSteps,
    signal?: Signal,
    meanwhile?: (handle: WorkflowHandle<typeof orderWorkflow>) => Promise<void>,
  ): Promise<OrderResult>;
  /** The same for orders of today: with steps of our own as local activities. */
  runLocal(
    steps: FakeSteps,
    signal?: Signal,
    meanwhile?: (handle: WorkflowHandle<typeof orderWorkflow>) => Promise<void>,
  ): Promise<OrderResult>;
  close(): Promise<void>;
}

/** On the server given, or a time-skipping one of its own; `close()` stops it. */
export async function openOrderRuns(server?: TestWorkflowEnvironment): Promise<OrderRuns> {
  const environment = server ?? (await timeSkippingEnvironment());
  const parts = await workflowParts();
  let queues = 0;
  const runner =
    (kind: Pick<OrderInput, 'steps'>): OrderRuns['run'] =>
    async (steps, signal = testSignal(), meanwhile = () => Promise.resolve()) => {
      queues += 1;
      const shared = { connection: environment.nativeConnection, activities: steps.activities };
      const taskQueue = `orders-${String(queues)}`;
      const worker = await Worker.create({ ...shared, taskQueue, ...parts });
      const tracker = await Worker.create({ ...shared, taskQueue: 'order-trackers' });
      const start = async (): Promise<OrderResult> => {
        const handle = await environment.client.workflow.start<typeof orderWorkflow>(
          'orderWorkflow',
          { workflowId: signal.id, taskQueue, args: [{ signal, ...kind }] },
        );
        await meanwhile(handle);
        return handle.result();
      };
      return tracker.runUntil(() => worker.runUntil(start));
    };
  return {
    environment,
    run: runner({}),
    runLocal: runner({ steps: 'local' }),
    close: () => environment.teardown(),
  };
}

/** A gate a fake step waits at, until the test opens it. */
export function gate(): {
  readonly opened: Promise<void>;
  open: () => void;
  readonly reached: Promise<void>;
  reach: () => void;
} {
  let open: () => void = () => undefined;
  let reach: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  const reached = new Promise<void>((resolve) => (reach = resolve));
  return { opened, open, reached, reach };
}

export const OPEN: Awaited<ReturnType<OrderActivities['placeOrder']>> = {
  leg: legView(),
  finished: false,
  order: facts({ state: 'working', status: 'open' }),
};
export const UNKNOWN = {
  leg: legView({
    state: 'unknown',
    venueOrderId: null,
    errorCode: 'VENUE_UNKNOWN_OUTCOME',
    errorMessage: 'cut',
  }),
  finished: false,
  order: facts({ state: 'working', status: 'unknown' }),
};
