import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeCsv } from '../adapters/bars/write-csv.ts';
import { makeSeries } from '../test/factories/bars.ts';
import { CHEATS } from '../test/factories/studies.ts';
import { run } from './keel.ts';

/** Processes and threads start slowly on a busy machine. */
let folder: string;
let data: readonly string[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'keel-optimise-'));
  const csv = join(folder, 'BTCUSDT-binance-1m.csv');
  writeCsv(csv, makeSeries(1500, { seed: 7 }));
  data = ['--data', csv];
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

async function keel(...line: string[]) {
  const out: string[] = [];
  const err: string[] = [];
  const code = await run(line, {
    environment: { KEEL_DATA_DIR: folder, KEEL_CACHE_DIR: join(folder, 'cache') },
    out: (text) => out.push(text),
    err: (text) => err.push(text),
    askSecret: async () => '',
  });
  return { code, out: out.join('\n'), err: err.join('\n') };
}

/** In a process of its own: own strategies are loaded by Node's module hooks, which jest has not. */
function keelProcess(...line: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['cli/keel.ts', ...line], {
    encoding: 'utf8',
    env: { KEEL_DATA_DIR: folder, KEEL_CACHE_DIR: join(folder, 'cache') },
  });
  return { code: status, out: stdout, err: stderr };
}

const SPACE = ['-s', 'sma-cross', '--space', 'fast=3,5', 'slow=5,20', '--sampler', 'grid'];
const RETURN = ['--objective', 'return', '--min-trades', '1'];

describe('keel optimize and walk-forward', () => {
  it('prints the best on both parts, and warns', async () => {
    const { code, out, err } = await keel('optimize', ...data, ...SPACE, ...RETURN);
    expect([code, err]).toEqual([0, '']);
    expect(out).toMatch(/^3 trials, 0 failed, 1 points refused/m);
    expect(out).toMatch(/│ fast=3 slow=20 |│ fast=3 .*\n│ slow=20 /);
    expect(out).toMatch(/Warning: under 10 days/);
  });

  it('walks forward, as JSON', async () => {
    const walk = ['--windows', '2', '--json'];
    const { code, out } = await keel('walk-forward', ...data, ...SPACE, ...RETURN, ...walk);
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      windows: [{ best: { score: expect.any(Number) } }, {}],
      outOfSample: { format: 'keel-backtest/1' },
    });
  });

  it('writes both parts side by side as a page', async () => {
    for (const command of ['optimize', 'walk-forward']) {
      const page = join(folder, command, 'page.html');
      const { code, err } = await keel(command, ...data, ...SPACE, ...RETURN, '--html', page);
      expect([code, err]).toEqual([0, `wrote ${page}`]);
      const text = readFileSync(page, 'utf8');
      expect(text).toContain('<h2>In sample against out of sample</h2>');
      expect(text.includes('In sample: equity')).toBe(command === 'optimize');
      expect(text).toContain('aria-label="BTC/USDT, candles of');
    }
    const place = await keel('optimize', ...data, ...SPACE, ...RETURN, '--html', folder);
    expect([place.code, place.out]).toEqual([2, '']);
    expect(place.err).toContain('EISDIR');
    const page = join(folder, 'none.html');
    const none = ['--min-trades', '9999', '--html', page];
    const { code, err } = await keel('optimize', ...data, ...SPACE, ...none);
    expect([code, err]).toEqual([1, expect.stringContaining('is not written')]);
  });

  it('refuses what cannot be with code 2, and ends with 1 where nothing has a score', async () => {
    const wrong = await keel('optimize', ...data, '-s', 'sma-cross', '--space', 'fats=1..2');
    expect([wrong.code, wrong.err]).toEqual([2, expect.stringContaining('no parameter "fats"')]);
    expect((await keel('optimize', ...data, ...SPACE, '--trials', 'many')).code).toBe(2);
    const none = await keel('optimize', ...data, ...SPACE, '--min-trades', '9999');
    expect([none.code, none.out]).toEqual([1, expect.stringContaining('no trial has a score')]);
  });
});

describe('keel lookahead, warm-up and monte-carlo', () => {
  it('lookahead ends with 1 for a cheat and 0 for an honest strategy', async () => {
    const own = ['--strategy-path', CHEATS, '--signals', '3'];
    const cheat = keelProcess('lookahead', ...data, '-s', 'cheat', ...own, '--json');
    expect([cheat.code, cheat.err]).toEqual([1, '']);
    expect(JSON.parse(cheat.out)).toMatchObject({ checked: 3, biased: [{ instead: [] }, {}, {}] });
    const honest = await keel('lookahead', ...data, '-s', 'sma-cross', '--signals', '3');
    expect([honest.code, honest.out]).toEqual([0, expect.stringContaining('No lookahead was')]);
  });

  it('warm-up compares lengths', () => {
    const own = ['-s', 'slow-average', '--strategy-path', CHEATS];
    const { code, out, err } = keelProcess('warm-up', ...data, ...own, '--lengths', '2', '900');
    expect([code, err]).toEqual([0, '']);
    expect(out).toMatch(
      /Against a warm-up of 1000 bars:[^]*2 \(asked for\)[^]*No length tried gives the signals/,
    );
  });

  it('monte-carlo takes a fresh run or a stored one', async () => {
    const strategy = ['-s', 'sma-cross', '--set', 'fast=3', '--set', 'slow=9'];
    const fresh = await keel('monte-carlo', ...data, ...strategy, '--runs', '50');
    expect([fresh.code, fresh.out]).toEqual([
      0,
      expect.stringMatching(/shuffle of[^]*without an edge do as well: [01]\./),
    ]);
    await keel('backtest', ...data, ...strategy, '--export', folder);
    const stored = await keel('monte-carlo', join(folder, 'result.json'), '--runs', '50');
    expect(stored).toEqual(fresh);
  });
});
