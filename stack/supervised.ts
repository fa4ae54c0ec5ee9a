/** The stack kept up by a supervisor process of its own: start it, ask for its state, stop it. */
import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { once } from 'node:events';
import { ownerOf } from './folder-lock.ts';
import { endServersIn, serversIn } from './leftovers.ts';
import { isListening, portOf } from './ports.ts';
import { endProcess, isAlive } from './processes.ts';
import { logTail } from './server.ts';
import { StackError } from './stack-error.ts';
import { readStackFile, removeStackFile, type ServerEntry, type StackFile } from './stack-file.ts';
import type { StackMode } from './stack.ts';
import { supervisorMessage } from './supervisor.ts';

const STOP_MS = 60_000;

export interface ServerState extends ServerEntry {
  readonly up: boolean;
}

export interface StackState {
  /** Undefined where nothing was started in this folder. */
  readonly file: StackFile | undefined;
  readonly supervisorUp: boolean;
  readonly servers: readonly ServerState[];
}

/** Asks each server's process and port. */
export async function stackState(dataDir: string): Promise<StackState> {
  const file = readStackFile(dataDir);
  if (file === undefined) return { file, supervisorUp: false, servers: [] };
  const servers = await Promise.all(
    file.servers.map(async (server) => ({
      ...server,
      up: isAlive(server.pid) && (await isListening(portOf(server.url))),
    })),
  );
  return { file, supervisorUp: ownerOf(dataDir) === file.supervisorPid, servers };
}

/**
 * Starts a supervisor and returns once all servers serve; it goes on when this process ends. A stack that is
 * up already, all of it, is left as it is. Throws a StackError.
 */
export async function bringUp(
  mode: StackMode,
  dataDir: string,
  onProgress: (text: string) => void,
): Promise<StackFile> {
  const state = await stackState(dataDir);
  if (state.file !== undefined && state.supervisorUp) {
    if (state.file.mode === mode && state.servers.every((server) => server.up)) {
      onProgress('is up already');
      return state.file;
    }
    onProgress(
      state.file.mode === mode
        ? 'a server is down: starts all again'
        : `runs in ${state.file.mode} mode: starts again`,
    );
    await bringDown(dataDir, onProgress);
  }
  await superviseUntilReady(mode, dataDir, onProgress);
  const file = readStackFile(dataDir);
  if (file === undefined)
    throw new StackError('stack', 'it was stopped just after it started', 'start it again');
  return file;
}

async function superviseUntilReady(
  mode: StackMode,
  dataDir: string,
  onProgress: (text: string) => void,
): Promise<void> {
  const logFile = join(dataDir, 'logs', 'supervisor.log');
  mkdirSync(join(dataDir, 'logs'), { recursive: true });
  const log = openSync(logFile, 'a');
  const child = spawn(
    process.execPath,
    [join(import.meta.dirname, 'supervisor.ts'), mode, dataDir],
    {
      detached: true,
      stdio: ['ignore', log, log, 'ipc'],
    },
  );
  closeSync(log);
  const interrupt = (): void => {
    onProgress('interrupted: stops what has started');
    child.kill('SIGTERM');
  };
  process.once('SIGINT', interrupt);
  process.once('SIGTERM', interrupt);
  try {
    await new Promise<void>((resolve, reject) => {
      const fail = (reason: string): void => {
        reject(new StackError('stack', reason, `read ${logFile}`, { logTail: logTail(logFile) }));
      };
      child.on('message', (raw) => {
        const message = supervisorMessage.parse(raw);
        if (message.kind === 'progress') onProgress(message.text);
        else if (message.kind === 'ready') resolve();
        else reject(new Error(message.text));
      });
      child.once('error', (error) => {
        fail(`the supervisor cannot be run: ${error.message}`);
      });
      child.once('exit', (code, signal) => {
        fail(
          `the supervisor ended (${signal ?? `exit code ${String(code)}`}) before all was ready`,
        );
      });
    });
  } finally {
    process.off('SIGINT', interrupt);
    process.off('SIGTERM', interrupt);
    if (child.connected) {
      child.disconnect();
      await once(child, 'disconnect');
    }
    child.unref();
  }
}

/**
 * Stops the supervisor and its servers, and what a killed supervisor left. Returns how many servers were
 * stopped. Throws a StackError where the folder belongs to another program, or something does not end.
 */
export async function bringDown(
  dataDir: string,
  onProgress: (text: string) => void,
): Promise<number> {
  const owner = ownerOf(dataDir);
  const file = readStackFile(dataDir);
  if (owner !== undefined && owner !== file?.supervisorPid) {
    throw new StackError(
      'stack',
      `the servers of ${dataDir} belong to process ${String(owner)}, which was not started by "up"`,
      `stop it where it runs (Ctrl-C), or by: kill ${String(owner)}`,
    );
  }
  const running = serversIn(dataDir).length;
  if (owner !== undefined) {
    onProgress(`stops ${String(running)} servers`);
    await endProcess(owner, 'SIGTERM', STOP_MS);
  }
  const left = await endServersIn(dataDir);
  if (left.length > 0)
    onProgress(`stopped ${String(left.length)} servers that a killed run had left`);
  const still = serversIn(dataDir);
  if (still.length > 0) {
    throw new StackError(
      'stack',
      `processes do not end: ${still.map((entry) => `${String(entry.pid)} (${entry.command.slice(0, 60)})`).join(', ')}`,
      'end them by hand',
    );
  }
  removeStackFile(dataDir);
  return running;
}
