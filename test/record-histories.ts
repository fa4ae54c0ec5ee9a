/**
 * Records the histories that test/replay.test.ts replays: `node test/record-histories.ts`. Starts PostgreSQL
 * and Temporal, drives every scenario over the real activities and the simulator, and writes one JSON file
 * per path to test/histories. Run it when a change to the workflow is meant; a history is never edited.
 */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { migrate } from '../adapters/storage/migrate.ts';
import { startPostgres } from '../stack/postgres.ts';
import { startTemporal } from '../stack/temporal.ts';
import { openOrderStage, SCENARIOS } from './factories/order-stage.ts';
import { writeHistory } from './histories.ts';

const dataDir = mkdtempSync(join(tmpdir(), 'keel-record-'));
// PostgreSQL, run as another user where we are root, must be able to walk in.
chmodSync(dataDir, 0o755);
const postgres = await startPostgres({ dataDir, durable: false });
const temporal = await startTemporal({ dataDir, durable: false });
try {
  await migrate(postgres.url);
  const stage = await openOrderStage({ postgresUrl: postgres.url, temporalAddress: temporal.url });
  try {
    for (const [name, scenario] of Object.entries(SCENARIOS)) {
      const { handle, result } = await scenario(stage);
      const history = await handle.fetchHistory();
      writeHistory(`order-${name}`, history);
      process.stdout.write(`${name}: ${result.status}, ${String(history.events?.length)} events\n`);
    }
  } finally {
    await stage.close();
  }
} finally {
  await temporal.stop();
  await postgres.stop();
  rmSync(dataDir, { recursive: true, force: true });
}
