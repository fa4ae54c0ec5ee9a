/** Ways the cleaning up after a halt can go, over a fake step, for the histories that are recorded of them. */
import type { WorkflowHandle } from '@temporalio/client';
import { Worker } from '@temporalio/worker';
import type { HaltRound } from '../../activities/close-down.ts';
import type { TemporalHandle } from '../../adapters/temporal/client.ts';
import { workflowBundle } from '../../adapters/temporal/worker.ts';
import { haltWorkflowId } from '../../workflows/halt-names.ts';
import type { HaltResult, haltWorkflow } from '../../workflows/halt-workflow.ts';
import { ORDER_TASK_QUEUE } from '../../workflows/order-names.ts';

const ROUND: HaltRound = {
  inForce: true,
  scope: 'all',
  target: '',
  reason: 'odd prices',
  setBy: 'ada',
  flatten: true,
  open: [],
  held: [],
  done: false,
};

/** What the sweeps say, one after the other. */
export const HALTS: Readonly<Record<string, readonly HaltRound[]>> = {
  cleaned: [
    {
      ...ROUND,
      open: ['0123456789abcdef01234567'],
      held: [{ strategyId: 'sma', symbol: 'BTC/USDT', quantity: '0.5', state: 'closing' }],
    },
    { ...ROUND, done: true },
  ],
  lifted: [ROUND, { ...ROUND, inForce: false, done: true }],
};

let halts = 0;

export async function playHalt(
  { client, nativeConnection }: TemporalHandle,
  rounds: readonly HaltRound[],
): Promise<{
  readonly handle: WorkflowHandle<typeof haltWorkflow>;
  readonly result: HaltResult;
}> {
  halts += 1;
  const sweeps = [...rounds];
  const worker = await Worker.create({
    connection: nativeConnection,
    taskQueue: ORDER_TASK_QUEUE,
    activities: { sweepHalt: async () => sweeps.shift() },
    workflowBundle: await workflowBundle(),
  });
  return worker.runUntil(async () => {
    const handle = await client.workflow.start<typeof haltWorkflow>('haltWorkflow', {
      workflowId: haltWorkflowId(halts),
      taskQueue: ORDER_TASK_QUEUE,
      args: [{ haltId: halts }],
    });
    return { handle, result: await handle.result() };
  });
}
