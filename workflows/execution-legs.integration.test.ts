/** Orders whose legs are at the venue: cancelled, their children gone, their workers killed, their history long. */
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ApplicationFailure } from '@temporalio/common';
import { Worker } from '@temporalio/worker';
import type { ExecutionPlan } from '../core/execution/plan.ts';
import type { Signal } from '../core/signal.ts';
import { createPlace } from '../test/factories/execution.ts';
import { filledBy, legSteps, type LegSteps } from '../test/factories/execution-steps.ts';
import { openOrderRuns, type OrderRuns } from '../test/factories/order-runs.ts';
import { testSignal } from '../test/factories/order-steps.ts';
import { shortHistoryEnvironment } from '../test/short-history.ts';
import { workflowParts } from '../test/workflow-coverage/worker-parts.ts';
import { legWorkflowId } from './order-names.ts';
import type { orderWorkflow } from './order-workflow.ts';

const EVENTS = 60;
const SPLIT: ExecutionPlan = { kind: 'split', accounts: ['home', 'other'] };
const ON_TWO = {
  kind: 'split',
  places: [createPlace(), createPlace({ accountId: 'other' })],
  shares: [
    { accountId: 'home', exchange: 'binance', quantity: '0.4' },
    { accountId: 'other', exchange: 'okx', quantity: '0.6' },
  ],
} satisfies Partial<Parameters<typeof legSteps>[0]>;
const limit = (execution: ExecutionPlan): Signal =>
  testSignal({ execution, type: 'limit', limitPrice: '100' });

