/** A thread that runs backtests of one study: a request comes in, its outcome goes out. Started by RunPool. */
import { parentPort, workerData } from 'node:worker_threads';
import { registerOwnStrategies } from '../../strategies/own-strategies.ts';
import { defaultRegistry } from '../../strategies/registry.ts';
import type { RunOutcome } from './run-pool.ts';
import { answer, type RunRequest, type Study } from './study.ts';

const study = workerData as Study;
const registry = await registerOwnStrategies(defaultRegistry(), study.strategyPaths);
const port = parentPort;
if (port === null) throw new Error('run-thread.ts is started as a worker thread');
port.on('message', (request: RunRequest) => {
  port.postMessage(outcomeOf(request));
});

function outcomeOf(request: RunRequest): RunOutcome {
  try {
    return { ok: true, answer: answer(registry, study, request) };
  } catch (error) {
    return { ok: false, message: error instanceof Error ? error.message : String(error) };
  }
}
