/** Ways a study's workflow can go, over fake steps, for the histories that are recorded of them. */
import { setTimeout as sleep } from 'node:timers/promises';
import { ApplicationFailure } from '@temporalio/common';
import type { WorkflowHandle } from '@temporalio/client';
import { Worker } from '@temporalio/worker';
import type { StudyActivities } from '../../activities/study-activities.ts';
import type { TemporalHandle } from '../../adapters/temporal/client.ts';
import { workflowBundle } from '../../adapters/temporal/worker.ts';
import type { optimizeWorkflow } from '../../workflows/optimize-workflow.ts';
import { RESEARCH_TASK_QUEUE, studyWorkflowId } from '../../workflows/study-names.ts';
import type { StudyState } from '../../workflows/study-messages.ts';
import { fakeStudySteps } from './study-steps.ts';

type Handle = WorkflowHandle<typeof optimizeWorkflow>;

interface StudyLife {
  readonly steps?: Partial<StudyActivities>;
  /** Told while it runs. */
  readonly meanwhile?: (handle: Handle) => Promise<void>;
}

export const STUDY_LIVES: Readonly<Record<string, StudyLife>> = {
  /** Paused and resumed on the way. */
  done: {
    meanwhile: async (handle) => {
      await untilTried(handle, 3);
      await handle.executeUpdate('pause', { args: [{ by: 'ada', reason: 'lunch' }] });
      await handle.executeUpdate('resume', { args: [{ by: 'ada' }] });
    },
  },
  cancelled: {
    meanwhile: async (handle) => {
      await untilTried(handle, 2);
      await handle.signal('cancel', { by: 'ada', reason: 'enough' });
    },
  },
  failed: { steps: { openStudy: () => Promise.reject(refused()) } },
};

async function untilTried(handle: Handle, count: number): Promise<void> {
  while ((await handle.query<StudyState>('state')).tried < count) await sleep(10);
}

/** Without a stack: a recorded history names no machine's folders. */
function refused(): ApplicationFailure {
  const failure = ApplicationFailure.nonRetryable('trials: 0 is too few', 'INVALID_INPUT');
  failure.stack = '';
  return failure;
}

export async function playStudy(
  { client, nativeConnection }: TemporalHandle,
  name: string,
  { steps, meanwhile }: StudyLife,
): Promise<{ readonly handle: Handle; readonly phase: string }> {
  const worker = await Worker.create({
    connection: nativeConnection,
    taskQueue: RESEARCH_TASK_QUEUE,
    activities: fakeStudySteps(12, steps).activities,
    workflowBundle: await workflowBundle(),
  });
  return worker.runUntil(async () => {
    const handle = await client.workflow.start<typeof optimizeWorkflow>('optimizeWorkflow', {
      workflowId: studyWorkflowId(name),
      taskQueue: RESEARCH_TASK_QUEUE,
      args: [{ studyId: name, spec: { trials: 12 }, askedBy: 'ada', concurrency: 3 }],
    });
    await meanwhile?.(handle);
    const phase = await handle.result().then(
      (result) => result.phase,
      () => 'failed',
    );
    return { handle, phase };
  });
}
