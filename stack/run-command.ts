/** Runs an installer to its end, keeping what it says for the error. */
import { spawn } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';

export class CommandError extends Error {
  readonly output: string;

  constructor(message: string, output: string) {
    super(message);
    this.name = 'CommandError';
    this.output = output;
  }
}

/** Resolves with what the command printed; throws a CommandError if it cannot run, fails or is too slow. */
export function runCommand(
  command: string,
  args: readonly string[],
  options: { readonly timeoutMs: number; readonly cwd?: string; readonly env?: NodeJS.ProcessEnv },
): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      ...(options.env === undefined ? {} : { env: options.env }),
    });
    let tooSlow = false;
    // Not spawn's own `timeout`: its timer goes on where the program cannot be run.
    const timer = setTimeout(() => {
      tooSlow = true;
      child.kill('SIGKILL');
    }, options.timeoutMs);
    let output = '';
    const collect = (chunk: Buffer): void => {
      output += chunk.toString('utf8');
    };
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    child.once('error', (error) => {
      clearTimeout(timer);
      reject(new CommandError(`cannot run ${command}: ${error.message}`, output));
    });
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      if (code === 0) resolve(output);
      else if (tooSlow) {
        reject(
          new CommandError(
            `${command} did not end within ${String(options.timeoutMs / 1000)} s`,
            output,
          ),
        );
      } else
        reject(
          new CommandError(
            `${command} ended with ${signal ?? `exit code ${String(code)}`}`,
            output,
          ),
        );
    });
  });
}

/** The first program called `name` on PATH. */
export function findOnPath(
  name: string,
  path: string = process.env['PATH'] ?? '',
): string | undefined {
  return path
    .split(delimiter)
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, name))
    .find(
      (file) => existsSync(file) && statSync(file).isFile() && (statSync(file).mode & 0o111) !== 0,
    );
}
