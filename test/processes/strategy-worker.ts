/**
 * A strategy worker as a process of its own, for tests that kill it. Its bus brings nothing: the instance
 * lives on the stored bars. Arguments: Temporal address, PostgreSQL URL, task queue. Says "ready" when it polls.
 */
import { fileURLToPath } from 'node:url';
import { NativeConnection, Worker } from '@temporalio/worker';
import { createStrategyActivities } from '../../activities/strategy-activities.ts';
import { createMemoryBus } from '../../adapters/bus/memory.ts';
import { openDatabase } from '../../adapters/storage/database.ts';
import { createRepositories } from '../../adapters/storage/repositories.ts';
import { createLogger } from '../../observability/logger.ts';
import { defaultRegistry } from '../../strategies/registry.ts';
import { createInstrument } from '../factories/market.ts';

const [address = '', postgresUrl = '', taskQueue = ''] = process.argv.slice(2);
const worker = await Worker.create({
  connection: await NativeConnection.connect({ address }),
  taskQueue,
  workflowsPath: fileURLToPath(new URL('../../workflows/strategy-workflow.ts', import.meta.url)),
  activities: createStrategyActivities({
    repositories: createRepositories(openDatabase(postgresUrl)),
    bus: createMemoryBus('test'),
    registry: defaultRegistry(),
    adapters: new Map([
      ['binance-sandbox', { instrument: () => Promise.resolve(createInstrument()) }],
    ]),
    cancelOrder: () => Promise.resolve(),
    logger: createLogger('strategy-worker', 'warn'),
    timing: { sweepMs: 100 },
  }),
  maxHeartbeatThrottleInterval: '200 milliseconds',
});
process.send?.('ready');
await worker.run();
process.exit(0);
