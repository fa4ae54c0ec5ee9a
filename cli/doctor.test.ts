import { describe, expect, it } from '@jest/globals';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { examine, type Finding, type Machine } from './doctor.ts';

async function found(what: string, machine: Partial<Machine> = {}): Promise<Finding | undefined> {
  const findings = await examine({
    environment: { PATH: process.env['PATH'] },
    dataFolder: tmpdir(),
    cacheFolder: tmpdir(),
    ...machine,
  });
  return findings.find((finding) => finding.what === what);
}

describe('examine', () => {
  it('tells an old Node and too little memory', async () => {
    expect(await found('Node', { nodeVersion: '20.19.0' })).toMatchObject({ state: 'bad' });
    expect(await found('Node', { nodeVersion: '24.1.0' })).toMatchObject({ state: 'ok' });
    expect(await found('memory', { memoryBytes: 2 ** 30 })).toMatchObject({ state: 'bad' });
    expect(await found('memory', { memoryBytes: 2 ** 31 })).toMatchObject({ state: 'warn' });
  });

  it('tells what is missing, and what to do', async () => {
    const bare = { environment: { PATH: '' } };
    expect(await found('Redis', bare)).toMatchObject({
      state: 'warn',
      remedy: expect.stringContaining('apt-get install redis-server'),
    });
    expect(await found('Temporal', bare)).toMatchObject({ state: 'warn' });
    const wrong = { environment: { PATH: '', TEMPORAL_CLI: '/nowhere/temporal' } };
    expect(await found('Temporal', wrong)).toMatchObject({
      state: 'bad',
      found: expect.stringContaining('/nowhere/temporal'),
    });
    expect(await found('data folder', { dataFolder: '/proc/1/keel' })).toMatchObject({
      what: 'data folder',
    });
  });

  it('tells a port that is taken, and one that is none', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const port = String((server.address() as AddressInfo).port);
    expect(await found('ports', { environment: { KEEL_POSTGRES_PORT: port } })).toMatchObject({
      state: 'bad',
      found: `${port}, for postgres, is taken`,
    });
    await new Promise((resolve) => server.close(resolve));
    expect(await found('ports', { environment: { KEEL_POSTGRES_PORT: 'x' } })).toMatchObject({
      state: 'bad',
      found: 'not a port: KEEL_POSTGRES_PORT=x',
    });
    expect(await found('ports')).toMatchObject({ state: 'ok' });
  });
});
