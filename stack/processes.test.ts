import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import { birthOf, endProcess, findByFolder, isAlive, listProcesses, parsePs } from './processes.ts';

describe('findByFolder', () => {
  const processes = [
    { pid: 1, command: '/opt/bin/postgres -D /data/keel/postgres -p 1' },
    { pid: 2, command: '/opt/bin/postgres -D /data/keel/postgres-old' },
    { pid: 3, command: 'temporal server start-dev --db-filename=/data/keel/temporal/temporal.db' },
    { pid: 4, command: 'vim /data/keel/postgres/postgresql.conf' },
    { pid: 5, command: 'java -cp /jars/* kafka.Kafka /data/keel/kafka/server.properties' },
  ];

  it('finds a program by the folder that its command line names', () => {
    expect(findByFolder('postgres', '/data/keel/postgres', processes).map((p) => p.pid)).toEqual([
      1,
    ]);
    expect(findByFolder('temporal', '/data/keel', processes).map((p) => p.pid)).toEqual([3]);
    expect(findByFolder('java', '/data/keel/kafka', processes).map((p) => p.pid)).toEqual([5]);
  });

  it('leaves other folders and other programs alone', () => {
    expect(findByFolder('postgres', '/data/other', processes)).toEqual([]);
    expect(findByFolder('redis-server', '/data/keel', processes)).toEqual([]);
  });
});

describe('parsePs', () => {
  it('reads pid and command of each line', () => {
    expect(parsePs('    1 /sbin/init\n  423 postgres -D /a b\n\n')).toEqual([
      { pid: 1, command: '/sbin/init' },
      { pid: 423, command: 'postgres -D /a b' },
    ]);
  });
});

describe('a process', () => {
  it('is seen, told from others by its birth, and ended', async () => {
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)', '/a/mark/of/ours']);
    const pid = child.pid!;
    await once(child, 'spawn');
    expect(isAlive(pid)).toBe(true);
    expect(birthOf(pid)).toBeDefined();
    expect(birthOf(pid)).toBe(birthOf(pid));
    expect(listProcesses().find((entry) => entry.pid === pid)?.command).toContain(
      '/a/mark/of/ours',
    );
    await endProcess(pid, 'SIGTERM', 2000);
    expect(isAlive(pid)).toBe(false);
    expect(birthOf(pid)).toBeUndefined();
  });

  it('that ignores the polite signal is killed', async () => {
    const child = spawn(process.execPath, [
      '-e',
      "process.on('SIGTERM', () => {}); console.log('on'); setInterval(() => {}, 1000)",
    ]);
    await once(child.stdout, 'data');
    await endProcess(child.pid!, 'SIGTERM', 200);
    expect(isAlive(child.pid!)).toBe(false);
    await endProcess(child.pid!, 'SIGTERM', 200);
  });
});
