/** Ways a strategy's workflow can go, over fake steps, for the histories that are recorded of them. */
import { setTimeout as sleep } from 'node:timers/promises';
import { ApplicationFailure } from '@temporalio/common';
import type { WorkflowHandle } from '@temporalio/client';
import { Worker } from '@temporalio/worker';
import type { CloseDownRound } from '../../activities/close-down.ts';
import type { StrategyActivities } from '../../activities/strategy-activities.ts';
import type { TemporalHandle } from '../../adapters/temporal/client.ts';
import { workflowBundle } from '../../adapters/temporal/worker.ts';
import type { FailurePolicy } from '../../core/failure-policy.ts';
import { ORDER_TASK_QUEUE } from '../../workflows/order-names.ts';
import { STRATEGY_TASK_QUEUE, strategyWorkflowId } from '../../workflows/strategy-names.ts';
import type { StrategyResult } from '../../workflows/strategy-messages.ts';
import type { strategyWorkflow } from '../../workflows/strategy-workflow.ts';
import { fakeStrategySteps, heldUntilCancelled } from './strategy-steps.ts';

type Handle = WorkflowHandle<typeof strategyWorkflow>;

interface Life {
  readonly steps: Partial<StrategyActivities>;
  /** Absent: a run from before there was a choice. */
  readonly failurePolicy?: FailurePolicy;
  /** What the sweeps of its end say, one after the other. */
  readonly rounds?: readonly CloseDownRound[];
  /** Told while it runs; one that lasts is stopped by a person where nothing is given. */
  readonly meanwhile?: (handle: Handle) => Promise<void>;
}

const NOTHING: CloseDownRound = { open: [], held: [], done: true };
const HELD = { strategyId: 'any', symbol: 'BTC/USDT', quantity: '0.5', state: 'closing' } as const;

export const STRATEGY_LIVES: Readonly<Record<string, () => Life>> = {
  /** Handed itself back once, and was stopped. */
  stopped: () => {
    let held = 0;
    return {
      steps: {
        runStrategy: () => {
          held += 1;
          return held === 1 ? Promise.resolve({ ended: 'rotated' }) : heldUntilCancelled();
        },
      },
    };
  },
  failed: () => ({
    steps: {
      runStrategy: () => Promise.reject(dividedByZero()),
    },
  }),
  superseded: () => ({
    steps: { runStrategy: () => Promise.resolve({ ended: 'superseded' }) },
  }),
  /** Paused, resumed, then stopped with its position closed in two rounds. */
  flattened: () => ({
    steps: {},
    failurePolicy: { onFailure: 'stop' },
    rounds: [NOTHING, { open: [], held: [HELD], done: false }, NOTHING],
    meanwhile: async (handle) => {
      await handle.executeUpdate('pause', { args: [{ by: 'ada', reason: 'news' }] });
      await handle.executeUpdate('resume', { args: [{ by: 'ada' }] });
      await handle.signal('stop', { by: 'ada', flatten: true });
    },
  }),
  /** Failed, went on, failed again, and was ended with its position closed. */
  restarted: () => ({
    steps: {
      runStrategy: () => Promise.reject(dividedByZero()),
    },
    failurePolicy: { onFailure: 'restart', maxRestarts: 1 },
    rounds: [NOTHING],
  }),
};

/** Without a stack: a recorded history names no machine's folders. */
function dividedByZero(): ApplicationFailure {
  const failure = ApplicationFailure.nonRetryable('it divided by zero', 'STRATEGY_FAILED');
  failure.stack = '';
  return failure;
}

export async function playStrategy(
  { client, nativeConnection }: TemporalHandle,
  name: string,
  life: Life,
): Promise<{
  readonly handle: WorkflowHandle<typeof strategyWorkflow>;
  readonly result: StrategyResult;
}> {
  const { meanwhile, failurePolicy, rounds = [] } = life;
  const steps = fakeStrategySteps(life.steps);
  const sweeps = [...rounds];
  const sweeper = await Worker.create({
    connection: nativeConnection,
    taskQueue: ORDER_TASK_QUEUE,
    activities: { sweepStrategy: async () => sweeps.shift() },
  });
  const worker = await Worker.create({
    connection: nativeConnection,
    taskQueue: STRATEGY_TASK_QUEUE,
    activities: steps.activities,
    workflowBundle: await workflowBundle(),
    maxHeartbeatThrottleInterval: '50 milliseconds',
  });
  const play = async () => {
    const handle = await client.workflow.start<typeof strategyWorkflow>('strategyWorkflow', {
      workflowId: strategyWorkflowId(name),
      taskQueue: STRATEGY_TASK_QUEUE,
      args: [
        {
          strategyId: name,
          runId: 'run-1',
          ...(failurePolicy === undefined ? {} : { failurePolicy }),
        },
      ],
    });
    const calls = meanwhile === undefined ? 3 : 2;
    while (steps.ended.length === 0 && steps.calls.length < calls) await sleep(20);
    if (meanwhile !== undefined) await meanwhile(handle);
    else if (steps.ended.length === 0) await handle.signal('stop', { by: 'ada' });
    return { handle, result: await handle.result() };
  };
  return sweeper.runUntil(() => worker.runUntil(play));
}
