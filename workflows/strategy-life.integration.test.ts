/** How a strategy's workflow begins, goes on and ends, over fake steps, on the time-skipping server. */
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { WorkflowHandle } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import { failure } from '../test/factories/order-steps.ts';
import {
  fakeStrategySteps,
  heldUntilCancelled,
  type FakeStrategySteps,
} from '../test/factories/strategy-steps.ts';
import { timeSkippingEnvironment } from '../test/time-skipping.ts';
import { workflowParts } from '../test/workflow-coverage/worker-parts.ts';
import { strategyWorkflowId } from './strategy-names.ts';
import type { StrategyResult, StrategyState, strategyWorkflow } from './strategy-workflow.ts';

jest.setTimeout(20_000);

type Handle = WorkflowHandle<typeof strategyWorkflow>;

describe('strategyWorkflow over fake steps', () => {
  let environment: TestWorkflowEnvironment;
  let runs = 0;

  beforeAll(async () => {
    environment = await timeSkippingEnvironment();
    await workflowParts();
  }, 120_000);
  afterAll(async () => {
    await environment.teardown();
  });

  async function run(
    steps: FakeStrategySteps,
    meanwhile: (handle: Handle) => Promise<void> = () => Promise.resolve(),
  ): Promise<StrategyResult> {
    runs += 1;
    const taskQueue = `strategies-${String(runs)}`;
    const strategyId = `sma-${String(runs)}`;
    const worker = await Worker.create({
      connection: environment.nativeConnection,
      taskQueue,
      activities: steps.activities,
      maxHeartbeatThrottleInterval: '50 milliseconds',
      ...(await workflowParts()),
    });
    return worker.runUntil(async () => {
      const handle = await environment.client.workflow.start<typeof strategyWorkflow>(
        'strategyWorkflow',
        {
          workflowId: strategyWorkflowId(strategyId),
          taskQueue,
          args: [{ strategyId, runId: 'run-1', heartbeatTimeoutMs: 5_000 }],
        },
      );
      await meanwhile(handle);
      return handle.result();
    });
  }

  async function until(handle: Handle, phase: StrategyState['phase']): Promise<StrategyState> {
    for (;;) {
      const state = await handle.query<StrategyState>('state');
      if (state.phase === phase) return state;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  it('holds the instance until the signal `stop`, and says who asked', async () => {
    const steps = fakeStrategySteps();
    const result = await run(steps, async (handle) => {
      expect(await until(handle, 'running')).toMatchObject({ runId: 'run-1', reason: null });
      await handle.signal('stop', { by: 'ann', reason: 'lunch' });
      // Too late to be of any account.
      await handle.signal('stop', { by: 'bob' });
    });
    expect(result.phase).toBe('stopped');
    expect(result.reason).toMatch(/^stopped by (ann: lunch|bob)$/);
    expect(steps.calls).toEqual(['beginRun', 'runStrategy', 'endRun']);
    expect(steps.ended[0]).toMatchObject({ runId: 'run-1', status: 'stopped' });
  });

  it("takes Temporal's cancel as a stop", async () => {
    const steps = fakeStrategySteps();
    const result = await run(steps, async (handle) => {
      await until(handle, 'running');
      await handle.cancel();
    });
    expect(result).toEqual({ phase: 'stopped', reason: 'cancelled through Temporal' });
    expect(steps.ended).toHaveLength(1);
  });

  it('stopped while it begins: the begin is waited for, and the run ended after it', async () => {
    let begun: () => void = () => undefined;
    const beginning = new Promise<void>((resolve) => (begun = resolve));
    const steps = fakeStrategySteps({
      beginRun: async () => {
        begun();
        await new Promise((resolve) => setTimeout(resolve, 300));
      },
    });
    const result = await run(steps, async (handle) => {
      await beginning;
      await handle.signal('stop', { by: 'ann' });
      expect((await until(handle, 'stopping')).reason).toBe('stopped by ann');
    });
    expect(result).toEqual({ phase: 'stopped', reason: 'stopped by ann' });
    expect(steps.calls[0]).toBe('beginRun');
    expect(steps.calls.at(-1)).toBe('endRun');
    expect(steps.calls).not.toContain('runStrategy');
  });

  it('runs again what handed itself back, and what failed for now', async () => {
    let attempts = 0;
    const steps = fakeStrategySteps({
      runStrategy: () => {
        attempts += 1;
        if (attempts === 1) return Promise.resolve({ ended: 'rotated' });
        if (attempts === 2) return Promise.reject(failure('UNAVAILABLE', false));
        return heldUntilCancelled();
      },
    });
    const result = await run(steps, async (handle) => {
      while (attempts < 3) await new Promise((resolve) => setTimeout(resolve, 20));
      await handle.signal('stop', { by: 'ann' });
    });
    expect(result.phase).toBe('stopped');
    expect(steps.calls).toEqual(['beginRun', ...Array<string>(3).fill('runStrategy'), 'endRun']);
  });

  it('fails, saying why, where trying again cannot help', async () => {
    const steps = fakeStrategySteps({
      runStrategy: () => Promise.reject(failure('STRATEGY_FAILED', true)),
    });
    const failed = { phase: 'failed', reason: 'STRATEGY_FAILED: fake STRATEGY_FAILED' };
    expect(await run(steps)).toEqual(failed);
    expect(steps.ended[0]).toMatchObject({ status: 'failed', reason: failed.reason });
  });

  it('fails when a newer run took the instance', async () => {
    const steps = fakeStrategySteps({
      runStrategy: () => Promise.resolve({ ended: 'superseded' }),
    });
    expect(await run(steps)).toMatchObject({
      phase: 'failed',
      reason: expect.stringContaining('FENCED: run run-1 of'),
    });
  });
});
