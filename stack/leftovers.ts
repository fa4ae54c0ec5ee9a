/** Processes that work in a data folder, whoever started them: what `down` must not leave. */
import { resolve } from 'node:path';
import { endProcess, findByFolder, listProcesses, type ProcessEntry } from './processes.ts';

/** The programs that the stack starts, and the signal by which each ends in order. */
const PROGRAMS = {
  temporal: 'SIGTERM',
  java: 'SIGTERM',
  'redis-server': 'SIGTERM',
  postgres: 'SIGINT',
} as const satisfies Record<string, NodeJS.Signals>;

const STOP_MS = 15_000;

/** Servers whose command line names `dataDir`. */
export function serversIn(dataDir: string): (ProcessEntry & { readonly signal: NodeJS.Signals })[] {
  const processes = listProcesses();
  return Object.entries(PROGRAMS).flatMap(([program, signal]) =>
    findByFolder(program, resolve(dataDir), processes).map((entry) => ({ ...entry, signal })),
  );
}

/** Ends them all, and returns those that were there. */
export async function endServersIn(dataDir: string): Promise<ProcessEntry[]> {
  const found = serversIn(dataDir);
  await Promise.all(found.map((entry) => endProcess(entry.pid, entry.signal, STOP_MS)));
  return found;
}
