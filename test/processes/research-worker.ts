/**
 * A research worker as a process of its own, for tests that kill it. Arguments: Temporal address, PostgreSQL URL, task
 * queue; KEEL_DATA_DIR has the bars. Says "ready" when it polls.
 */
import { fileURLToPath } from 'node:url';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { createStudyActivities } from '../../activities/study-activities.ts';
import { openDatabase } from '../../adapters/storage/database.ts';
import { createRepositories } from '../../adapters/storage/repositories.ts';
import { createLogger } from '../../observability/logger.ts';
import { defaultRegistry } from '../../strategies/registry.ts';
import { createStudyDesk } from '../../workers/study-desk.ts';

const [address = '', postgresUrl = '', taskQueue = ''] = process.argv.slice(2);
Runtime.install({ logger: new DefaultLogger('ERROR') });
const logger = createLogger('research-worker', 'warn');
const worker = await Worker.create({
  connection: await NativeConnection.connect({ address }),
  taskQueue,
  workflowsPath: fileURLToPath(new URL('../../workflows/optimize-workflow.ts', import.meta.url)),
  activities: createStudyActivities({
    studies: createRepositories(openDatabase(postgresUrl)).studies,
    desk: createStudyDesk({
      registry: defaultRegistry(),
      strategyPath: [],
      environment: process.env,
      threads: 2,
    }),
    logger,
  }),
  maxConcurrentActivityTaskExecutions: 2,
  maxHeartbeatThrottleInterval: '200 milliseconds',
});
process.send?.('ready');
await worker.run();
process.exit(0);
