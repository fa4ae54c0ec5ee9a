import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { payloadKeys } from './payload-keys.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'keel-keys-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

it('are made when asked for, readable by their owner only, and used from then on', () => {
  expect(payloadKeys(folder, false)).toBeUndefined();
  const made = payloadKeys(folder, true);
  expect(made?.keys).toHaveLength(1);
  expect(statSync(join(folder, 'payload-keys.json')).mode & 0o777).toBe(0o600);
  expect(payloadKeys(folder, false)).toEqual(made);
});

it('says which file is damaged and what to do', () => {
  writeFileSync(join(folder, 'payload-keys.json'), '{"keys": []}');
  expect(() => payloadKeys(folder, false)).toThrow(/payload-keys\.json holds no keys; restore it/);
});
