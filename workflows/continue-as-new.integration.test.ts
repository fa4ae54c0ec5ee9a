/** Long lives: each workflow goes on in a new run when its history gets long, and loses nothing on the way. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import {
  CANCELLED,
  facts,
  fakeSteps,
  FILLED,
  legView,
  testSignal,
  type FakeSteps,
} from '../test/factories/order-steps.ts';
import { playLongGuard } from '../test/factories/long-guards.ts';
import { fakeStrategySteps, heldUntilCancelled } from '../test/factories/strategy-steps.ts';
import { shortHistoryEnvironment } from '../test/short-history.ts';
import { workflowParts } from '../test/workflow-coverage/worker-parts.ts';
import type { OrderResult, Progress } from './order-messages.ts';
import type { orderWorkflow } from './order-workflow.ts';
import type { strategyWorkflow } from './strategy-workflow.ts';

const EVENTS = 20;

describe('continue-as-new', () => {
  let environment: TestWorkflowEnvironment;
  let queues = 0;

  beforeAll(async () => {
    environment = await shortHistoryEnvironment(EVENTS);
    await workflowParts();
  }, 120_000);
  afterAll(async () => {
    await environment.teardown();
  });

  interface Lived {
    readonly result: OrderResult;
    readonly progress: Progress;
    /** Runs by their id, first to last. */
    readonly firstRunId: string;
    readonly lastRunId: string;
  }

  async function live(steps: FakeSteps, cancelAfter?: () => Promise<void>): Promise<Lived> {
    queues += 1;
    const taskQueue = `orders-${String(queues)}`;
    const shared = { connection: environment.nativeConnection, activities: steps.activities };
    const worker = await Worker.create({ ...shared, taskQueue, ...(await workflowParts()) });
    const tracker = await Worker.create({ ...shared, taskQueue: 'order-trackers' });
    const signal = testSignal();
    return tracker.runUntil(() =>
      worker.runUntil(async () => {
        const first = await environment.client.workflow.start<typeof orderWorkflow>(
          'orderWorkflow',
          { workflowId: signal.id, taskQueue, args: [{ signal }] },
        );
        const newest = environment.client.workflow.getHandle<typeof orderWorkflow>(signal.id);
        if (cancelAfter !== undefined) {
          await cancelAfter();
          await newest.signal('cancel', { by: 'ann' });
        }
        const result = await first.result();
        const progress = await newest.query<Progress>('state');
        const { runId } = await newest.describe();
        return { result, progress, firstRunId: first.firstExecutionRunId, lastRunId: runId };
      }),
    );
  }

  it('an order that fills in many parts: placed once, followed to its end, versions counted on', async () => {
    let parts = 0;
    const steps = fakeSteps({
      placeOrder: () =>
        Promise.resolve({ leg: legView(), finished: false, order: facts({ state: 'working' }) }),
      trackOrder: ({ lastSeen }) => {
        expect(lastSeen.filledQuantity).toBe(parts === 0 ? '0' : `0.00${String(parts)}`);
        parts += 1;
        if (parts === 9) return Promise.resolve({ kind: 'changed', leg: FILLED, finished: true });
        const filledQuantity = `0.00${String(parts)}`;
        const leg = legView({ state: 'partially_filled', filledQuantity });
        return Promise.resolve({ kind: 'changed', leg, finished: false });
      },
    });
    const { result, progress, firstRunId, lastRunId } = await live(steps);
    expect(lastRunId).not.toBe(firstRunId);
    expect(result.status).toBe('filled');
    for (const once of ['admit', 'checkRisk', 'placeOrder', 'settleOrder']) {
      expect(steps.calls.filter((name) => name === once)).toHaveLength(1);
    }
    expect(steps.versions).toEqual(steps.versions.map((_, at) => at + 1));
    expect(progress.version).toBe(steps.versions.at(-1));
  });

  it('a cancel is still known, and the venue asked to cancel until it has', async () => {
    let following = 0;
    let cancels = 0;
    let followed: () => void = () => undefined;
    const secondRun = new Promise<void>((resolve) => (followed = resolve));
    const steps = fakeSteps({
      placeOrder: () =>
        Promise.resolve({ leg: legView(), finished: false, order: facts({ state: 'working' }) }),
      trackOrder: async () => {
        following += 1;
        if (following === 4) followed();
        await new Promise((resolve) => setTimeout(resolve, following < 4 ? 0 : 100));
        const filledQuantity = `0.000${String(following)}`;
        const leg = legView({ state: 'partially_filled', filledQuantity });
        return { kind: 'changed', leg, finished: false };
      },
      cancelOrder: () => {
        cancels += 1;
        return Promise.resolve({ leg: CANCELLED, finished: cancels > 4 });
      },
    });
    const { progress, firstRunId, lastRunId } = await live(steps, () => secondRun);
    expect(lastRunId).not.toBe(firstRunId);
    expect(cancels).toBe(5);
    expect(progress.cancel).toEqual({ by: 'ann' });
    expect(steps.settled[0]?.final.reason).toBe('cancelled by ann');
  });

  it('a blocked order asks again under the name of its first run', async () => {
    const askedBy: string[] = [];
    const steps = fakeSteps({
      admit: ({ workflowRunId }) => {
        askedBy.push(workflowRunId);
        return Promise.resolve(
          askedBy.length < 5
            ? { verdict: 'blocked', cancelFirst: ['no-such-order'] }
            : { verdict: 'admitted', order: facts() },
        );
      },
    });
    const { result, firstRunId, lastRunId } = await live(steps);
    expect(result.status).toBe('filled');
    expect(lastRunId).not.toBe(firstRunId);
    // The row in PostgreSQL belongs to whoever was there first.
    expect(new Set(askedBy)).toEqual(new Set([firstRunId]));
  });

  it('a guard still knows who waits for it', async () => {
    const { handle, outcome, asking, lastRunId } = await playLongGuard(
      environment,
      await workflowParts(),
    );
    expect(lastRunId).not.toBe((await handle.describe()).runId);
    expect(outcome).toMatchObject({ state: 'ended', ending: 'flat' });
    expect(asking).toHaveLength(8);
    expect(new Set(asking.map((ids) => ids.length))).toEqual(new Set([1]));
  });

  it('a strategy goes on under the same run id', async () => {
    let held = 0;
    const begun: string[] = [];
    const steps = fakeStrategySteps({
      beginRun: ({ runId }) => {
        begun.push(runId);
        return Promise.resolve();
      },
      runStrategy: () => {
        held += 1;
        return held < 6 ? Promise.resolve({ ended: 'rotated' }) : heldUntilCancelled();
      },
    });
    const worker = await Worker.create({
      connection: environment.nativeConnection,
      taskQueue: 'strategies',
      activities: steps.activities,
      maxHeartbeatThrottleInterval: '50 milliseconds',
      ...(await workflowParts()),
    });
    const { result, runId, firstRunId } = await worker.runUntil(async () => {
      const first = await environment.client.workflow.start<typeof strategyWorkflow>(
        'strategyWorkflow',
        {
          workflowId: 'strategy:sma',
          taskQueue: 'strategies',
          args: [{ strategyId: 'sma', runId: 'run-1' }],
        },
      );
      while (held < 6) await new Promise((resolve) => setTimeout(resolve, 20));
      const newest = environment.client.workflow.getHandle('strategy:sma');
      const description = await newest.describe();
      await newest.signal('stop', { by: 'ann' });
      return {
        result: await first.result(),
        runId: description.runId,
        firstRunId: first.firstExecutionRunId,
      };
    });
    expect(result).toEqual({ phase: 'stopped', reason: 'stopped by ann' });
    expect(runId).not.toBe(firstRunId);
    expect(begun.length).toBeGreaterThan(1);
    expect(new Set(begun)).toEqual(new Set(['run-1']));
  });
});
