/** The stack in containers: docker-compose.yml, by whatever engine `docker compose` reaches. */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { CommandError, findOnPath, runCommand } from './run-command.ts';
import { StackError } from './stack-error.ts';

const ROOT = join(import.meta.dirname, '..');
const REMEDY =
  'start Docker (Docker Desktop, or `systemctl start docker`) and try again, or use --mode embedded, which needs none';

/** Throws a StackError that tells whether the command, the plug-in or the engine is missing. */
export async function checkEngine(docker = findOnPath('docker')): Promise<string> {
  if (docker === undefined)
    throw new StackError('docker', 'there is no docker command on PATH', `install it; ${REMEDY}`);
  const steps = [
    [['compose', 'version'], 'it has no `compose` (version 2) plug-in'],
    [['info', '--format', '{{.ServerVersion}}'], 'no engine answers'],
  ] as const;
  for (const [args, reason] of steps) {
    try {
      await runCommand(docker, args, { timeoutMs: 15_000 });
    } catch (error) {
      throw new StackError('docker', reason, REMEDY, {
        cause: error,
        ...(error instanceof CommandError ? { logTail: error.output } : {}),
      });
    }
  }
  return docker;
}

/** `.env.example` with a random password wherever it leaves one empty. */
export function fillPasswords(
  example: string,
  makePassword = () => randomBytes(18).toString('hex'),
): string {
  return example.replace(
    /^(KEEL_\w+_PASSWORD)=$/gm,
    (_line, name: string) => `${name}=${makePassword()}`,
  );
}

function ensureEnvFile(): void {
  const file = join(ROOT, '.env');
  if (existsSync(file)) return;
  writeFileSync(file, fillPasswords(readFileSync(join(ROOT, '.env.example'), 'utf8')), {
    mode: 0o600,
  });
  process.stderr.write(`made ${file} with new passwords\n`);
}

/** Runs `docker compose <args>` with this terminal, and resolves with its exit code. */
export async function compose(args: readonly string[]): Promise<number> {
  const docker = await checkEngine();
  ensureEnvFile();
  const child = spawn(docker, ['compose', ...args], { cwd: ROOT, stdio: 'inherit' });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => {
      resolve(code ?? 1);
    });
  });
}

/** The services that stay up; the others run to their end. */
function lastingServices(): string[] {
  const file = parse(readFileSync(join(ROOT, 'docker-compose.yml'), 'utf8'), { merge: true }) as {
    services: Record<string, { healthcheck?: unknown }>;
  };
  return Object.entries(file.services)
    .filter(([, service]) => service.healthcheck !== undefined)
    .map(([name]) => name);
}

/** The names of the services that do not run. */
export async function composeMissing(docker?: string): Promise<string[]> {
  const program = await checkEngine(docker);
  const running = await runCommand(
    program,
    ['compose', 'ps', '--services', '--status', 'running'],
    {
      timeoutMs: 30_000,
      cwd: ROOT,
    },
  );
  const names = new Set(running.split('\n').map((line) => line.trim()));
  return lastingServices().filter((service) => !names.has(service));
}
