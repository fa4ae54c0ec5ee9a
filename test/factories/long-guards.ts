/** A guard that looks so often that it goes on in a new run, over a fake look; for its test and its recorded history. */
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker, type WorkerOptions } from '@temporalio/worker';
import type { WorkflowHandle } from '@temporalio/client';
import type { GuardOutcome, GuardStep } from '../../activities/guard-activities.ts';
import { NO_LEVELS } from '../../core/guard-levels.ts';
import type { guardWorkflow } from '../../workflows/guard-workflow.ts';

const LOOKS = 8;
const ASKER = '0123456789abcdef01234567';

const ARMED: GuardOutcome = {
  ...{ state: 'armed', ending: null, side: 'long', quantity: '0.01', levels: NO_LEVELS },
  ...{ exit: null, reason: null, generation: 1, order: null, asking: [], lookAgainMs: 1 },
};

export interface LongGuard {
  /** Of its first run. */
  readonly handle: WorkflowHandle<typeof guardWorkflow>;
  readonly outcome: GuardOutcome;
  /** In order, from before its first look to its last: who waited for it at each. */
  readonly asking: readonly (readonly string[])[];
  readonly lastRunId: string;
}

/** An exit asks it to stand aside and waits all the time; it ends after some looks. */
export async function playLongGuard(
  { client, nativeConnection }: TestWorkflowEnvironment,
  workflows: Partial<WorkerOptions>,
): Promise<LongGuard> {
  const asking: (readonly string[])[] = [];
  const worker = await Worker.create({
    ...{ connection: nativeConnection, taskQueue: 'long-guards', ...workflows },
    activities: {
      lookAtGuard: async (step: GuardStep): Promise<GuardOutcome> => {
        asking.push(step.asking);
        const over = asking.length >= LOOKS;
        return {
          ...{ ...ARMED, asking: step.asking },
          ...(over ? { state: 'ended' as const, ending: 'flat' as const } : {}),
        };
      },
    },
  });
  return worker.runUntil(async () => {
    const workflowId = 'guard:sma:BTC/USDT';
    const handle = await client.workflow.signalWithStart<
      typeof guardWorkflow,
      [{ readonly kind: 'standAside'; readonly orderId: string }]
    >('guardWorkflow', {
      ...{ workflowId, taskQueue: 'long-guards' },
      args: [{ strategyId: 'sma', symbol: 'BTC/USDT' }],
      ...{ signal: 'standAside', signalArgs: [{ kind: 'standAside', orderId: ASKER }] },
    });
    const outcome = await handle.result();
    const { runId: lastRunId } = await client.workflow.getHandle(workflowId).describe();
    const first = client.workflow.getHandle<typeof guardWorkflow>(workflowId, handle.signaledRunId);
    return { handle: first, outcome, asking, lastRunId };
  });
}
