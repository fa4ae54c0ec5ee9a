/**
 * The research worker: carries out studies on the queue `research`, their backtests in threads of its own. Any
 * number of such processes, on machines that have the same bars in their library, share the trials.
 */
import { availableParallelism } from 'node:os';
import { createStudyActivities } from '../activities/study-activities.ts';
import { createWorker } from '../adapters/temporal/worker.ts';
import { RESEARCH_TASK_QUEUE } from '../workflows/study-names.ts';
import type { House } from './house.ts';
import { failureOf, runProcess, type Running } from './run-process.ts';
import { createStudyDesk } from './study-desk.ts';

export async function startResearch(house: House): Promise<Running> {
  const { config, logger, registry, repositories } = house;
  const { dataDir, threads = availableParallelism() } = config.research;
  const desk = createStudyDesk({
    ...{ registry, threads, dataDir },
    strategyPath: config.strategyPath,
    environment: process.env,
  });
  const worker = await createWorker(await house.temporal(), {
    taskQueue: RESEARCH_TASK_QUEUE,
    workflows: true,
    // A trial waits in the queue for a thread, not in a worker: another one may be free before.
    activitySlots: threads,
    activities: createStudyActivities({ studies: repositories.studies, desk, logger }),
  });
  const stopped = worker.run();
  return {
    failed: failureOf(stopped),
    async stop() {
      if (worker.getState() === 'RUNNING') worker.shutdown();
      await stopped;
      await desk.close();
    },
  };
}

if (import.meta.main) await runProcess('research', startResearch);
