/** What others ask of a study's workflow: start it, hold it, let it go on, end it. */
import type { Client } from '@temporalio/client';
import { RESEARCH_TASK_QUEUE, studyWorkflowId } from '../../workflows/study-names.ts';
import type { PauseRequest } from '../../workflows/pausing.ts';
import type { StudyInput } from '../../workflows/study-messages.ts';
import { KeelError } from '../../core/errors.ts';
import { asked, update } from './workflows.ts';

export interface StudyDoor {
  /** @param summary a line for the list of workflows. Throws CONFLICT where a study of that id is or was. */
  start(input: StudyInput, summary: string): Promise<void>;
  /** Throws NOT_FOUND when it does not run, CONFLICT unless it is running, UNAVAILABLE where no worker answers. */
  pause(studyId: string, request: PauseRequest): Promise<void>;
  /** Throws NOT_FOUND when it does not run, CONFLICT unless it is paused, UNAVAILABLE where no worker answers. */
  resume(studyId: string, request: PauseRequest): Promise<void>;
  /** Throws NOT_FOUND when it does not run. */
  cancel(studyId: string, request: PauseRequest): Promise<void>;
}

export function createStudyDoor(client: Client): StudyDoor {
  const { workflow } = client;
  async function tell(verb: 'pause' | 'resume', studyId: string, request: PauseRequest) {
    await update(client, `${verb} study ${studyId}`, () =>
      workflow.getHandle(studyWorkflowId(studyId)).executeUpdate(verb, { args: [request] }),
    );
  }
  return {
    async start(input, summary) {
      const { studyId } = input;
      await asked(`start study ${studyId}`, () =>
        workflow.start('optimizeWorkflow', {
          taskQueue: RESEARCH_TASK_QUEUE,
          workflowId: studyWorkflowId(studyId),
          workflowIdReusePolicy: 'REJECT_DUPLICATE',
          args: [input],
          staticSummary: summary,
          memo: { studyId, askedBy: input.askedBy },
        }),
      ).catch((error: unknown) => {
        if (!(error instanceof KeelError) || error.code !== 'CONFLICT') throw error;
        // One that has ended keeps its id as well.
        throw new KeelError(
          'CONFLICT',
          `there is a study "${studyId}" already: give another id, or look at it by \`keel study show ${studyId}\``,
          { cause: error },
        );
      });
    },
    pause: (studyId, request) => tell('pause', studyId, request),
    resume: (studyId, request) => tell('resume', studyId, request),
    cancel: (studyId, request) =>
      asked(`cancel study ${studyId}`, () =>
        workflow.getHandle(studyWorkflowId(studyId)).signal('cancel', request),
      ),
  };
}
