import { afterAll, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeCsv } from '../adapters/bars/write-csv.ts';
import { barsBetween } from '../core/bar-series.ts';
import { makeSeries } from '../test/factories/bars.ts';
import { run } from './keel.ts';

const root = mkdtempSync(join(tmpdir(), 'keel-data-'));
afterAll(() => {
  rmSync(root, { recursive: true });
});
let folder: string;
let csv: string;
/** Two days and a half of minutes. */
const series = makeSeries(3600, { without: [2000, 2001] });

beforeEach(() => {
  folder = mkdtempSync(join(root, 'case-'));
  csv = join(folder, 'BTCUSDT-binance-1m.csv');
  writeCsv(csv, series);
});

async function keel(...args: string[]) {
  const out: string[] = [];
  const err: string[] = [];
  const code = await run(['data', ...args], {
    environment: { KEEL_DATA_DIR: join(folder, 'data'), KEEL_CACHE_DIR: join(folder, 'cache') },
    out: (text) => out.push(text),
    err: (text) => err.push(text),
    askSecret: async () => '',
  });
  return { code, out: out.join('\n'), err: err.join('\n') };
}

describe('keel data', () => {
  it('checks: 0 where files are fit, 1 where one is not', async () => {
    const fit = await keel('check', csv);
    expect([fit.code, fit.err]).toEqual([0, '']);
    expect(fit.out).toMatch(
      /binance BTC\/USDT 1m, 3598 bars of 3598 rows, 2 missing, 2024-01-01 00:00:00 to/,
    );
    expect(fit.out).toMatch(/gap +1 +2002 +2 bars missing from 2024-01-02T09:20/);
    const bad = join(folder, 'BTCUSDT-okx-1m.csv');
    writeFileSync(bad, readFileSync(csv, 'utf8').replace(/^(1704067260000,)[\d.]+/m, '$1nan'));
    const unfit = await keel('check', csv, bad, '--json');
    expect(unfit.code).toBe(1);
    expect(JSON.parse(unfit.out)).toMatchObject({
      reports: [{ fit: true }, { fit: false, flaws: [{ kind: 'non-finite', count: 1 }, {}] }],
    });
    expect((await keel('check', bad)).out).toContain(
      'Unfit; --accept non-finite takes it repaired: non-finite left out.',
    );
    expect((await keel('check', bad, '--accept', 'non-finite')).code).toBe(0);
    expect((await keel('check', join(folder, 'none.csv'))).code).toBe(2);
  });

  it('pulls bars of a stated exchange and a known interval', async () => {
    const unnamed = await keel('pull', 'BTC/USDT');
    expect([unnamed.code, unnamed.err]).toEqual([2, expect.stringContaining('--exchange')]);
    const odd = await keel('pull', 'BTC/USDT', '--exchange', 'binance', '--interval', '7m');
    expect([odd.code, odd.err]).toEqual([2, expect.stringContaining('7m')]);
  });

  it('imports, lists and exports: what comes out is what went in', async () => {
    const imported = await keel('import', csv);
    expect([imported.code, imported.err]).toEqual([0, '']);
    expect(imported.out).toMatch(
      /3598 of 3598 bars are new; binance BTC\/USDT 1m has 3598, 2024-01-01/,
    );
    expect(imported.out).toContain('flaws: gap 1');
    expect((await keel('import', csv)).out).toContain('0 of 3598 bars are new');
    expect((await keel('list')).out).toMatch(
      /binance +BTC\/USDT +1m +3598 +2 +2024-01-01 00:00:00/,
    );
    const out = join(folder, 'out.csv');
    expect((await keel('export', 'BTC/USDT', '--format', 'csv', '--out', out)).code).toBe(0);
    expect(readFileSync(out, 'utf8')).toBe(readFileSync(csv, 'utf8'));
    const again = await keel('export', 'BTC/USDT', '--out', out);
    expect([again.code, again.err]).toEqual([4, expect.stringContaining('is there already')]);
  });

  it('exports a time range', async () => {
    await keel('import', csv);
    const out = join(folder, 'out.csv');
    const { code } = await keel(
      'export',
      'BTC/USDT',
      '--timerange',
      '20240102-20240103',
      '--out',
      out,
    );
    expect(code).toBe(0);
    const rows = readFileSync(out, 'utf8').trim().split('\n');
    expect([rows.length, rows[1]?.slice(0, 13)]).toEqual([1 + 1438, String(Date.UTC(2024, 0, 2))]);
    const beyond = await keel(
      'export',
      'BTC/USDT',
      '--timerange',
      '20240102-20240203',
      '--out',
      `${out}2`,
    );
    expect([beyond.code, beyond.err]).toEqual([
      2,
      expect.stringContaining('is not within the data'),
    ]);
    const gap = await keel(
      'export',
      'BTC/USDT',
      '--timerange',
      '20240102T0920-20240102T0922',
      '--out',
      `${out}2`,
    );
    expect([gap.code, gap.err]).toEqual([2, expect.stringContaining('has no bars in that time')]);
    expect((await keel('export', 'BTC/USDT', '--timerange', '2024')).code).toBe(2);
  });

  it('refuses bars that differ from those there, and a batch with an unfit file whole', async () => {
    await keel('import', csv);
    const other = join(folder, 'other-BTCUSDT-binance.csv');
    writeCsv(other, makeSeries(100, { seed: 5 }));
    const conflict = await keel('import', other);
    expect([conflict.code, conflict.err]).toEqual([
      4,
      expect.stringContaining('bars differ from those'),
    ]);
    const bad = join(folder, 'ETHUSDT-binance-1m.csv');
    writeFileSync(bad, 'time,open,high,low,close,volume\n1704067200000,x,1,1,1,1\n');
    const later = join(folder, 'BTCUSDT-okx-1m.csv');
    writeCsv(later, makeSeries(100, { seed: 6 }));
    const batch = await keel('import', later, bad);
    expect([batch.code, batch.err]).toEqual([2, expect.stringContaining('row 2: open is "x"')]);
    expect(JSON.parse((await keel('list', '--json')).out)).toMatchObject({
      series: [{ exchange: 'binance' }],
    });
  });

  it('finds bars of another market and bars a minute late by what the library has', async () => {
    await keel('import', csv);
    const okx = join(folder, 'BTCUSDT-okx-1m.csv');
    writeCsv(okx, series);
    const { code, err } = await keel('import', okx);
    expect([code, err]).toEqual([
      2,
      expect.stringContaining('are those of binance BTC/USDT at the same times'),
    ]);
    writeCsv(csv, { ...series, openAt: series.openAt.map((at) => at + 60_000) });
    expect((await keel('check', csv)).out).toContain('1 minute earlier: their times are too late');
    expect((await keel('import', okx, '--accept', 'label')).code).toBe(0);
  });

  it('checks against a file known to be right', async () => {
    const late = join(folder, 'late-BTCUSDT-1m.csv');
    const piece = barsBetween(series, 100, 400);
    writeCsv(late, { ...piece, openAt: piece.openAt.map((at) => at + 3_600_000) });
    expect((await keel('check', late)).code).toBe(0);
    const { code, out } = await keel('check', late, '--against', csv);
    expect([code, out]).toEqual([1, expect.stringContaining('1 hour earlier')]);
  });

  it('asks which of several is meant, and for what is missing', async () => {
    await keel('import', csv);
    writeCsv(join(folder, 'BTCUSDT-okx-1h.csv'), makeSeries(50, { interval: '1h', seed: 9 }));
    await keel('import', join(folder, 'BTCUSDT-okx-1h.csv'));
    const which = await keel('export', 'BTC/USDT');
    expect([which.code, which.err]).toEqual([
      2,
      expect.stringContaining('say which by --exchange and --interval'),
    ]);
    const out = join(folder, 'out.csv.gz');
    expect((await keel('export', 'BTC/USDT', '--exchange', 'okx', '--out', out)).out).toContain(
      '50 bars',
    );
    const none = await keel('export', 'ETH/USDT');
    expect([none.code, none.err]).toEqual([
      3,
      expect.stringContaining('there are binance BTC/USDT 1m, okx'),
    ]);
    const unnamed = join(folder, 'bars.csv');
    writeCsv(unnamed, makeSeries(50, { seed: 11 }));
    expect((await keel('import', unnamed)).err).toContain('give --symbol such as BTC/USDT');
    expect((await keel('import', unnamed, '--symbol', 'BTCUSDT')).code).toBe(2);
    expect((await keel('import', unnamed, '--accept', 'gap')).err).toContain(
      '"gap" cannot be accepted',
    );
    expect((await keel('import', unnamed, '--interval', '2h')).code).toBe(2);
  });

  it('keeps the library where it is told', async () => {
    const elsewhere = join(folder, 'elsewhere');
    expect((await keel('import', csv, '--data-dir', elsewhere)).code).toBe(0);
    expect(readdirSync(join(elsewhere, 'bars', 'binance'))).toEqual(['BTC-USDT-1m.bars']);
    expect((await keel('list')).out).toBe('(none)');
    expect((await keel('list', '--data-dir', elsewhere)).out).toContain('BTC/USDT');
  });
});
