/**
 * Records the histories that test/replay.test.ts replays: `node test/record-histories.ts`, or with the names
 * of some (`order-local-filled strategy-stopped`) only these. Starts PostgreSQL and Temporal, drives every way an
 * order can go over the real activities and the simulator, and the lives of strategies, studies and halts over fake
 * ones, and writes one JSON file each to test/histories. Run it when a change to a workflow is meant; a history is never edited.
 */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { WorkflowHandle } from '@temporalio/client';
import { connectTemporal } from '../adapters/temporal/client.ts';
import { workflowBundle } from '../adapters/temporal/worker.ts';
import { migrate } from '../adapters/storage/migrate.ts';
import { startPostgres } from '../stack/postgres.ts';
import { startTemporal } from '../stack/temporal.ts';
import { EXECUTIONS } from './factories/execution-scenarios.ts';
import { GUARD_LIVES } from './factories/guard-lives.ts';
import { ORDER_CARE } from './factories/order-care.ts';
import { UNKNOWN_LIVES } from './factories/unknown-lives.ts';
import { openOrderStage, SCENARIOS } from './factories/order-stage.ts';
import { HALTS, playHalt } from './factories/halts.ts';
import { playLongGuard } from './factories/long-guards.ts';
import { playStrategy, STRATEGY_LIVES } from './factories/strategy-lives.ts';
import { playStudy, STUDY_LIVES } from './factories/study-lives.ts';
import { legWorkflowId } from '../workflows/order-names.ts';
import { writeHistory } from './histories.ts';
import { shortHistoryServer } from './short-history.ts';

const names = process.argv.slice(2);

function wanted(name: string): boolean {
  return names.length === 0 || names.includes(name);
}

async function record(name: string, handle: WorkflowHandle, how: string): Promise<void> {
  const history = await handle.fetchHistory();
  await writeHistory(name, history);
  process.stdout.write(`${name}: ${how}, ${String(history.events?.length)} events\n`);
}

const dataDir = mkdtempSync(join(tmpdir(), 'keel-record-'));
// PostgreSQL, run as another user where we are root, must be able to walk in.
chmodSync(dataDir, 0o755);
const postgres = await startPostgres({ dataDir, durable: false });
const temporal = await startTemporal({ dataDir, durable: false });
try {
  await migrate(postgres.url);
  const stage = await openOrderStage({
    postgresUrl: postgres.url,
    temporal: { address: temporal.url },
    other: { USDT: '50000' },
  });
  try {
    for (const [name, scenario] of Object.entries(SCENARIOS)) {
      // `order-<name>` alone are of the time before own steps were local; they can no longer be made.
      const file = `order-local-${name}`;
      if (!wanted(file)) continue;
      const { handle, result } = await scenario(stage);
      await record(file, handle, result.status);
    }
    for (const [name, scenario] of Object.entries(EXECUTIONS)) {
      const file = `order-${name}`;
      if (!wanted(file)) continue;
      const { handle, result } = await scenario(stage);
      await record(file, handle, result.status);
      // Each of its legs lives alike: one stands for all.
      if (name !== 'twap') continue;
      const { client } = await stage.house.temporal();
      await record('leg', client.workflow.getHandle(legWorkflowId(result.orderId, 1)), 'filled');
    }
    for (const [name, life] of Object.entries(GUARD_LIVES)) {
      if (!wanted(`guard-${name}`)) continue;
      const handle = await life(stage);
      const { ending, exit } = await handle.result();
      await record(`guard-${name}`, handle, `${String(ending)} by ${String(exit)}`);
    }
    for (const [name, care] of Object.entries(ORDER_CARE)) {
      if (!wanted(name)) continue;
      const handle = await care(stage);
      await record(name, handle, JSON.stringify(await handle.result()));
    }
  } finally {
    await stage.close();
  }
  for (const [name, life] of Object.entries(UNKNOWN_LIVES)) {
    if (!wanted(`order-local-${name}`)) continue;
    const { history, result } = await life();
    await writeHistory(`order-local-${name}`, history);
    process.stdout.write(`order-local-${name}: ${result.status}\n`);
  }
  if (wanted('guard-continued')) {
    const short = await shortHistoryServer(20);
    const bundle = { workflowBundle: await workflowBundle() };
    const { handle } = await playLongGuard(short, bundle);
    await record('guard-continued', handle, 'goes on in a new run');
    await short.teardown();
  }
  const server = await connectTemporal({ address: temporal.url, namespace: 'default' });
  try {
    for (const [name, life] of Object.entries(STRATEGY_LIVES)) {
      if (!wanted(`strategy-${name}`)) continue;
      const { handle, result } = await playStrategy(server, name, life());
      await record(`strategy-${name}`, handle, result.phase);
    }
    for (const [name, life] of Object.entries(STUDY_LIVES)) {
      if (!wanted(`study-${name}`)) continue;
      const { handle, phase } = await playStudy(server, name, life);
      await record(`study-${name}`, handle, phase);
    }
    for (const [name, rounds] of Object.entries(HALTS)) {
      if (!wanted(`halt-${name}`)) continue;
      const { handle, result } = await playHalt(server, rounds);
      await record(`halt-${name}`, handle, result.outcome);
    }
  } finally {
    await server.close();
  }
} finally {
  await temporal.stop();
  await postgres.stop();
  rmSync(dataDir, { recursive: true, force: true });
}
