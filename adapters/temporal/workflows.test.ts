import { describe, expect, it } from '@jest/globals';
import { WorkflowUpdateRPCTimeoutOrCancelledError, type Client } from '@temporalio/client';
import { createStudyDoor } from './study-door.ts';
import { createWorkflows } from './workflows.ts';

const BY = { by: 'ann' };
const UPDATES: Readonly<Record<string, (client: Client) => Promise<unknown>>> = {
  'pause strategy sma': (client) => createWorkflows(client).pauseStrategy('sma', BY),
  'resume strategy sma': (client) => createWorkflows(client).resumeStrategy('sma', BY),
  'approve order one': (client) =>
    createWorkflows(client).decideOrder('one', 'approve', { ...BY, role: 'risk' }),
  'pause study one': (client) => createStudyDoor(client).pause('one', BY),
  'resume study one': (client) => createStudyDoor(client).resume('one', BY),
};

describe('an update that no worker hears of', () => {
  it.each(Object.entries(UPDATES))('%s: ends, before `keel` has given up', async (what, update) => {
    const waits: number[] = [];
    const client = {
      workflow: {
        getHandle: () => ({
          executeUpdate: () =>
            Promise.reject(new WorkflowUpdateRPCTimeoutOrCancelledError('no answer')),
        }),
      },
      withDeadline(deadline: number, ask: () => Promise<unknown>) {
        waits.push(deadline - Date.now());
        return ask();
      },
    };
    await expect(update(client as unknown as Client)).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringMatching(new RegExp(`^${what}: .*do its workers run`)),
    });
    expect(waits).toHaveLength(1);
    expect(waits[0]).toBeLessThan(15_000);
  });
});
