/** A server as a child process: started with its log in a file, waited for, watched, and stopped. */
import { spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { endProcess, send } from './processes.ts';
import { StackError, messageOf } from './stack-error.ts';

export type ServerName = 'postgres' | 'temporal' | 'kafka' | 'redis';

export interface Server {
  readonly name: ServerName;
  /** What a client connects to: a URL, or `host:port` for temporal and kafka. */
  readonly url: string;
  /** The page for a person, where there is one. */
  readonly uiUrl?: string;
  readonly pid: number;
  readonly logFile: string;
  /** Resolves when the process ends though nobody stopped it; never otherwise. */
  readonly lost: Promise<StackError>;
  /** Stops it and waits until the process is gone. May be called twice. */
  stop(): Promise<void>;
}

/** Told to whoever waits: what is installed or started just now. */
export type OnProgress = (server: ServerName, what: string) => void;

export interface LaunchOptions {
  readonly name: ServerName;
  readonly url: string;
  readonly uiUrl?: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  readonly uid?: number;
  readonly gid?: number;
  readonly logFile: string;
  /** Resolves when the server serves; throws while it does not. Asked again and again. */
  readonly probe: () => Promise<void>;
  readonly readyTimeoutMs: number;
  readonly stopSignal: NodeJS.Signals;
  /** After this SIGKILL follows. */
  readonly stopTimeoutMs: number;
  readonly remedy: string;
}

/** The last lines a log got since `offset`. */
export function logTail(file: string, offset = 0, lines = 12): string {
  if (!existsSync(file)) return '';
  return readFileSync(file)
    .subarray(offset)
    .toString('utf8')
    .trimEnd()
    .split('\n')
    .slice(-lines)
    .join('\n');
}

/** Starts the process and resolves once `probe` does. Throws a StackError if it ends or is too slow. */
export async function launch(options: LaunchOptions): Promise<Server> {
  mkdirSync(dirname(options.logFile), { recursive: true });
  const offset = existsSync(options.logFile) ? statSync(options.logFile).size : 0;
  const log = openSync(options.logFile, 'a');
  // A group of its own: Ctrl-C reaches the parent alone, which then stops its servers in order.
  const child = spawn(options.command, options.args, {
    detached: true,
    stdio: ['ignore', log, log],
    cwd: '/',
    env: options.env ?? process.env,
    ...(options.uid === undefined ? {} : { uid: options.uid }),
    ...(options.gid === undefined ? {} : { gid: options.gid }),
  });
  closeSync(log);
  const fail = (reason: string, cause?: unknown): StackError =>
    new StackError(options.name, reason, options.remedy, {
      cause,
      logTail: logTail(options.logFile, offset),
    });

  let stopping = false;
  let ended = false;
  // A parent that exits without stopping its servers must not leave them.
  const endWithUs = (): void => {
    if (child.pid !== undefined && !ended) send(child.pid, options.stopSignal);
  };
  process.once('exit', endWithUs);
  const end = new Promise<string>((resolve) => {
    child.once('error', (error) => {
      ended = true;
      process.off('exit', endWithUs);
      resolve(`cannot run ${options.command}: ${error.message}`);
    });
    child.once('exit', (code, signal) => {
      ended = true;
      process.off('exit', endWithUs);
      resolve(signal === null ? `ended with exit code ${String(code)}` : `was ended by ${signal}`);
    });
  });

  await waitUntilReady();
  const pid = child.pid;
  if (pid === undefined) throw fail('has no process id');
  return {
    name: options.name,
    url: options.url,
    ...(options.uiUrl === undefined ? {} : { uiUrl: options.uiUrl }),
    pid,
    logFile: options.logFile,
    lost: new Promise((resolve) => {
      void end.then((reason) => {
        if (!stopping) resolve(fail(reason));
      });
    }),
    stop,
  };

  async function stop(): Promise<void> {
    stopping = true;
    if (ended || child.pid === undefined) return;
    await endProcess(child.pid, options.stopSignal, options.stopTimeoutMs);
    // A leader that is gone may have threads yet that hold its ports; the exit is told when all are over.
    await end;
  }

  async function waitUntilReady(): Promise<void> {
    const deadline = Date.now() + options.readyTimeoutMs;
    let last: unknown;
    for (;;) {
      if (ended) throw fail(`${await end} before it was ready`);
      if (Date.now() > deadline) {
        await stop();
        throw fail(
          `is not ready after ${String(options.readyTimeoutMs / 1000)} s (last answer: ${messageOf(last)})`,
          last,
        );
      }
      try {
        await options.probe();
        return;
      } catch (error) {
        last = error;
        await sleep(50);
      }
    }
  }
}
