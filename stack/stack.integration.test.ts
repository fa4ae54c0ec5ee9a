/** The real thing: the embedded stack by its command, killed, recovered, and stopped. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from '@jest/globals';
import { Connection } from '@temporalio/client';
import pg from 'pg';
import { serversIn } from './leftovers.ts';
import { isAlive, send, waitForEnd } from './processes.ts';
import { CommandError, runCommand } from './run-command.ts';
import { readStackFile, type StackFile } from './stack-file.ts';
import { startStack } from './stack.ts';

const LIMIT_MS = 120_000;
const MAIN = join(import.meta.dirname, 'main.ts');
// A folder of mode 0700, as mkdtemp makes it: PostgreSQL's own user must get in all the same.
const folder = mkdtempSync(join(tmpdir(), 'keel-stack-command-'));

async function stack(...args: string[]): Promise<{ code: number; output: string }> {
  try {
    const output = await runCommand(process.execPath, [MAIN, ...args], {
      timeoutMs: LIMIT_MS,
      env: { ...process.env, KEEL_DATA_DIR: folder, NODE_OPTIONS: '' },
    });
    return { code: 0, output };
  } catch (error) {
    if (error instanceof CommandError) return { code: 1, output: error.output };
    throw error;
  }
}

function file(): StackFile {
  const content = readStackFile(folder);
  if (content === undefined) throw new Error('the stack is not up');
  return content;
}

function urlOf(name: string): string {
  return file().servers.find((server) => server.name === name)?.url ?? '';
}

async function query(sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: urlOf('postgres') });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

afterAll(async () => {
  await stack('down');
  rmSync(folder, { recursive: true, force: true });
});

describe('npm run stack', () => {
  it('is down before it was ever up', async () => {
    const { code, output } = await stack('status');
    expect(code).toBe(1);
    expect(output).toContain('Down');
  });

  it(
    'comes up with all servers ready and the migrations applied',
    async () => {
      const { code, output } = await stack('up');
      expect(output).toMatch(/postgres +up[\s\S]*temporal +up/);
      expect(code).toBe(0);
      expect(await query("select to_regclass('orders') is not null as there")).toEqual([
        { there: true },
      ]);
      await query('create table kept (id int); insert into kept values (7)');
      const connection = await Connection.connect({ address: urlOf('temporal') });
      await connection.workflowService.describeNamespace({ namespace: 'default' });
      await connection.close();
      expect(
        (await fetch(file().servers.find((server) => server.uiUrl !== undefined)?.uiUrl ?? ''))
          .status,
      ).toBe(200);
      expect((await stack('status')).code).toBe(0);
    },
    LIMIT_MS,
  );

  it(
    'is left as it is by a second up',
    async () => {
      const before = file();
      expect((await stack('up')).output).toContain('is up already');
      expect(file()).toEqual(before);
    },
    LIMIT_MS,
  );

  it(
    'notices a server that died',
    async () => {
      const temporal = file().servers.find((server) => server.name === 'temporal');
      send(temporal!.pid, 'SIGKILL');
      await waitForEnd(temporal!.pid, 5000);
      const { code, output } = await stack('status');
      expect(output).toMatch(/temporal +DOWN/);
      expect(code).toBe(1);
    },
    LIMIT_MS,
  );

  it(
    'recovers, with its data, after the supervisor was killed',
    async () => {
      expect((await stack('up')).code).toBe(0);
      const old = file();
      send(old.supervisorPid, 'SIGKILL');
      await waitForEnd(old.supervisorPid, 5000);
      expect(old.servers.every((server) => isAlive(server.pid))).toBe(true);
      expect((await stack('status')).code).toBe(1);
      const { output } = await stack('up');
      expect(output).toContain('left behind by an earlier run');
      expect(old.servers.some((server) => isAlive(server.pid))).toBe(false);
      expect(await query('select id from kept')).toEqual([{ id: 7 }]);
      expect((await stack('status')).code).toBe(0);
    },
    LIMIT_MS,
  );

  it(
    'refuses a second stack in the same folder',
    async () => {
      await expect(startStack({ mode: 'embedded', dataDir: folder })).rejects.toThrow(
        /in use by process \d+/,
      );
      expect((await stack('status')).code).toBe(0);
    },
    LIMIT_MS,
  );

  it(
    'goes down and leaves no process',
    async () => {
      const { servers, supervisorPid } = file();
      const { code, output } = await stack('down');
      expect(output).toContain('No process is left');
      expect(code).toBe(0);
      expect([supervisorPid, ...servers.map((server) => server.pid)].some(isAlive)).toBe(false);
      expect(serversIn(folder)).toEqual([]);
      expect((await stack('down')).output).toContain('Nothing was up');
    },
    LIMIT_MS,
  );
});

describe('a server that is killed', () => {
  it(
    'is started again at its address, with its data',
    async () => {
      const dataDir = mkdtempSync(join(tmpdir(), 'keel-stack-killed-'));
      const own = await startStack({ mode: 'embedded', dataDir, environment: {} });
      const client = new pg.Client({ connectionString: own.postgresUrl });
      client.on('error', () => undefined);
      try {
        await client.connect();
        await client.query('create table kept (id int); insert into kept values (7)');
        const old = own.servers.map(({ pid }) => pid);
        for (const name of ['postgres', 'temporal'] as const) {
          send(own.servers.find((server) => server.name === name)?.pid ?? 0, 'SIGKILL');
          await own.restart(name);
        }
        expect(own.servers.map(({ pid }) => pid).filter((pid) => old.includes(pid))).toEqual([]);
        const again = new pg.Client({ connectionString: own.postgresUrl });
        await again.connect();
        expect((await again.query('select id from kept')).rows).toEqual([{ id: 7 }]);
        await again.end();
        await (await Connection.connect({ address: own.temporalAddress })).close();
      } finally {
        await own.stop();
        rmSync(dataDir, { recursive: true, force: true });
      }
    },
    LIMIT_MS,
  );
});

describe('startStack', () => {
  const ownFolder = mkdtempSync(join(tmpdir(), 'keel-stack-own-'));
  const kept = process.env['TEMPORAL_CLI'];

  afterEach(() => {
    if (kept === undefined) delete process.env['TEMPORAL_CLI'];
    else process.env['TEMPORAL_CLI'] = kept;
    rmSync(ownFolder, { recursive: true, force: true });
  });

  it(
    'names the server that failed and leaves the others stopped',
    async () => {
      process.env['TEMPORAL_CLI'] = '/no/temporal';
      await expect(startStack({ mode: 'embedded', dataDir: ownFolder })).rejects.toThrow(
        /^temporal: TEMPORAL_CLI/,
      );
      expect(serversIn(ownFolder)).toEqual([]);
    },
    LIMIT_MS,
  );
});
