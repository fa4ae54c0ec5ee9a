/** A study's door at a Temporal that answers what it is told to. */
import { describe, expect, it } from '@jest/globals';
import {
  WorkflowExecutionAlreadyStartedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
  type Client,
} from '@temporalio/client';
import { createStudyDoor } from './study-door.ts';

const INPUT = { studyId: 'one', spec: {}, askedBy: 'ann', concurrency: 4 };

/** Everything that is asked fails with `error`; `patience` is told how long an answer may take, in ms. */
function doorThatFails(error: Error, patience: (ms: number) => void = () => undefined) {
  const fail = () => Promise.reject(error);
  const client = {
    workflow: { start: fail, getHandle: () => ({ executeUpdate: fail, signal: fail }) },
    withDeadline(deadline: number, ask: () => Promise<unknown>) {
      patience(deadline - Date.now());
      return ask();
    },
  };
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

  it.each(['pause', 'resume'] as const)(
    'a %s that no worker hears of ends, before `keel` has given up',
    async (verb) => {
      const waits: number[] = [];
      const silent = new WorkflowUpdateRPCTimeoutOrCancelledError('no answer');
      const door = doorThatFails(silent, (ms) => waits.push(ms));
      await expect(door[verb]('one', { by: 'ann' })).rejects.toMatchObject({
        code: 'UNAVAILABLE',
        message: expect.stringMatching(new RegExp(`^${verb} study one: .*do its workers run`)),
      });
      expect(waits).toHaveLength(1);
      expect(waits[0]).toBeLessThan(15_000);
    },
  );
});
