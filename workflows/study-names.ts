/** The names by which others find a study's workflow. */
export const RESEARCH_TASK_QUEUE = 'research';

export function studyWorkflowId(studyId: string): string {
  return `study:${studyId}`;
}
