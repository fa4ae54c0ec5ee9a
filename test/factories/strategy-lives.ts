/** Ways a strategy's workflow can go, over fake steps, for the histories that are recorded of them. */
import { setTimeout as sleep } from 'node:timers/promises';
import { ApplicationFailure } from '@temporalio/common';
import type { WorkflowHandle } from '@temporalio/client';
import { Worker } from '@temporalio/worker';
import type { StrategyActivities } from '../../activities/strategy-activities.ts';
import type { TemporalHandle } from '../../adapters/temporal/client.ts';
import { workflowBundle } from '../../adapters/temporal/worker.ts';
import { STRATEGY_TASK_QUEUE, strategyWorkflowId } from '../../workflows/strategy-names.ts';
import type { StrategyResult } from '../../workflows/strategy-messages.ts';
import type { strategyWorkflow } from '../../workflows/strategy-workflow.ts';
import { fakeStrategySteps, heldUntilCancelled } from './strategy-steps.ts';

/** The steps of one life; one that lasts is stopped by a person. */
type Life = () => Partial<StrategyActivities>;

export const STRATEGY_LIVES: Readonly<Record<string, Life>> = {
  /** Handed itself back once, and was stopped. */
  stopped: () => {
    let held = 0;
    return {
      runStrategy: () => {
        held += 1;
        return held === 1 ? Promise.resolve({ ended: 'rotated' }) : heldUntilCancelled();
      },
    };
  },
  failed: () => ({
    runStrategy: () =>
      Promise.reject(ApplicationFailure.nonRetryable('it divided by zero', 'STRATEGY_FAILED')),
  }),
  superseded: () => ({ runStrategy: () => Promise.resolve({ ended: 'superseded' }) }),
};

export async function playStrategy(
  { client, nativeConnection }: TemporalHandle,
  name: string,
  life: Life,
): Promise<{
  readonly handle: WorkflowHandle<typeof strategyWorkflow>;
  readonly result: StrategyResult;
}> {
  const steps = fakeStrategySteps(life());
  const worker = await Worker.create({
    connection: nativeConnection,
    taskQueue: STRATEGY_TASK_QUEUE,
    activities: steps.activities,
    workflowBundle: await workflowBundle(),
    maxHeartbeatThrottleInterval: '50 milliseconds',
  });
  return worker.runUntil(async () => {
    const handle = await client.workflow.start<typeof strategyWorkflow>('strategyWorkflow', {
      workflowId: strategyWorkflowId(name),
      taskQueue: STRATEGY_TASK_QUEUE,
      args: [{ strategyId: name, runId: 'run-1' }],
    });
    while (steps.ended.length === 0 && steps.calls.length < 3) await sleep(20);
    if (steps.ended.length === 0) await handle.signal('stop', { by: 'ada' });
    return { handle, result: await handle.result() };
  });
}
