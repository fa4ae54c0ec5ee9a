/**
 * A new build is deployed while an order rests: a process with changed sources and a changed workflow. The
 * order ends on the build that began it, the next one runs on the new build, and a strategy moves over when it
 * continues as new. On a Temporal server of its own: a current build takes the queues of unversioned workers.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import type { WorkflowHandle } from '@temporalio/client';
import { Worker } from '@temporalio/worker';
import { connectTemporal } from '../adapters/temporal/client.ts';
import { createDeployments, type Deployments } from '../adapters/temporal/deployments.ts';
import { createWorker, workflowBundle } from '../adapters/temporal/worker.ts';
import type { Server } from '../stack/server.ts';
import { startTemporal } from '../stack/temporal.ts';
import type { strategyWorkflow } from '../workflows/strategy-workflow.ts';
import { testDatabase, type TestDatabase } from './database.ts';
import { changedSources, type ChangedSources } from './factories/changed-sources.ts';
import { openOrderStage, type OrderStage } from './factories/order-stage.ts';
import { SYMBOL } from './factories/stored-world.ts';
import { fakeStrategySteps } from './factories/strategy-steps.ts';
import { describeWith } from './servers.ts';

jest.setTimeout(240_000);

/** Builds on which workflow tasks of this run were completed, in order, without repetition. */
async function buildsOf(handle: WorkflowHandle): Promise<string[]> {
  const { events } = await handle.fetchHistory();
  const builds = (events ?? []).flatMap(({ workflowTaskCompletedEventAttributes: completed }) => {
    const build = completed?.deploymentVersion?.buildId;
    return build === null || build === undefined ? [] : [build];
  });
  return [...new Set(builds)];
}

async function untilCurrent(deployments: Deployments, buildId: string): Promise<void> {
  for (;;) {
    try {
      await deployments.makeCurrent(buildId);
      return;
    } catch (error) {
      // Its workers have not polled all their queues yet.
      expect(error).toMatchObject({ code: 'CONFLICT' });
      await sleep(200);
    }
  }
}

async function untilSeen(deployments: Deployments, known: readonly string[]): Promise<string> {
  for (;;) {
    const found = (await deployments.list()).find(({ buildId }) => !known.includes(buildId));
    if (found !== undefined) return found.buildId;
    await sleep(200);
  }
}

describeWith(['postgres', 'temporal'], 'a deploy with orders in flight', () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'keel-versions-'));
  let temporal: Server;
  let database: TestDatabase;
  let stage: OrderStage;
  let changed: ChangedSources;
  let newProcess: ChildProcess | undefined;

  beforeAll(async () => {
    changed = changedSources();
    temporal = await startTemporal({ dataDir, durable: false });
    database = await testDatabase();
    stage = await openOrderStage({
      postgresUrl: database.url,
      temporal: { address: temporal.url },
      versioned: true,
    });
  });
  afterAll(async () => {
    if (newProcess?.exitCode === null) {
      const exited = once(newProcess, 'exit');
      newProcess.kill('SIGTERM');
      await exited;
    }
    changed.remove();
    await stage.close();
    await database.drop();
    await temporal.stop();
    rmSync(dataDir, { recursive: true });
  });

  it('an order ends where it began, the next one on the new build; unpinned, the first would break', async () => {
    const { client } = await stage.house.temporal();
    const deployments = createDeployments(client, { deployment: 'keel' }, 'test');
    const oldBuild = await untilSeen(deployments, []);
    await untilCurrent(deployments, oldBuild);
    const limitPrice = String(Math.floor(Number(stage.simulator.state().prices[SYMBOL]) * 0.999));
    const resting = await stage.send(await stage.signal({ type: 'limit', limitPrice }));
    while (stage.simulator.state().openOrders === 0) await sleep(50);

    await expect(deployments.makeCurrent('never-started')).rejects.toThrow(
      new RegExp(`build never-started cannot become current .*seen so far: ${oldBuild}`),
    );
    newProcess = fork(join(changed.folder, 'workers', 'orders.ts'), {
      env: { ...process.env, KEEL_CONFIG_JSON: JSON.stringify(stage.house.config) },
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    await once(newProcess, 'message');
    const newBuild = await untilSeen(deployments, [oldBuild]);
    await untilCurrent(deployments, newBuild);
    const statuses = new Map(
      (await deployments.list()).map(({ buildId, status }) => [buildId, status]),
    );
    expect(statuses.get(newBuild)).toBe('current');

    const next = await stage.send(await stage.signal({}));
    expect((await next.result()).status).toBe('filled');
    expect(await buildsOf(next)).toEqual([newBuild]);

    while (stage.simulator.state().openOrders > 0) {
      stage.simulator.advance(1);
      await sleep(5);
    }
    expect((await resting.result()).status).toBe('filled');
    expect(await buildsOf(resting)).toEqual([oldBuild]);

    const history = await resting.fetchHistory();
    const replay = async (bundle: { readonly code: string }): Promise<string | undefined> => {
      const results = Worker.runReplayHistories({ workflowBundle: bundle }, [
        { workflowId: resting.workflowId, history },
      ]);
      for await (const { error } of results) return error?.message;
      return 'it was not replayed';
    };
    expect(await replay(await workflowBundle())).toBeUndefined();
    expect(await replay(await changed.bundle())).toMatch(/nondeterminism/i);
  });

  it('a strategy moves to the new build when it hands over', async () => {
    const connect = (buildId: string) =>
      connectTemporal({
        address: temporal.url,
        namespace: 'default',
        versioning: { deployment: 'strategies', buildId },
      });
    const [one, two] = [await connect('one'), await connect('two')];
    const rotate = Promise.withResolvers<{ ended: 'rotated' }>();
    const steps = {
      one: fakeStrategySteps({
        runStrategy: () => rotate.promise,
      }),
      two: fakeStrategySteps(),
    };
    const taskQueue = 'strategies-moving';
    const workers = [
      await createWorker(one, { taskQueue, activities: steps.one.activities, workflows: true }),
      await createWorker(two, { taskQueue, activities: steps.two.activities, workflows: true }),
    ];
    const running = Promise.all(workers.map((worker) => worker.run()));
    const deployments = createDeployments(one.client, { deployment: 'strategies' }, 'test');
    await untilCurrent(deployments, 'one');
    const first = await one.client.workflow.start<typeof strategyWorkflow>('strategyWorkflow', {
      workflowId: 'strategy:moving',
      taskQueue,
      args: [{ strategyId: 'moving', runId: 'run-1', heartbeatTimeoutMs: 120_000 }],
    });
    while ((await buildsOf(first)).length === 0) await sleep(50);
    await untilCurrent(deployments, 'two');
    rotate.resolve({ ended: 'rotated' });
    const newest = one.client.workflow.getHandle('strategy:moving');
    for (;;) {
      const { runId } = await newest.describe();
      const run = one.client.workflow.getHandle('strategy:moving', runId);
      if (runId !== first.firstExecutionRunId && (await buildsOf(run)).length > 0) {
        expect(await buildsOf(run)).toEqual(['two']);
        break;
      }
      await sleep(100);
    }
    expect(
      await buildsOf(one.client.workflow.getHandle('strategy:moving', first.firstExecutionRunId)),
    ).toEqual(['one']);
    await newest.signal('stop', { by: 'ada' });
    expect(await newest.result()).toMatchObject({ phase: 'stopped' });
    for (const worker of workers) worker.shutdown();
    await running;
    await one.close();
    await two.close();
  });
});
