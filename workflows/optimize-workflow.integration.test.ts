/** A study's workflow over fake steps, on a server that wants a new run after a few events. */
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { ApplicationFailure } from '@temporalio/common';
import type { WorkflowHandle } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import { fakeStudySteps, type FakeStudySteps } from '../test/factories/study-steps.ts';
import { shortHistoryEnvironment } from '../test/short-history.ts';
import { workflowParts } from '../test/workflow-coverage/worker-parts.ts';
import type { StudyActivities } from '../activities/study-activities.ts';
import type { optimizeWorkflow } from './optimize-workflow.ts';
import { studyWorkflowId } from './study-names.ts';
import type { StudyResult, StudyState } from './study-messages.ts';

const EVENTS = 60;

jest.setTimeout(60_000);

type Handle = WorkflowHandle<typeof optimizeWorkflow>;

describe('optimizeWorkflow over fake steps', () => {
  let environment: TestWorkflowEnvironment;
  let runs = 0;

  beforeAll(async () => {
    environment = await shortHistoryEnvironment(EVENTS);
    await workflowParts();
  }, 120_000);
  afterAll(async () => {
    await environment.teardown();
  });

  async function live(
    steps: FakeStudySteps,
    concurrency: number,
    meanwhile: (handle: Handle) => Promise<void> = () => Promise.resolve(),
  ): Promise<{
    readonly result: StudyResult;
    readonly executions: number;
    readonly details: string;
  }> {
    runs += 1;
    const taskQueue = `research-${String(runs)}`;
    const studyId = `study-${String(runs)}`;
    const worker = await Worker.create({
      connection: environment.nativeConnection,
      taskQueue,
      activities: steps.activities,
      ...(await workflowParts()),
    });
    return worker.runUntil(async () => {
      const { workflow } = environment.client;
      const workflowId = studyWorkflowId(studyId);
      await workflow.start<typeof optimizeWorkflow>('optimizeWorkflow', {
        ...{ workflowId, taskQueue },
        args: [{ studyId, spec: {}, askedBy: 'ann', concurrency }],
      });
      // The newest run, whichever that is.
      const newest = workflow.getHandle<typeof optimizeWorkflow>(workflowId);
      await meanwhile(newest);
      const result = await newest.result();
      const listed = workflow.list({ query: `WorkflowId = "${workflowId}"` });
      const runIds: string[] = [];
      for await (const execution of listed) runIds.push(execution.runId);
      const { currentDetails } = await newest.query<{ currentDetails: string }>(
        '__temporal_workflow_metadata',
      );
      return { result, executions: runIds.length, details: currentDetails };
    });
  }

  async function until(handle: Handle, wanted: (state: StudyState) => boolean): Promise<void> {
    while (!wanted(await handle.query<StudyState>('state'))) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  it('runs each trial once, so many at a time, over several runs of its own', async () => {
    const steps = fakeStudySteps(40);
    const { result, executions, details } = await live(steps, 3);
    const numbers = (part: string, count: number): string[] =>
      Array.from({ length: count }, (_, index) => `${part} ${String(index + 1)}`);
    expect(steps.ran.toSorted()).toEqual(
      [...numbers('in sample', 40), ...numbers('out of sample', 2)].toSorted(),
    );
    expect(steps.atOnce).toBe(3);
    expect(executions).toBeGreaterThan(1);
    expect(steps.told).toEqual(['report']);
    expect(result).toMatchObject({
      ...{ phase: 'done', most: 40, tried: 40, failed: 1 },
      best: { number: 1, parameters: 'fast=1', score: 9 },
    });
    expect(details).toContain('40 of at most 40 trials, 1 failed');
    expect(details).toContain('trial 1, score **9.0000**, `fast=1`');
  });

  it('stays paused over a new run, and keeps the reason', async () => {
    const steps = fakeStudySteps(40);
    const { result } = await live(steps, 1, async (handle) => {
      await until(handle, ({ tried }) => tried >= 2);
      await handle.executeUpdate('pause', { args: [{ by: 'ann', reason: 'lunch' }] });
      await expect(handle.executeUpdate('pause', { args: [{ by: 'bob' }] })).rejects.toMatchObject({
        cause: {
          type: 'CONFLICT',
          message: expect.stringMatching(/only one that is running can pause/),
        },
      });
      const held = await handle.query<StudyState>('state');
      expect(held).toMatchObject({ phase: 'paused', reason: 'paused by ann: lunch' });
      await handle.executeUpdate('resume', { args: [{ by: 'ann' }] });
      await expect(handle.executeUpdate('resume', { args: [{ by: 'ann' }] })).rejects.toThrow();
    });
    expect(result.phase).toBe('done');
    expect(steps.told).toEqual(['paused by ann: lunch', 'goes on', 'report']);
  });

  it('cancelled while paused it ends, with the first reason', async () => {
    const steps = fakeStudySteps(40);
    const { result } = await live(steps, 2, async (handle) => {
      await until(handle, ({ tried }) => tried >= 1);
      await handle.executeUpdate('pause', { args: [{ by: 'ann' }] });
      await handle.signal('cancel', { by: 'bob', reason: 'enough' });
    });
    expect(result).toMatchObject({ phase: 'cancelled', reason: 'cancelled by bob: enough' });
    expect(steps.told.at(-1)).toBe('cancelled: cancelled by bob: enough');
    expect(steps.ran.length).toBeLessThan(40);
  });

  it.each<[keyof StudyActivities]>([['openStudy'], ['nextRuns'], ['runTrial'], ['concludeStudy']])(
    'fails with our code and sentence where %s cannot be helped',
    async (step) => {
      const refuse = () =>
        Promise.reject(ApplicationFailure.nonRetryable('the bars have changed', 'CONFLICT'));
      const steps = fakeStudySteps(4, { [step]: refuse });
      await expect(live(steps, 2)).rejects.toMatchObject({
        cause: { type: 'CONFLICT', message: 'the bars have changed' },
      });
      expect(steps.told).toEqual(['failed: the bars have changed CONFLICT']);
    },
  );

  it('tries again what a worker or a server away made fail', async () => {
    let asked = 0;
    const steps = fakeStudySteps(4, {
      openStudy: () => {
        asked += 1;
        return asked === 1
          ? Promise.reject(ApplicationFailure.retryable('PostgreSQL is away', 'UNAVAILABLE'))
          : Promise.resolve({ most: 4 });
      },
    });
    expect((await live(steps, 2)).result).toMatchObject({ phase: 'done', tried: 4 });
  });
});
