/** A study's door at a Temporal that answers what it is told to. */
import { describe, expect, it } from '@jest/globals';
import { WorkflowExecutionAlreadyStartedError, type Client } from '@temporalio/client';
import { createStudyDoor } from './study-door.ts';

const INPUT = { studyId: 'one', spec: {}, askedBy: 'ann', concurrency: 4 };

function doorThatFails(error: Error) {
  const client = { workflow: { start: () => Promise.reject(error) } };
  return createStudyDoor(client as unknown as Client);
}

describe("a study's door", () => {
  it('says of an id that is taken what to do, for one that has ended is no other', async () => {
    const taken = new WorkflowExecutionAlreadyStartedError(
      'taken',
      'study:one',
      'optimizeWorkflow',
    );
    await expect(doorThatFails(taken).start(INPUT, 'a study')).rejects.toMatchObject({
      code: 'CONFLICT',
      message: expect.stringMatching(/there is a study "one" already: give another id/),
    });
  });

  it('passes other failures of a start on', async () => {
    await expect(doorThatFails(new Error('away')).start(INPUT, 'a study')).rejects.toMatchObject({
      code: 'UNAVAILABLE',
    });
  });
});
