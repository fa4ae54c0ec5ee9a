/** Studies over Temporal: what they find is what one machine's threads find, whatever dies on the way. */
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, it, jest } from '@jest/globals';
import { Client, Connection, type WorkflowHandle } from '@temporalio/client';
import { BarLibrary } from '../adapters/bars/bar-library.ts';
import { createRepositories } from '../adapters/storage/repositories.ts';
import type { Repositories } from '../adapters/repositories.ts';
import { run } from '../cli/keel.ts';
import type { Json } from '../core/json.ts';
import { studyWorkflowId } from '../workflows/study-names.ts';
import type { StudyState } from '../workflows/study-messages.ts';
import type { optimizeWorkflow } from '../workflows/optimize-workflow.ts';
import { testDatabase, type TestDatabase } from './database.ts';
import { makeSeries } from './factories/bars.ts';
import { describeWith, testServers } from './servers.ts';
import { killWorker, workerProcesses } from './worker-processes.ts';

type Handle = WorkflowHandle<typeof optimizeWorkflow>;

jest.setTimeout(180_000);

const SEARCH = ['-s', 'sma-cross', '-p', 'BTC/USDT', '--space', 'fast=3..30', 'slow=10..60'];
const SPEC = {
  run: { strategy: 'sma-cross', pairs: ['BTC/USDT'] },
  space: ['fast=3..30', 'slow=10..60'],
  trials: 24,
};

