/** `<dataDir>/stack.json`: what the supervisor started, for `status`, `down` and whoever wants the addresses. */
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { StackError, messageOf } from './stack-error.ts';
import type { Stack } from './stack.ts';

const serverSchema = z.object({
  name: z.enum(['postgres', 'temporal', 'kafka', 'redis']),
  /** With its password, where it has one: the file is the owner's alone to read. */
  url: z.string(),
  uiUrl: z.string().optional(),
  pid: z.int(),
  logFile: z.string(),
});

const stackFileSchema = z.object({
  mode: z.enum(['embedded', 'native']),
  supervisorPid: z.int(),
  startedAt: z.int(),
  servers: z.array(serverSchema),
});

export type StackFile = z.infer<typeof stackFileSchema>;
export type ServerEntry = StackFile['servers'][number];

function fileOf(dataDir: string): string {
  return join(dataDir, 'stack.json');
}

/** Where the shell finds the addresses: `set -a; . .keel/stack.env; set +a`. */
export function envFileOf(dataDir: string): string {
  return join(dataDir, 'stack.env');
}

/** What the file says; undefined where there is none. Throws a StackError if it is damaged. */
export function readStackFile(dataDir: string): StackFile | undefined {
  let text: string;
  try {
    text = readFileSync(fileOf(dataDir), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    return stackFileSchema.parse(JSON.parse(text));
  } catch (error) {
    throw new StackError(
      'stack',
      `${fileOf(dataDir)} is damaged: ${messageOf(error)}`,
      'remove the file; `npm run stack -- down` then ends what it finds running for this folder',
    );
  }
}

export function writeStackFile(stack: Stack): void {
  const content: StackFile = {
    mode: stack.mode,
    supervisorPid: process.pid,
    startedAt: Date.now(),
    servers: stack.servers.map(({ name, url, uiUrl, pid, logFile }) => ({
      name,
      url,
      ...(uiUrl === undefined ? {} : { uiUrl }),
      pid,
      logFile,
    })),
  };
  writeWhole(fileOf(stack.dataDir), `${JSON.stringify(content, null, 2)}\n`);
  writeWhole(envFileOf(stack.dataDir), environmentOf(stack));
}

export function removeStackFile(dataDir: string): void {
  rmSync(fileOf(dataDir), { force: true });
  rmSync(envFileOf(dataDir), { force: true });
}

/** The configuration's variables for these servers, a line each, fit for a shell. */
export function environmentOf(
  stack: Pick<
    Stack,
    'postgresUrl' | 'temporalAddress' | 'temporalUiUrl' | 'kafkaBrokers' | 'redisUrl'
  >,
): string {
  const more = {
    ...(stack.kafkaBrokers === undefined
      ? {}
      : { bus: { kind: 'kafka', brokers: stack.kafkaBrokers } }),
    ...(stack.redisUrl === undefined ? {} : { cache: { kind: 'redis', url: stack.redisUrl } }),
  };
  const variables: Record<string, string> = {
    KEEL_POSTGRES_URL: stack.postgresUrl,
    KEEL_TEMPORAL_ADDRESS: stack.temporalAddress,
    KEEL_TEMPORAL_UI_URL: stack.temporalUiUrl,
    ...(Object.keys(more).length === 0 ? {} : { KEEL_CONFIG_JSON: JSON.stringify(more) }),
  };
  return Object.entries(variables)
    .map(([name, value]) => `${name}='${value}'\n`)
    .join('');
}

/** A reader sees the old file or the new one, never half of it. */
function writeWhole(file: string, text: string): void {
  writeFileSync(`${file}.new`, text, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}
