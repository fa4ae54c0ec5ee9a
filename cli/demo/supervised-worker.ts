/**
 * A worker that is kept up: whenever its process ends without being told to, another is started. A process
 * that cannot start (PostgreSQL is away, say) is tried again, less and less often.
 */
import { backOffMs, pause, type BackOff } from '../../adapters/back-off.ts';
import { startWorker, WORKERS, type WorkerName, type WorkerProcess } from './processes.ts';

export interface SupervisedWorker {
  readonly name: WorkerName;
  /** The process at work; undefined while there is none. */
  current(): WorkerProcess | undefined;
  /** SIGKILL: what the chaos tests do. Another process follows. */
  kill(): Promise<void>;
  /** Ends the process at work, politely, and resolves once another is ready. */
  restart(): Promise<void>;
  /** Stops it for good. */
  stop(): Promise<void>;
}

export interface SupervisionOptions {
  readonly environment: Readonly<Record<string, string>>;
  /** Told of every process that ended by itself or could not start, and why. */
  readonly onEnd?: (how: string) => void;
  /** Between the tries to start. Default 200 ms to 10 s. */
  readonly backoff?: BackOff;
}

const POLL_MS = 20;

/** Resolves once the first process is ready. Throws UNAVAILABLE when that one cannot start. */
export async function superviseWorker(
  name: WorkerName,
  options: SupervisionOptions,
): Promise<SupervisedWorker> {
  const { environment, onEnd, backoff = { minMs: 200, maxMs: 10_000 } } = options;
  const stopped = new AbortController();
  let current: WorkerProcess | undefined;

  const again = async (): Promise<WorkerProcess | undefined> => {
    for (let attempt = 0; await pause(backOffMs(attempt, backoff), stopped.signal); attempt += 1) {
      try {
        const worker = await startWorker(name, environment);
        // Told to stop meanwhile: it goes as it came.
        if (stopped.signal.aborted) await worker.stop();
        return worker;
      } catch (error) {
        onEnd?.((error as Error).message);
      }
    }
    return undefined;
  };
  const keepUp = async (first: WorkerProcess): Promise<void> => {
    for (let worker: WorkerProcess | undefined = first; worker !== undefined;) {
      current = worker;
      const how = await worker.ended;
      current = undefined;
      if (stopped.signal.aborted) return;
      onEnd?.(how);
      worker = await again();
    }
  };
  const kept = keepUp(await startWorker(name, environment));
  return {
    name,
    current: () => current,
    kill: async () => current?.kill(),
    async restart() {
      const old = current;
      await old?.stop();
      while ((current === undefined || current === old) && (await pause(POLL_MS, stopped.signal)));
    },
    async stop() {
      stopped.abort();
      await current?.stop();
      // One that was just being started is stopped as soon as it is ready.
      await kept;
    },
  };
}

export interface SupervisedWorkers {
  readonly byName: ReadonlyMap<WorkerName, SupervisedWorker>;
  /** Stops all for good, producers first. */
  stop(): Promise<void>;
}

/** All workers of the native stack, each kept up. Throws UNAVAILABLE when one cannot start; none is left then. */
export async function superviseWorkers(
  environment: Readonly<Record<string, string>>,
  told: {
    onReady?(worker: WorkerProcess): void;
    onEnd?(name: WorkerName, how: string): void;
  } = {},
): Promise<SupervisedWorkers> {
  const byName = new Map<WorkerName, SupervisedWorker>();
  const stop = async (): Promise<void> => {
    for (const name of WORKERS.toReversed()) await byName.get(name)?.stop();
  };
  try {
    for (const name of WORKERS) {
      const worker = await superviseWorker(name, {
        environment,
        onEnd: (how) => told.onEnd?.(name, how),
      });
      byName.set(name, worker);
      const process = worker.current();
      if (process !== undefined) told.onReady?.(process);
    }
    return { byName, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
