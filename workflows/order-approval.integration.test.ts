/** Orders of today: own steps as local activities, and a person's approval over a limit, over fake steps. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { WorkflowUpdateFailedError, type WorkflowHandle } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { openOrderRuns, type OrderRuns } from '../test/factories/order-runs.ts';
import {
  AWAITING,
  failure,
  fakeSteps,
  testSignal,
  type FakeSteps,
} from '../test/factories/order-steps.ts';
import type { Progress } from './order-messages.ts';

type Handle = WorkflowHandle;
const RISK_OFFICER = { by: 'rita', role: 'risk' };

/** Waits until the order waits for a person. */
async function waiting(handle: Handle): Promise<void> {
  for (;;) {
    const { wait } = await handle.query<Progress>('state').catch(() => ({ wait: null }));
    if (wait !== null) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Code and message with which an update was refused. */
async function refusal(update: Promise<unknown>): Promise<{ code: string; message: string }> {
  try {
    await update;
  } catch (error) {
    if (error instanceof WorkflowUpdateFailedError && error.cause instanceof ApplicationFailure) {
      return { code: error.cause.type ?? '', message: error.cause.message };
    }
    throw error;
  }
  throw new Error('the update was taken');
}

async function eventNames(handle: Handle): Promise<string[]> {
  const { events } = await handle.fetchHistory();
  return (events ?? []).map((event) => {
    const attributes = Object.keys(event).find((key) => key.endsWith('EventAttributes'));
    return (attributes ?? '').replace('EventAttributes', '');
  });
}

function awaiting(change: Parameters<typeof fakeSteps>[0] = {}): FakeSteps {
  return fakeSteps({ decide: () => Promise.resolve(AWAITING), ...change });
}

describe('an order of today', () => {
  let orders: OrderRuns;

  beforeAll(async () => {
    orders = await openOrderRuns();
  }, 120_000);
  afterAll(async () => {
    await orders.close();
  });

  it('a plain market order has fifteen events, and one activity that reaches a venue', async () => {
    const steps = fakeSteps();
    let handle: Handle | undefined;
    const result = await orders.runLocal(steps, testSignal(), async (started) => {
      handle = started;
    });
    expect(result.status).toBe('filled');
    expect(steps.calls).toEqual(['decide', 'placeOrder', 'settleOrder']);
    expect(steps.versions).toEqual([1, 2, 3]);
    if (handle === undefined) throw new Error('no handle');
    expect(await eventNames(handle)).toEqual([
      'workflowExecutionStarted',
      'workflowTaskScheduled',
      'workflowTaskStarted',
      'workflowTaskCompleted',
      'markerRecorded',
      'upsertWorkflowSearchAttributes',
      'activityTaskScheduled',
      'activityTaskStarted',
      'activityTaskCompleted',
      'workflowTaskScheduled',
      'workflowTaskStarted',
      'workflowTaskCompleted',
      'upsertWorkflowSearchAttributes',
      'markerRecorded',
      'workflowExecutionCompleted',
    ]);
  });

  it('an outage: a step that fails locally goes on as a normal activity', async () => {
    let failures = 0;
    const steps = fakeSteps();
    const shaky = fakeSteps({
      decide: (step) => {
        failures += 1;
        if (failures <= 4) throw failure('UNAVAILABLE', false);
        return steps.activities.decide(step);
      },
    });
    let handle: Handle | undefined;
    const result = await orders.runLocal(shaky, testSignal(), async (started) => {
      handle = started;
    });
    expect(result.status).toBe('filled');
    expect(failures).toBe(5);
    if (handle === undefined) throw new Error('no handle');
    const names = await eventNames(handle);
    expect(names.filter((name) => name === 'activityTaskScheduled')).toHaveLength(2);
  });

  it('a step that cannot succeed is not tried again', async () => {
    let tries = 0;
    const steps = fakeSteps({
      decide: () => {
        tries += 1;
        throw failure('INVALID_INPUT', true);
      },
      settleOrder: () => {
        throw failure('NOT_FOUND', true);
      },
    });
    await expect(orders.runLocal(steps)).rejects.toMatchObject({
      cause: { type: 'INVALID_INPUT' },
    });
    expect(tries).toBe(1);
  });
});

describe('approval', () => {
  let orders: OrderRuns;

  beforeAll(async () => {
    orders = await openOrderRuns();
  }, 120_000);
  afterAll(async () => {
    await orders.close();
  });

  it('approved: recorded with who it was, then sent', async () => {
    const steps = awaiting();
    const result = await orders.runLocal(steps, testSignal(), async (handle) => {
      await waiting(handle);
      const order = await handle.executeUpdate('approve', { args: [RISK_OFFICER] });
      expect(order).toMatchObject({ approval: { by: 'rita' } });
    });
    expect(result.status).toBe('filled');
    expect(steps.calls).toEqual(['decide', 'recordApproval', 'placeOrder', 'settleOrder']);
  });

  it('rejected: ends denied, nothing is sent', async () => {
    const steps = awaiting();
    const result = await orders.runLocal(steps, testSignal(), async (handle) => {
      await waiting(handle);
      await handle.executeUpdate('reject', { args: [{ ...RISK_OFFICER, note: 'too much' }] });
    });
    expect(result.status).toBe('denied');
    expect(steps.calls).toEqual(['decide', 'recordApproval']);
  });

  it('nobody comes: expires by a timer', async () => {
    const steps = awaiting();
    expect((await orders.runLocal(steps)).status).toBe('expired');
    expect(steps.calls).toEqual(['decide', 'settleOrder']);
    expect(steps.settled[0]?.final).toMatchObject({ reasonCode: 'APPROVAL_EXPIRED' });
  });

  it('cancelled while it waits: done, nothing is sent', async () => {
    const steps = awaiting();
    await orders.runLocal(steps, testSignal(), async (handle) => {
      await waiting(handle);
      await handle.signal('cancel', { by: 'ann' });
    });
    expect(steps.settled[0]?.final).toEqual({ state: 'done', reason: 'cancelled by ann' });
    expect(steps.calls).toEqual(['decide', 'settleOrder']);
  });

  it('a wrong role, nobody named, or an order that is over: refused, and the order stays as it is', async () => {
    const steps = awaiting();
    await orders.runLocal(steps, testSignal(), async (handle) => {
      await waiting(handle);
      const ask = (request: object): Promise<{ code: string; message: string }> =>
        refusal(handle.executeUpdate('approve', { args: [request] }));
      expect(await ask({ by: 'tom', role: 'trader' })).toEqual({
        code: 'FORBIDDEN',
        message: 'tom is trader; orders are approved or rejected by risk or admin',
      });
      expect((await ask({ role: 'risk' })).code).toBe('INVALID_INPUT');
      expect((await eventNames(handle)).filter((name) => name.includes('Update'))).toEqual([]);
      expect((await handle.query<Progress>('state')).decision).toBeNull();
      await handle.executeUpdate('approve', { args: [RISK_OFFICER] });
    });

    await orders.runLocal(fakeSteps(), testSignal(), async (handle) => {
      await handle.result();
      await expect(handle.executeUpdate('approve', { args: [RISK_OFFICER] })).rejects.toThrow();
    });
  });
});
