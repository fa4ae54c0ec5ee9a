/** `npm start` as a newcomer runs it: exit codes, a second run on the kept data, Ctrl-C, no process left. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { describeWith } from '../servers.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const TEST_TIMEOUT_MS = 5 * 60_000;
/** Enough minutes for both strategies to trade. */
const BARS = 240;

function start(
  dataDir: string,
  ...options: string[]
): { child: ChildProcess; output: () => string } {
  const child = spawn(
    process.execPath,
    ['cli/start.ts', '--data-dir', dataDir, '--bars', String(BARS), ...options],
    { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
  }
  return { child, output: () => text };
}

/** Command lines of live processes that name the folder. */
function processesOf(folder: string): string[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry) && entry !== String(process.pid))
    .flatMap((pid) => {
      try {
        return [readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')];
      } catch {
        // It ended while we looked.
        return [];
      }
    })
    .filter((command) => command.includes(folder));
}

describeWith(['postgres', 'temporal'], 'npm start', () => {
  let dataDir = '';
  beforeEach(() => {
    dataDir = mkdtempSync(join(tmpdir(), 'keel-start-'));
    chmodSync(dataDir, 0o755);
  });
  afterEach(() => {
    rmSync(dataDir, { recursive: true, force: true });
  });

  it(
    '--once trades, agrees with the venue and exits with 0; a second run goes on from there',
    async () => {
      const first = start(dataDir, '--once');
      const [firstCode] = (await once(first.child, 'exit')) as [number];
      expect(first.output()).toMatch(/agrees with the venue to the last digit/);
      expect(firstCode).toBe(0);
      expect(first.output()).toMatch(/BTC\/USDT from 2024-12-02 00:00 UTC/);
      expect(first.output()).toMatch(/password \S+ \(told this once\)/);
      expect(processesOf(dataDir)).toEqual([]);

      const second = start(dataDir, '--once');
      const [secondCode] = (await once(second.child, 'exit')) as [number];
      expect({ code: secondCode, text: second.output() }).toMatchObject({ code: 0 });
      expect(second.output()).toMatch(/BTC\/USDT from 2024-12-02 04:00 UTC/);
      expect(second.output()).not.toMatch(/password/);
      expect(second.output()).toMatch(/signals +[1-9]/);
    },
    TEST_TIMEOUT_MS,
  );

  it(
    'stays up until Ctrl-C, and then leaves no process',
    async () => {
      const { child, output } = start(dataDir);
      while (!output().includes('Up until Ctrl-C')) {
        if (child.exitCode !== null) throw new Error(`npm start ended early: ${output()}`);
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      const page = /API page +(\S+)/.exec(output())?.[1] ?? '';
      expect((await fetch(page)).status).toBe(200);
      const ui = /Temporal UI +(\S+)/.exec(output())?.[1] ?? '';
      expect((await fetch(ui)).status).toBe(200);
      child.kill('SIGINT');
      const [code] = (await once(child, 'exit')) as [number];
      expect({ code, text: output() }).toMatchObject({ code: 0 });
      expect(processesOf(dataDir)).toEqual([]);
    },
    TEST_TIMEOUT_MS,
  );
});
