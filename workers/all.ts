/**
 * All workers in one process, for the embedded stack: they share one memory bus and one cache, and each is
 * the same code that runs as a process of its own on the native stack.
 */
import type { Config } from '../config/schema.ts';
import { KeelError } from '../core/errors.ts';
import { startApi, type RunningApi } from '../api/main.ts';
import { startCollector } from './collector.ts';
import { startDispatcher } from './dispatcher.ts';
import { buildHouse, type House } from './house.ts';
import { startManager } from './manager.ts';
import { startOrders } from './orders.ts';
import { startRiskMonitor } from './risk-monitor.ts';
import { startResearch } from './research.ts';
import type { Running } from './run-process.ts';
import { startStrategies } from './strategy.ts';

export interface AllWorkers {
  readonly house: House;
  readonly api: RunningApi;
  stop(): Promise<void>;
}

/** Consumers start before producers. A start that fails stops what had started. */
export async function startAll(config: Config): Promise<AllWorkers> {
  if (config.mode === 'live') {
    throw new KeelError(
      'CONFIG_INVALID',
      'mode "live" does not run in one process: use the native stack, a process each',
    );
  }
  // Whatever is configured: one process needs no broker between its workers.
  const house = await buildHouse('keel', {
    ...config,
    bus: { kind: 'memory' },
    cache: { kind: 'memory' },
    // A build that ends with its one process has nobody to finish what it began.
    temporal: { ...config.temporal, versioning: undefined },
  });
  const started: Running[] = [];
  const stop = async (): Promise<void> => {
    for (const running of started.toReversed()) await running.stop();
    await house.close();
  };
  try {
    for (const start of [
      startManager,
      startOrders,
      startRiskMonitor,
      startDispatcher,
      startStrategies,
      startResearch,
    ]) {
      const running = await start(house);
      started.push(running);
      // Nobody is there to start it anew: it is told, and the rest goes on.
      void running.failed?.then((error) => {
        house.logger.fatal({ err: error }, 'worker_failed');
      });
    }
    const api = await startApi(house);
    started.push(api, await startCollector(house));
    return { house, api, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
