/** The strategy worker: hosts strategy instances and their workflows. Any number of them share the instances. */
import { createWorkflows } from '../adapters/temporal/workflows.ts';
import { createWorker } from '../adapters/temporal/worker.ts';
import { KeelError } from '../core/errors.ts';
import { createStrategyActivities } from '../activities/strategy-activities.ts';
import { STRATEGY_TASK_QUEUE } from '../workflows/strategy-names.ts';
import type { House } from './house.ts';
import { failureOf, runProcess, type Running } from './run-process.ts';

/** Instances one worker holds at once: each is one running activity. */
const MAX_INSTANCES = 200;

export async function startStrategies(house: House): Promise<Running> {
  const server = await house.temporal();
  const workflows = createWorkflows(server.client);
  const worker = await createWorker(server, {
    taskQueue: STRATEGY_TASK_QUEUE,
    workflows: true,
    activitySlots: MAX_INSTANCES,
    // An instance never ends by itself: it is told at once, and goes on elsewhere.
    graceMs: 0,
    activities: createStrategyActivities({
      ...house,
      async cancelOrder(orderId, strategyId) {
        try {
          await workflows.cancelOrder(orderId, { by: strategyId });
        } catch (error) {
          if (!(error instanceof KeelError) || error.code !== 'NOT_FOUND') throw error;
          house.logger.debug({ orderId, strategyId }, 'cancel_came_too_late');
        }
      },
    }),
  });
  const stopped = worker.run();
  return {
    failed: failureOf(stopped),
    async stop() {
      if (worker.getState() === 'RUNNING') worker.shutdown();
      await stopped;
    },
  };
}

if (import.meta.main) await runProcess('strategy', startStrategies);