describe('an order with legs at the venue', () => {
  let orders: OrderRuns;

  beforeAll(async () => {
    orders = await openOrderRuns(await shortHistoryEnvironment(EVENTS));
  }, 120_000);
  afterAll(async () => {
    await orders.close();
  });

  const until = async (what: () => boolean): Promise<void> => {
    for (let looks = 0; !what(); looks += 1) {
      if (looks > 1_000) throw new Error(`it never came to be: ${what.toString()}`);
      await pause(10);
    }
  };
  const quantities = (steps: LegSteps): string[] => [...steps.sent.values()].sort();

  /** Runs it until its legs are out, kills every worker, changes what is at the venue, and goes on with new ones. */
  async function withKill(steps: LegSteps, signal: Signal, meanwhile: () => void): Promise<void> {
    const { environment } = orders;
    const taskQueue = `killed-${signal.id}`;
    const shared = { connection: environment.nativeConnection, activities: steps.activities };
    const work = async (task: () => Promise<unknown>): Promise<void> => {
      const worker = await Worker.create({ ...shared, taskQueue, ...(await workflowParts()) });
      const tracker = await Worker.create({ ...shared, taskQueue: 'order-trackers' });
      await tracker.runUntil(() => worker.runUntil(task));
    };
    const handle = await environment.client.workflow.start<typeof orderWorkflow>('orderWorkflow', {
      workflowId: signal.id,
      taskQueue,
      args: [{ signal, steps: 'local' }],
    });
    await work(() => until(() => steps.legs.size === 2));
    meanwhile();
    await work(() => handle.result());
  }

  const resting = (): LegSteps => legSteps({ ...ON_TWO, atVenue: () => ({ state: 'open' }) });
  const live = (steps: LegSteps): boolean =>
    [...steps.legs.values()].some(({ state }) => state === 'open');
  const bothRest = (steps: LegSteps) =>
    until(() => steps.legs.size === 2 && steps.calls.includes('trackOrder'));

  it.each(['signal', 'Temporal'])('cancelled by %s: every leg is cancelled first', async (way) => {
    const steps = resting();
    await orders.runLocal(steps, limit(SPLIT), async (handle) => {
      await bothRest(steps);
      if (way === 'signal') await handle.signal('cancel', { by: 'ann' });
      else await handle.cancel();
    });
    expect(live(steps)).toBe(false);
    expect(steps.settled[0]?.final.reason).toContain('cancelled by');
  });

  it('ends a leg itself whose workflow was terminated', async () => {
    const steps = resting();
    const signal = limit(SPLIT);
    await orders.runLocal(steps, signal, async () => {
      await bothRest(steps);
      const { client } = orders.environment;
      await client.workflow.getHandle(legWorkflowId(signal.id, 1)).terminate('by a person');
      await until(() => steps.legs.get(1)?.state === 'cancelled');
      steps.change(2, { state: 'filled', filledQuantity: '0.6' });
    });
    expect(live(steps)).toBe(false);
    expect(steps.settled[0]?.final.reason).toContain('0.4 of 1 is left unfilled');
  });

  it('cancels all although a child of it is gone', async () => {
    const steps = resting();
    const signal = limit(SPLIT);
    await orders.runLocal(steps, signal, async (handle) => {
      await bothRest(steps);
      const { client } = orders.environment;
      await handle.signal('cancel', { by: 'ann' });
      await client.workflow
        .getHandle(legWorkflowId(signal.id, 2))
        .terminate('by a person')
        .catch(() => undefined);
    });
    expect(live(steps)).toBe(false);
  });

  it('takes a leg whose workflow was cancelled for ended', async () => {
    const steps = resting();
    const signal = limit(SPLIT);
    await orders.runLocal(steps, signal, async () => {
      await bothRest(steps);
      const { client } = orders.environment;
      await client.workflow.getHandle(legWorkflowId(signal.id, 1)).cancel();
      await until(() => steps.legs.get(1)?.state === 'cancelled');
      steps.change(2, { state: 'filled', filledQuantity: '0.6' });
    });
    expect(steps.settled[0]?.final.reason).toContain('home ended cancelled');
  });

  it('follows a leg that has a workflow already', async () => {
    const steps = legSteps(ON_TWO);
    const signal = testSignal({ execution: SPLIT });
    const { client } = orders.environment;
    // Of a run that was reset: nobody works on its queue.
    await client.workflow.start('legWorkflow', {
      workflowId: legWorkflowId(signal.id, 1),
      taskQueue: 'nobody',
      args: [{}],
    });
    await orders.runLocal(steps, signal);
    expect(quantities(steps)).toEqual(['0.4', '0.6']);
    expect(steps.settled[0]?.final).toEqual({ state: 'done' });
  });

  it('goes on after every worker was killed', async () => {
    const steps = resting();
    await withKill(steps, limit(SPLIT), () => {
      for (const [legNumber, quantity] of steps.sent) {
        steps.change(legNumber, { state: 'filled', filledQuantity: quantity });
      }
    });
    expect(quantities(steps)).toEqual(['0.4', '0.6']);
    expect(filledBy([...steps.legs.values()])).toBe('1');
    expect(steps.settled[0]?.final).toEqual({ state: 'done' });
  });

  it('a step that cannot succeed ends its leg', async () => {
    const steps = legSteps({
      ...ON_TWO,
      atVenue: ({ legNumber, quantity }) => {
        if (legNumber === 1) throw ApplicationFailure.nonRetryable('a defect', 'INTERNAL');
        return { state: 'filled', filledQuantity: quantity };
      },
    });
    await orders.runLocal(steps, testSignal({ execution: SPLIT }));
    expect(steps.legs.get(1)).toMatchObject({ state: 'cancelled', venueOrderId: null });
    expect(steps.settled[0]?.final.reason).toContain('0.4 of 1 is left unfilled');
  });

  it('goes on in a new run between two legs when its history gets long', async () => {
    const steps = legSteps({
      kind: 'iceberg',
      terms: { type: 'limit', price: '100', quantity: '1.5' },
    });
    const signal = limit({ kind: 'iceberg', displayQuantity: '0.1' });
    const runs = new Set<string>();
    await orders.runLocal(steps, signal, async (handle) => {
      runs.add((await handle.describe()).runId);
      await handle.result();
      runs.add((await handle.describe()).runId);
    });
    expect(runs.size).toBe(2);
    expect(steps.sent.size).toBe(15);
    expect(filledBy([...steps.legs.values()])).toBe('1.5');
    expect(steps.settled).toHaveLength(1);
    expect(new Set(steps.versions).size).toBe(steps.versions.length);
  });
});
