/** What others ask of a study's workflow: start it, hold it, let it go on, end it. */
import type { Client } from '@temporalio/client';
import { RESEARCH_TASK_QUEUE, studyWorkflowId } from '../../workflows/study-names.ts';
import type { StudyInput, StudyRequest, StudyState } from '../../workflows/study-messages.ts';
import { asked } from './workflows.ts';

export interface StudyDoor {
  /** @param summary a line for the list of workflows. Throws CONFLICT where a study of that id is or was. */
  start(input: StudyInput, summary: string): Promise<void>;
  /** Throws NOT_FOUND when it does not run, CONFLICT unless it is running. */
  pause(studyId: string, request: StudyRequest): Promise<void>;
  /** Throws NOT_FOUND when it does not run, CONFLICT unless it is paused. */
  resume(studyId: string, request: StudyRequest): Promise<void>;
  /** Throws NOT_FOUND when it does not run. */
  cancel(studyId: string, request: StudyRequest): Promise<void>;
}

export function createStudyDoor({ workflow }: Client): StudyDoor {
  function update(verb: 'pause' | 'resume', studyId: string, request: StudyRequest): Promise<void> {
    return asked(`${verb} study ${studyId}`, async () => {
      await workflow
        .getHandle(studyWorkflowId(studyId))
        .executeUpdate<StudyState, [StudyRequest]>(verb, { args: [request] });
    });
  }
  return {
    async start(input, summary) {
      await asked(`start study ${input.studyId}`, () =>
        workflow.start('optimizeWorkflow', {
          taskQueue: RESEARCH_TASK_QUEUE,
          workflowId: studyWorkflowId(input.studyId),
          workflowIdReusePolicy: 'REJECT_DUPLICATE',
          args: [input],
          staticSummary: summary,
          memo: { studyId: input.studyId, askedBy: input.askedBy },
        }),
      );
    },
    pause: (studyId, request) => update('pause', studyId, request),
    resume: (studyId, request) => update('resume', studyId, request),
    cancel: (studyId, request) =>
      asked(`cancel study ${studyId}`, () =>
        workflow.getHandle(studyWorkflowId(studyId)).signal('cancel', request),
      ),
  };
}
