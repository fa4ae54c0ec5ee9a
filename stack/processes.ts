/** Looks at processes of this machine: who lives, what a command line says, and how one is ended. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

export interface ProcessEntry {
  readonly pid: number;
  /** The whole command line, its words separated by blanks. */
  readonly command: string;
}

const HAS_PROC = process.platform === 'linux';

function readProc(pid: number, file: string): string | undefined {
  try {
    return readFileSync(`/proc/${String(pid)}/${file}`, 'utf8');
  } catch {
    // It ended meanwhile, or it belongs to another user.
    return undefined;
  }
}

/** All processes that can be seen. */
export function listProcesses(): ProcessEntry[] {
  if (!HAS_PROC)
    return parsePs(execFileSync('ps', ['-axww', '-o', 'pid=,command='], { encoding: 'utf8' }));
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => ({
      pid: Number(name),
      command: (readProc(Number(name), 'cmdline') ?? '').split('\0').join(' ').trim(),
    }))
    .filter((entry) => entry.command !== '');
}

/** The lines of `ps -o pid=,command=`. */
export function parsePs(output: string): ProcessEntry[] {
  return output.split('\n').flatMap((line) => {
    const match = /^\s*(\d+)\s+(.+)$/.exec(line);
    return match?.[1] === undefined || match[2] === undefined
      ? []
      : [{ pid: Number(match[1]), command: match[2].trim() }];
  });
}

/** Whether `pid` lives; a zombie that waits for its parent does not. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
  if (!HAS_PROC) return true;
  const stat = readProc(pid, 'stat');
  return stat !== undefined && statFields(stat)[0] !== 'Z';
}

/** The fields of /proc/<pid>/stat after the name, which may itself hold blanks and brackets. */
function statFields(stat: string): string[] {
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

/** Tells a process from a later one of the same pid: when it was started. Undefined if there is none. */
export function birthOf(pid: number): string | undefined {
  if (!isAlive(pid)) return undefined;
  if (HAS_PROC) return statFields(readProc(pid, 'stat') ?? '')[19];
  try {
    return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim();
  } catch {
    // ps ends with 1 where the process is gone.
    return undefined;
  }
}

/** Sends `signal`, false where the process is gone already. */
export function send(pid: number, signal: NodeJS.Signals): boolean {
  try {
    process.kill(pid, signal);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}

/** Waits until `pid` is gone. False after `timeoutMs`. */
export async function waitForEnd(pid: number, timeoutMs: number): Promise<boolean> {
  const deadline = Date.now() + timeoutMs;
  while (isAlive(pid)) {
    if (Date.now() > deadline) return false;
    await sleep(25);
  }
  return true;
}

/** Ends a process: the polite signal, and after `timeoutMs` SIGKILL. Resolves once it is gone. */
export async function endProcess(
  pid: number,
  signal: NodeJS.Signals,
  timeoutMs: number,
): Promise<void> {
  if (!send(pid, signal)) return;
  if (await waitForEnd(pid, timeoutMs)) return;
  send(pid, 'SIGKILL');
  if (!(await waitForEnd(pid, 5000)))
    throw new Error(`process ${String(pid)} does not end, even by SIGKILL`);
}

/** Processes whose program is `program` (in any folder) and whose command line names `folder`. */
export function findByFolder(
  program: string,
  folder: string,
  processes: readonly ProcessEntry[] = listProcesses(),
): ProcessEntry[] {
  return processes.filter((entry) => {
    const words = entry.command.split(' ');
    const name = words[0]?.split('/').at(-1);
    return (
      entry.pid !== process.pid &&
      name === program &&
      words.some((word) =>
        word.split(/[=,:]/).some((part) => part === folder || part.startsWith(`${folder}/`)),
      )
    );
  });
}

/** Ends what an earlier run, killed before it could clean up, left behind in `folder`. Returns the pids. */
export async function endLeftovers(
  program: string,
  folder: string,
  signal: NodeJS.Signals,
  timeoutMs: number,
): Promise<number[]> {
  const found = findByFolder(program, folder);
  for (const entry of found) await endProcess(entry.pid, signal, timeoutMs);
  return found.map((entry) => entry.pid);
}
