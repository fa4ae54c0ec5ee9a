/** How a strategy's workflow begins, goes on and ends, over fake steps, on the time-skipping server. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
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
import type { CloseDownRound, StrategyCloseStep } from '../activities/close-down.ts';
import type { FailurePolicy } from '../core/failure-policy.ts';
import { ORDER_TASK_QUEUE } from './order-names.ts';
import { strategyWorkflowId } from './strategy-names.ts';
import type { PauseRequest } from './pausing.ts';
import type { StrategyResult, StrategyState } from './strategy-messages.ts';
import type { strategyWorkflow } from './strategy-workflow.ts';

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
    failurePolicy?: FailurePolicy,
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
          args: [
            {
              strategyId,
              runId: 'run-1',
              heartbeatTimeoutMs: 5_000,
              ...(failurePolicy === undefined ? {} : { failurePolicy }),
            },
          ],
        },
      );
      await meanwhile(handle);
      return handle.result();
    });
  }

  /** Steps of the orders worker: each sweep answers the next of these rounds, the last for ever. */
  async function sweeping<T>(
    rounds: readonly CloseDownRound[],
    work: (asked: StrategyCloseStep[]) => Promise<T>,
  ): Promise<T> {
    const asked: StrategyCloseStep[] = [];
    const worker = await Worker.create({
      connection: environment.nativeConnection,
      taskQueue: ORDER_TASK_QUEUE,
      activities: {
        sweepStrategy: async (step: StrategyCloseStep): Promise<CloseDownRound | undefined> => {
          asked.push(step);
          return rounds[Math.min(asked.length, rounds.length) - 1];
        },
      },
    });
    return worker.runUntil(() => work(asked));
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

  const nothing: CloseDownRound = { open: [], held: [], done: true };

  it('a stop that flattens waits until orders and positions are gone, and tells the dust', async () => {
    const steps = fakeStrategySteps();
    const holding = { strategyId: 'sma', symbol: 'BTC/USDT', quantity: '0.5' };
    const rounds: readonly CloseDownRound[] = [
      { open: ['0'.repeat(24)], held: [{ ...holding, state: 'closing' }], done: false },
      { open: [], held: [{ ...holding, quantity: '0.00001', state: 'dust' }], done: true },
    ];
    await sweeping(rounds, async (asked) => {
      const result = await run(
        steps,
        async (handle) => {
          await until(handle, 'running');
          await handle.signal('stop', { by: 'ann', flatten: true });
        },
        { onFailure: 'stop' },
      );
      expect(result).toEqual({
        phase: 'stopped',
        reason: 'stopped by ann; too small to close, and kept: 0.00001 BTC/USDT',
      });
      expect(asked).toHaveLength(2);
      expect(asked[0]).toMatchObject({ which: 'all', flatten: true, by: 'ann', runId: 'run-1' });
    });
    // Entries are denied from the first, the run has ended only at the last.
    expect(steps.ended.map(({ status }) => status)).toEqual(['stopping', 'stopped']);
  });

  it('is paused and resumed, and refuses what its state does not allow', async () => {
    const steps = fakeStrategySteps();
    await sweeping([nothing], async (asked) => {
      await run(
        steps,
        async (handle) => {
          await until(handle, 'running');
          const resume = () =>
            handle.executeUpdate<StrategyState, [PauseRequest]>('resume', {
              args: [{ by: 'ann' }],
            });
          await expect(resume()).rejects.toMatchObject({
            cause: { type: 'CONFLICT', message: expect.stringContaining('is running') },
          });
          const paused = await handle.executeUpdate<StrategyState, [PauseRequest]>('pause', {
            args: [{ by: 'ann', reason: 'news' }],
          });
          expect(paused).toMatchObject({ phase: 'paused', reason: 'paused by ann: news' });
          expect(await resume()).toMatchObject({ phase: 'running', reason: null });
          await handle.signal('stop', { by: 'ann' });
        },
        { onFailure: 'stop' },
      );
      expect(asked.map(({ which }) => which)).toEqual(['entries', 'all']);
    });
    expect(steps.calls.filter((call) => ['pause', 'resume'].includes(call))).toEqual([
      'pause',
      'resume',
    ]);
  });

  it('restarts a failing strategy as often as its policy says, then ends it', async () => {
    const steps = fakeStrategySteps({
      runStrategy: () => Promise.reject(failure('STRATEGY_FAILED', true)),
    });
    await sweeping([nothing], async (asked) => {
      const result = await run(steps, undefined, { onFailure: 'restart', maxRestarts: 2 });
      expect(result.phase).toBe('failed');
      expect(steps.calls.filter((call) => call === 'runStrategy')).toHaveLength(3);
      expect(asked).toMatchObject([{ which: 'all', flatten: false }]);
    });
  });

  it('closes the positions of a failed strategy whose policy says so', async () => {
    const steps = fakeStrategySteps({
      runStrategy: () => Promise.reject(failure('STRATEGY_FAILED', true)),
    });
    await sweeping([nothing], async (asked) => {
      await run(steps, undefined, { onFailure: 'flatten' });
      expect(asked).toMatchObject([{ which: 'all', flatten: true, by: 'keel' }]);
    });
  });

  it('leaves orders and positions alone that a newer run owns', async () => {
    const steps = fakeStrategySteps({
      runStrategy: () => Promise.resolve({ ended: 'superseded' }),
    });
    await sweeping([nothing], async (asked) => {
      await run(steps, undefined, { onFailure: 'flatten' });
      expect(asked).toEqual([]);
    });
  });
});
