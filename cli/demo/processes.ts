/** The native way: every worker a process of its own, each told its configuration through the environment. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { KeelError } from '../../core/errors.ts';

/** Consumers first. */
export const WORKERS = [
  'manager',
  'orders',
  'risk-monitor',
  'dispatcher',
  'strategy',
  'research',
  'api',
  'collector',
] as const;
export type WorkerName = (typeof WORKERS)[number];

const ENTRY: Readonly<Record<WorkerName, string>> = {
  manager: '../../workers/manager.ts',
  orders: '../../workers/orders.ts',
  'risk-monitor': '../../workers/risk-monitor.ts',
  dispatcher: '../../workers/dispatcher.ts',
  strategy: '../../workers/strategy.ts',
  research: '../../workers/research.ts',
  collector: '../../workers/collector.ts',
  api: '../../api/main.ts',
};

export interface WorkerProcess {
  readonly name: WorkerName;
  readonly pid: number;
  /** What the process said when it was ready: its metrics address, and for the API its URL. */
  readonly ready: Readonly<Record<string, unknown>>;
  /** Resolves when the process has ended, with how: `exit code 1`, `SIGKILL`. */
  readonly ended: Promise<string>;
  /** SIGTERM, then waits; resolves with the exit code. */
  stop(): Promise<number | null>;
  /** SIGKILL: what the chaos tests do. */
  kill(): Promise<void>;
}

/**
 * Starts one worker and waits until it reports ready. Throws UNAVAILABLE with the last lines it printed
 * when it exits first.
 */
export async function startWorker(
  name: WorkerName,
  environment: Readonly<Record<string, string>>,
): Promise<WorkerProcess> {
  const child = fork(fileURLToPath(new URL(ENTRY[name], import.meta.url)), {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  let tail = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    tail = (tail + chunk.toString()).slice(-2_000);
  });
  const ended = new Promise<string>((resolve) => {
    child.once('exit', (code, signal) => {
      resolve(signal ?? `exit code ${String(code)}`);
    });
  });
  const ready = await new Promise<Record<string, unknown>>((resolve, reject) => {
    child.on('message', (message) => {
      resolve(message as Record<string, unknown>);
    });
    child.once('exit', (code) => {
      reject(
        new KeelError(
          'UNAVAILABLE',
          `worker ${name} exited with ${String(code)} at start: ${tail}`,
        ),
      );
    });
  });
  return {
    name,
    pid: child.pid ?? 0,
    ready,
    ended,
    stop: () => end(child, 'SIGTERM'),
    kill: async () => {
      await end(child, 'SIGKILL');
    },
  };
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  const exited = once(child, 'exit');
  child.kill(signal);
  await exited;
  return child.exitCode;
}
