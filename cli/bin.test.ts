/** The installed command as a process, from a folder that is not the clone. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const { bin } = (await import('../package.json', { with: { type: 'json' } })).default;
const KEEL = resolve(bin.keel);

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'keel-bin-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

describe('the keel command', () => {
  it('reads files from the folder it is called in, and ends with the exit code of the command', () => {
    const keel = (...line: string[]) => spawnSync(KEEL, line, { cwd: folder, encoding: 'utf8' });
    expect(keel('strategy', 'list', '--json')).toMatchObject({ status: 0, stderr: '' });
    const missing = keel('backtest', '--data', 'no.csv', '-s', 'sma-cross');
    expect(missing.status).toBe(2);
    expect(missing.stderr).toContain('no.csv');
  });

  it('passes on a signal, and leaves nothing running', async () => {
    const held = createServer();
    await new Promise<void>((listening) => held.listen(0, '127.0.0.1', listening));
    const { port } = held.address() as AddressInfo;
    const environment = { KEEL_API_URL: `http://127.0.0.1:${String(port)}`, KEEL_TOKEN: 'token' };
    const asking = once(held, 'request');
    const keel = spawn(KEEL, ['status'], {
      env: { ...process.env, ...environment },
      stdio: 'ignore',
    });
    const [request] = (await asking) as [{ socket: NodeJS.EventEmitter }];
    const gone = once(request.socket, 'close');
    keel.kill('SIGTERM');
    expect(await once(keel, 'exit')).toEqual([null, 'SIGTERM']);
    await gone;
    held.close();
  });
});
