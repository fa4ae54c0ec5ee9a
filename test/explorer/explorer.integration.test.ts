/**
 * The exploration, as a person runs it: `npm run explore`, in a process of its own. Needs no server; it stands
 * with the slow tests, so that the fast loop stays fast.
 */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it, jest } from '@jest/globals';

jest.setTimeout(300_000);

const MAIN = fileURLToPath(new URL('main.ts', import.meta.url));

function explore(...args: string[]): Promise<{ readonly code: number; readonly output: string }> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [MAIN, ...args], (_error, stdout, stderr) => {
      resolve({ code: child.exitCode ?? -1, output: stdout + stderr });
    });
  });
}

it('keeps every invariant of an order in more than ten thousand different schedules', async () => {
  const { code, output } = await explore('--schedules', '8000', '--seed', '20261124');
  const told = /(\d+) schedules, (\d+) of them different, (\d+) broke an invariant/.exec(output);
  // All of it is shown where an invariant broke.
  expect({ code, broke: told?.[3], output }).toEqual({ code: 0, broke: '0', output });
  expect(Number(told?.[2])).toBeGreaterThan(10_000);
});

it('keeps every invariant of a guarded position in more than three thousand different schedules', async () => {
  const { code, output } = await explore('--guards', '--schedules', '300', '--seed', '20261128');
  const told = /(\d+) schedules, (\d+) of them different, (\d+) broke an invariant/.exec(output);
  expect({ code, broke: told?.[3], output }).toEqual({ code: 0, broke: '0', output });
  expect(Number(told?.[2])).toBeGreaterThan(3_000);
});

it('says what it takes, and plays nothing else', async () => {
  const { code, output } = await explore('--schedules', 'many');
  expect(code).toBe(2);
  expect(output).toContain('--schedules takes a whole number of 0 or more, not "many"');
});
