/** Temporal Schedules: created by the worker that serves what they start. */
import { type Client, ScheduleAlreadyRunning, ScheduleOverlapPolicy } from '@temporalio/client';
import { reconcileId } from '../../temporal-config/schedules.ts';
import { ORDER_TASK_QUEUE } from '../../workflows/order-names.ts';
import type { ReconcileInput } from '../../workflows/reconcile-workflow.ts';

/** Makes the account's schedule as it is to be, and reconciles once now. Safe to call by many workers. */
export async function scheduleReconciliation(
  client: Client,
  accountId: string,
  everyMs: number,
): Promise<void> {
  const id = reconcileId(accountId);
  const input: ReconcileInput = { accountId };
  const schedule = {
    spec: { intervals: [{ every: everyMs }] },
    action: {
      type: 'startWorkflow' as const,
      workflowType: 'reconcileWorkflow',
      taskQueue: ORDER_TASK_QUEUE,
      workflowId: id,
      args: [input],
      staticSummary: `reconcile ${accountId}`,
    },
    // One that was missed is made good by the next.
    policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: everyMs },
  };
  try {
    await client.schedule.create({
      ...{ scheduleId: id, ...schedule },
      state: { triggerImmediately: true },
    });
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
    await client.schedule.getHandle(id).update((known) => ({ ...known, ...schedule }));
    await triggerReconciliation(client, accountId);
  }
}

/** One that is on already is let finish: it looks at the same. */
export async function triggerReconciliation(client: Client, accountId: string): Promise<void> {
  await client.schedule.getHandle(reconcileId(accountId)).trigger(ScheduleOverlapPolicy.BUFFER_ONE);
}