describeWith(['postgres', 'temporal'], 'optimizeWorkflow', () => {
  const taskQueue = `research-${String(Date.now())}`;
  const folder = mkdtempSync(join(tmpdir(), 'keel-studies-'));
  const environment = { KEEL_DATA_DIR: folder, KEEL_CACHE_DIR: join(folder, 'cache') };
  const workers = workerProcesses('research-worker.ts', environment);
  let database: TestDatabase;
  let repositories: Repositories;
  let connection: Connection;
  let client: Client;

  beforeAll(async () => {
    database = await testDatabase();
    repositories = createRepositories(database.db);
    connection = await Connection.connect({ address: testServers().temporalAddress ?? '' });
    client = new Client({ connection });
    new BarLibrary(join(folder, 'bars')).add(makeSeries(30_000, { seed: 7 }), 'a test');
  }, 60_000);
  afterEach(async () => {
    await workers.killAll();
  });
  afterAll(async () => {
    await connection.close();
    await database.drop();
    rmSync(folder, { recursive: true });
  });

  function startWorker(): Promise<ChildProcess> {
    return workers.start(testServers().temporalAddress ?? '', database.url, taskQueue);
  }

  function start(studyId: string, spec: Json = SPEC, concurrency = 4): Promise<Handle> {
    const heartbeatTimeoutMs = 2_000;
    return client.workflow.start<typeof optimizeWorkflow>('optimizeWorkflow', {
      workflowId: studyWorkflowId(studyId),
      taskQueue,
      args: [{ studyId, spec, askedBy: 'ann', concurrency, heartbeatTimeoutMs }],
    });
  }

  async function until(handle: Handle, wanted: (state: StudyState) => boolean) {
    for (;;) {
      const state = await handle.query<StudyState>('state');
      if (wanted(state)) return state;
      await sleep(50);
    }
  }

  /** The same study by `keel optimize` in this process. */
  async function byThreads(): Promise<unknown> {
    const out: string[] = [];
    await run(['optimize', ...SEARCH, '--trials', '24', '--json'], {
      environment,
      out: (text) => out.push(text),
      err: (text) => out.push(text),
      askSecret: async () => '',
    });
    return JSON.parse(out.join('\n'));
  }

  it('finds what the threads of one machine find, though workers are killed on the way', async () => {
    const first = await startWorker();
    const handle = await start('killed');
    await until(handle, ({ tried }) => tried >= 6);
    await killWorker(first);
    const second = await startWorker();
    await until(handle, ({ tried }) => tried >= 14);
    await killWorker(second);
    await startWorker();
    const result = await handle.result();

    const report = await repositories.studies.report('killed');
    expect(report).toEqual(await byThreads());
    const trials = await repositories.studies.trials('killed');
    expect(trials.map(({ number }) => number)).toEqual(
      Array.from({ length: 24 }, (_, index) => index + 1),
    );
    expect(trials.filter(({ outOfSample }) => outOfSample !== null)).toHaveLength(5);
    expect(result).toMatchObject({ phase: 'done', most: 24, tried: 24, failed: 0 });
    const record = await repositories.studies.get('killed');
    expect(record).toMatchObject({ status: 'done', askedBy: 'ann', tried: 24, failed: 0 });
    expect(result.best).toMatchObject({ number: record.best?.number, score: record.best?.score });
  });

  it('paused it begins nothing, through a restart of its worker too; resumed it finishes', async () => {
    const first = await startWorker();
    const handle = await start('paused', SPEC, 1);
    await until(handle, ({ tried }) => tried >= 2);
    await handle.executeUpdate('pause', { args: [{ by: 'ann', reason: 'lunch' }] });
    await expect(handle.executeUpdate('pause', { args: [{ by: 'ann' }] })).rejects.toMatchObject({
      cause: {
        type: 'CONFLICT',
        message: 'study paused is paused: only one that is running can pause',
      },
    });
    expect(await repositories.studies.get('paused')).toMatchObject({
      ...{ status: 'paused', reason: 'paused by ann: lunch' },
    });
    // The one in hand may still finish.
    await sleep(1_000);
    const { tried } = await repositories.studies.get('paused');
    await killWorker(first);
    await startWorker();
    await sleep(1_500);
    expect(await handle.query('state')).toMatchObject({ phase: 'paused', tried });
    expect((await repositories.studies.get('paused')).tried).toBe(tried);
    await handle.executeUpdate('resume', { args: [{ by: 'ann' }] });
    expect(await handle.result()).toMatchObject({ phase: 'done', tried: 24 });
    expect(await repositories.studies.report('paused')).toEqual(await byThreads());
  });

  it.each([
    [
      'the signal',
      async (handle: Handle) => handle.signal('cancel', { by: 'bob' }),
      'cancelled by bob',
    ],
    ["Temporal's cancel", async (handle: Handle) => handle.cancel(), 'cancelled through Temporal'],
  ])('cancelled by %s it keeps what was tried', async (_how, cancel, reason) => {
    await startWorker();
    const studyId = `cancelled ${reason}`;
    const handle = await start(studyId, { ...SPEC, trials: 300, sampler: 'random' });
    await until(handle, ({ tried }) => tried >= 1);
    await cancel(handle);
    expect(await handle.result()).toMatchObject({ phase: 'cancelled', reason });
    const record = await repositories.studies.get(studyId);
    expect(record).toMatchObject({ status: 'cancelled', reason });
    expect(record.tried).toBeGreaterThan(0);
    expect(record.tried).toBeLessThan(300);
    expect(await repositories.studies.report(studyId)).toBeNull();
  });

  it('what cannot be ends it at once, and says why', async () => {
    const bad: readonly (readonly [string, Record<string, Json>, string, RegExp])[] = [
      ['an unknown strategy', { run: { strategy: 'smma' } }, 'STRATEGY_UNKNOWN', /smma.*sma-cross/],
      [
        'a parameter outside its range',
        { run: { ...SPEC.run, parameters: { quantity: -1 } } },
        'CONFIG_INVALID',
        /quantity/,
      ],
      [
        'bars that are not there',
        { run: { strategy: 'sma-cross', pairs: ['ETH/USDT'] } },
        'NOT_FOUND',
        /no bars of ETH\/USDT.*BTC\/USDT/,
      ],
      [
        'a time range outside the data',
        { run: { ...SPEC.run, timerange: '20300101-20300201' } },
        'INVALID_INPUT',
        /2030.*BTC\/USDT/,
      ],
      ['no trials', { trials: 0 }, 'INVALID_INPUT', /trials/],
      [
        'a space of no such parameter',
        { space: ['fats=1..2'] },
        'INVALID_INPUT',
        /no parameter "fats"/,
      ],
      ['files', { run: { ...SPEC.run, strategyPath: ['/etc'] } }, 'INVALID_INPUT', /strategyPath/],
    ];
    await startWorker();
    for (const [what, change, code, message] of bad) {
      const handle = await start(what, { ...SPEC, ...change });
      await expect(handle.result()).rejects.toMatchObject({
        cause: { type: code, message: expect.stringMatching(message) },
      });
      expect(await repositories.studies.get(what)).toMatchObject({
        ...{ status: 'failed', reasonCode: code, reason: expect.stringMatching(message), tried: 0 },
      });
    }
  });
});
