/** `keel replay --histories` over a folder with all that can be wrong with a file. */
import {
  copyFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { z } from 'zod';
import { HISTORIES } from '../test/histories.ts';
import { run } from './keel.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'keel-replay-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

async function replay(...options: string[]) {
  const out: string[] = [];
  const err: string[] = [];
  const code = await run(['replay', '--histories', ...options], {
    environment: { KEEL_DATA_DIR: folder },
    out: (text) => out.push(text),
    err: (text) => err.push(text),
    askSecret: async () => '',
  });
  return { code, out: out.join('\n'), err: err.join('\n') };
}

function change(from: string, to: string, edit: (text: string) => string): void {
  writeFileSync(join(folder, to), edit(readFileSync(join(HISTORIES, from), 'utf8')));
}

const answer = z.object({
  failed: z.int(),
  histories: z.array(z.object({ file: z.string(), failure: z.string().nullable() })),
});

it('exit code 0 and a row each where all replay', async () => {
  copyFileSync(join(HISTORIES, 'order-filled.json'), join(folder, 'filled.json'));
  copyFileSync(join(HISTORIES, 'strategy-failed.json'), join(folder, 'strategy.json'));
  const { code, out } = await replay(folder);
  expect(out).toMatch(/filled\.json +orderWorkflow +\d+ +ok *\n/);
  expect(out).toMatch(/strategy\.json +strategyWorkflow +\d+ +ok *\n/);
  expect([code, out.split('\n').at(-1)]).toEqual([0, '2 of 2 histories replay']);
});

it('names each file that does not, and why; the others are replayed, and no file is touched', async () => {
  copyFileSync(join(HISTORIES, 'order-filled.json'), join(folder, 'filled.json'));
  change('order-filled.json', 'other-steps.json', (text) =>
    text.replaceAll('"name": "checkRisk"', '"name": "askAgain"'),
  );
  change('order-filled.json', 'other-type.json', (text) =>
    text.replace('"name": "orderWorkflow"', '"name": "tellerWorkflow"'),
  );
  change('order-filled.json', 'cut.json', (text) => text.slice(0, 500));
  change('order-filled.json', 'no-start.json', (text) => {
    const { events } = z.object({ events: z.array(z.unknown()) }).parse(JSON.parse(text));
    return JSON.stringify({ events: events.slice(1) });
  });
  change('order-filled.json', 'odd-event.json', (text) =>
    text.replace('"eventTime": {', '"eventTime": "noon", "was": {'),
  );
  const files = () =>
    readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'utf8')]);
  const before = files();
  const { code, out } = await replay(folder, '--json');
  expect(code).toBe(1);
  const { failed, histories } = answer.parse(JSON.parse(out));
  const failures = Object.fromEntries(histories.map(({ file, failure }) => [file, failure]));
  expect(failed).toBe(5);
  expect(failures).toEqual({
    'filled.json': null,
    'other-steps.json': expect.stringMatching(/nondeterminism/i),
    'other-type.json': expect.stringContaining('tellerWorkflow'),
    'cut.json': expect.stringContaining('it is not JSON'),
    'no-start.json': expect.stringContaining('it is no workflow history'),
    'odd-event.json': expect.stringContaining('an event is not as `keel history save` writes it'),
  });
  expect(files()).toEqual(before);
});

it('says which folder is missing or empty', async () => {
  expect(await replay(join(folder, 'none'))).toMatchObject({
    code: 3,
    err: expect.stringContaining(`${join(folder, 'none')} cannot be read`),
  });
  expect((await replay(folder)).err).toContain(`${folder} holds no histories (*.json)`);
});
