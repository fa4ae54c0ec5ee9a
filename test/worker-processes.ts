/** Workers as processes of their own, for tests that kill them. The programs are in test/processes. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

export interface WorkerProcesses {
  /** Resolves when it polls. */
  start(...args: readonly string[]): Promise<ChildProcess>;
  killAll(): Promise<void>;
}

/** @param environment added to this process's */
export function workerProcesses(
  program: string,
  environment: Readonly<Record<string, string>> = {},
): WorkerProcesses {
  const script = fileURLToPath(new URL(`./processes/${program}`, import.meta.url));
  const started: ChildProcess[] = [];
  return {
    async start(...args) {
      const worker = fork(script, args, {
        stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
        env: { ...process.env, ...environment },
        execArgv: [],
      });
      started.push(worker);
      await Promise.race([
        once(worker, 'message'),
        once(worker, 'exit').then(() => {
          throw new Error('the worker process ended at its start');
        }),
      ]);
      return worker;
    },
    async killAll() {
      for (const worker of started.splice(0)) await killWorker(worker);
    },
  };
}

/** Resolves when it is gone, at once where it was before. */
export async function killWorker(
  worker: ChildProcess,
  signal: NodeJS.Signals = 'SIGKILL',
): Promise<void> {
  if (worker.exitCode !== null || worker.signalCode !== null) return;
  const exited = once(worker, 'exit');
  worker.kill(signal);
  await exited;
}
