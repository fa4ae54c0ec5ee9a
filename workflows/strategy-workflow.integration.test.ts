import type { ChildProcess } from 'node:child_process';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Client, Connection, type WorkflowHandle } from '@temporalio/client';
import { createRepositories } from '../adapters/storage/repositories.ts';
import type { Repositories } from '../adapters/repositories.ts';
import { createWorkflows } from '../adapters/temporal/workflows.ts';
import { testDatabase, type TestDatabase } from '../test/database.ts';
import { recordedDay } from '../test/factories/strategy-world.ts';
import { describeWith, testServers } from '../test/servers.ts';
import { killWorker, workerProcesses } from '../test/worker-processes.ts';
import { strategyWorkflowId } from './strategy-names.ts';
import type { StrategyState } from './strategy-messages.ts';
import type { strategyWorkflow } from './strategy-workflow.ts';

const HEARTBEAT_TIMEOUT_MS = 1_500;
const ID = 'sma';

describeWith(['postgres', 'temporal'], 'strategyWorkflow', () => {
  const { before, day } = recordedDay();
  const taskQueue = `strategies-${String(Date.now())}`;
  const workers = workerProcesses('strategy-worker.ts');
  let newest: ChildProcess;
  let database: TestDatabase;
  let repositories: Repositories;
  let connection: Connection;
  let client: Client;
  let sent = 0;

  beforeAll(async () => {
    database = await testDatabase();
    repositories = createRepositories(database.db);
    connection = await Connection.connect({ address: testServers().temporalAddress ?? '' });
    client = new Client({ connection });
    const account = {
      id: 'binance-sandbox',
      exchange: 'binance',
      mode: 'sandbox',
      feeIn: 'received',
    } as const;
    await repositories.accounts.ensure(account, { USDT: '10000' });
    await repositories.klines.upsert(before);
    for (const [id, config] of [
      [ID, { fast: 5, slow: 20 }],
      ['wrong', { fast: 30, slow: 20 }],
    ] as const) {
      await repositories.strategies.create({
        id,
        name: id,
        type: 'sma-cross',
        accountId: account.id,
        exchange: 'binance',
        config,
        quota: {
          allocation: '5000',
          maxPosition: null,
          maxOrderNotional: null,
          maxOrdersPerDay: null,
          approvalNotional: null,
        },
        createdBy: 'test',
      });
    }
  });

  afterAll(async () => {
    await workers.killAll();
    await connection.close();
    await database.drop();
  });

  async function startWorker(): Promise<ChildProcess> {
    newest = await workers.start(testServers().temporalAddress ?? '', database.url, taskQueue);
    return newest;
  }

  async function start(
    strategyId: string,
    runId: string,
  ): Promise<WorkflowHandle<typeof strategyWorkflow>> {
    return client.workflow.start<typeof strategyWorkflow>('strategyWorkflow', {
      workflowId: strategyWorkflowId(strategyId),
      taskQueue,
      args: [{ strategyId, runId, heartbeatTimeoutMs: HEARTBEAT_TIMEOUT_MS }],
    });
  }

  /** Stores the next bars of the day and gives the time of the last one. */
  async function storeBars(count: number): Promise<number> {
    const next = day.slice(sent, sent + count);
    sent += count;
    await repositories.klines.upsert(next);
    return next.at(-1)!.closeAt;
  }

  async function checkpoint(): Promise<{ epoch: number; at: number }> {
    const row = await database.db
      .selectFrom('strategy_checkpoints')
      .select(['epoch', 'offsets'])
      .where('strategy_id', '=', ID)
      .executeTakeFirst();
    return { epoch: row?.epoch ?? 0, at: Math.max(0, ...Object.values(row?.offsets ?? {})) };
  }

  /** How long it took, in milliseconds. */
  async function handledTo(closeAt: number): Promise<void> {
    const begin = Date.now();
    while ((await checkpoint()).at < closeAt) {
      if (Date.now() - begin > 60_000) throw new Error('the instance did not go on within 60 s');
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  async function state(): Promise<StrategyState> {
    return client.workflow.getHandle(strategyWorkflowId(ID)).query<StrategyState>('state');
  }

  it('goes on with a second worker when the first is killed, and stops on its signal', async () => {
    const first = await startWorker();
    const handle = await start(ID, 'run-1');
    await handledTo(await storeBars(30));
    expect(await state()).toMatchObject({ phase: 'running', runId: 'run-1' });
    const { epoch } = await checkpoint();

    await killWorker(first);
    const due = await storeBars(30);
    const second = await startWorker();
    await handledTo(due);
    expect((await checkpoint()).epoch).toBe(epoch + 1);
    await handledTo(await storeBars(400));

    const signals = await database.db.selectFrom('outbox').selectAll().execute();
    expect(signals.length).toBeGreaterThan(3);
    expect(signals.every((row) => row.published_at !== null)).toBe(true);
    expect(signals.map((row) => row.sequence).sort((a, b) => a - b)).toEqual(
      signals.map((_, at) => at + 1),
    );

    await expect(
      createWorkflows(client).startStrategy({ strategyId: ID, runId: 'run-2' }),
    ).rejects.toMatchObject({
      code: 'CONFLICT',
    });
    await createWorkflows(client).stopStrategy(ID, { by: 'ann' });
    expect(await handle.result()).toEqual({ phase: 'stopped', reason: 'stopped by ann' });
    expect(await repositories.strategies.get(ID)).toMatchObject({
      status: 'stopped',
      statusReason: 'stopped by ann',
    });
    expect(second.exitCode).toBeNull();
  });

  it("moves to another worker at once when its worker shuts down, and takes Temporal's cancel as a stop", async () => {
    const handle = await start(ID, 'run-2');
    await handledTo(await storeBars(1));
    const leaving = newest;
    await startWorker();
    await killWorker(leaving, 'SIGTERM');
    await handledTo(await storeBars(5));
    await handle.cancel();
    expect(await handle.result()).toMatchObject({ phase: 'stopped' });
    expect(await repositories.strategies.get(ID)).toMatchObject({ status: 'stopped' });
  });

  it('ends as failed, saying why, where trying again cannot help', async () => {
    const handle = await start('wrong', 'run-1');
    expect(await handle.result()).toMatchObject({
      phase: 'failed',
      reason: expect.stringMatching(/^CONFIG_INVALID: .*(fast|slow)/),
    });
    expect(await repositories.strategies.get('wrong')).toMatchObject({ status: 'failed' });
  });

  it('takes over a run whose workflow was terminated', async () => {
    const handle = await start(ID, 'run-3');
    await handledTo(await storeBars(1));
    await handle.terminate();
    const next = await start(ID, 'run-4');
    await handledTo(await storeBars(1));
    expect(await repositories.strategies.get(ID)).toMatchObject({
      status: 'running',
      runId: 'run-4',
    });
    await next.signal('stop', { by: 'ann' });
    await next.result();
  });
});
