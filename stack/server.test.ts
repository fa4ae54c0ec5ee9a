import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { freePort, isListening } from './ports.ts';
import { isAlive, send } from './processes.ts';
import { launch, type LaunchOptions } from './server.ts';
import { StackError } from './stack-error.ts';

let folder: string;
let port: number;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'keel-server-'));
  port = await freePort();
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function options(script: string, more: Partial<LaunchOptions> = {}): LaunchOptions {
  return {
    name: 'redis',
    url: `redis://127.0.0.1:${String(port)}`,
    command: process.execPath,
    args: ['-e', script],
    logFile: join(folder, 'server.log'),
    probe: async () => {
      if (!(await isListening(port))) throw new Error('nobody listens');
    },
    readyTimeoutMs: 5000,
    stopSignal: 'SIGTERM',
    stopTimeoutMs: 2000,
    remedy: 'mend it',
    ...more,
  };
}

const serving = (): string => `require('net').createServer().listen(${String(port)}, '127.0.0.1')`;

async function failureOf(promise: Promise<unknown>): Promise<StackError> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(StackError);
  return error as StackError;
}

describe('launch', () => {
  it('waits until the server serves, and stops it', async () => {
    const server = await launch(options(`setTimeout(() => { ${serving()} }, 200)`));
    expect(await isListening(port)).toBe(true);
    await server.stop();
    await server.stop();
    expect(isAlive(server.pid)).toBe(false);
  });

  it('says which server ended, with its last words, and what to do', async () => {
    const error = await failureOf(
      launch(options("console.error('disk is full'); process.exit(3)")),
    );
    expect(error.server).toBe('redis');
    expect(error.code).toBe('UNAVAILABLE');
    expect(error.message).toMatch(
      /^redis: ended with exit code 3 before it was ready\n[\s\S]*disk is full\nWhat to do: mend it$/,
    );
  });

  it('says so where the program is not there', async () => {
    const error = await failureOf(
      launch(options('', { command: join(folder, 'no-such-program') })),
    );
    expect(error.message).toContain('cannot run');
  });

  it('ends a server that is too slow', async () => {
    const error = await failureOf(
      launch(options('setInterval(() => {}, 1000)', { readyTimeoutMs: 300 })),
    );
    expect(error.message).toContain('is not ready after 0.3 s (last answer: nobody listens)');
  });

  it('notices a server that dies', async () => {
    const server = await launch(options(serving()));
    send(server.pid, 'SIGKILL');
    expect((await server.lost).message).toContain('redis: was ended by SIGKILL');
  });

  it('does not take a stop for a loss', async () => {
    const server = await launch(options(serving()));
    await server.stop();
    const first = await Promise.race([
      server.lost,
      new Promise((resolve) => setTimeout(resolve, 100)),
    ]);
    expect(first).toBeUndefined();
  });
});
