import { afterAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { barsBetween, seriesOf, type BarSeries } from '../../core/bar-series.ts';
import { BARS_BEGIN, makeSeries } from '../../test/factories/bars.ts';
import { readBarsCached } from './bar-cache.ts';
import { readBarFileHeader, readStoredBars, writeBarFile } from './bar-file.ts';
import { BarLibrary } from './bar-library.ts';
import { readBarCsv, seriesFrom } from './read-bars.ts';
import { labelFlaw, sameBars } from './same-bars.ts';
import { writeCsv } from './write-csv.ts';

const root = mkdtempSync(join(tmpdir(), 'keel-bars-'));
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(root, 'case-'));
});
afterAll(() => {
  rmSync(root, { recursive: true });
});

/** Any bars: prices of every size, missing bars. */
const anySeries = fc
  .array(
    fc.record({
      skip: fc.integer({ min: 0, max: 3 }),
      prices: fc
        .array(fc.double({ min: 1e-12, max: 1e12, noNaN: true }), { minLength: 4, maxLength: 4 })
        .map((prices) => prices.sort((a, b) => a - b)),
      volume: fc.double({ min: 0, max: 1e18, noNaN: true }),
    }),
    { minLength: 1, maxLength: 40 },
  )
  .map((rows) => {
    let openAt = BARS_BEGIN;
    const bars = rows.map(({ skip, prices: [low = 1, open = 1, close = 1, high = 1], volume }) => {
      openAt += (skip + 1) * 60_000;
      return { openAt, closeAt: openAt + 60_000, open, high, low, close, volume };
    });
    return seriesOf({ exchange: 'okx', symbol: 'BTC/USDT', interval: '1m' }, bars);
  });

describe('bars written and read', () => {
  it.each(['csv', 'csv.gz'])('as %s are the same to the last bit', (format) => {
    const file = join(folder, `bars.${format}`);
    fc.assert(
      fc.property(anySeries, (series) => {
        writeCsv(file, series);
        const { exchange, symbol, interval } = series;
        expect(
          seriesFrom(readBarCsv(file, { exchange, symbol, interval, accept: ['label'] })),
        ).toEqual(series);
      }),
      { numRuns: 40 },
    );
    expect(format === 'csv' && readFileSync(file, 'utf8').includes('e-')).toBe(false);
  });

  it("in Keel's own file are the same to the last bit, slices too", () => {
    const file = join(folder, 'x.bars');
    fc.assert(
      fc.property(anySeries, fc.integer({ min: 0, max: 20 }), (series, skip) => {
        const cut = barsBetween(series, Math.min(skip, series.length - 1), series.length);
        writeBarFile(file, cut, { of: 'x' });
        expect(readStoredBars(file)).toMatchObject({ header: { note: { of: 'x' } }, series: cut });
      }),
      { numRuns: 40 },
    );
    expect(readdirSync(folder)).toEqual(['x.bars']);
  });
});

describe("Keel's own file", () => {
  const damage: [string, (bytes: Buffer) => Buffer, string][] = [
    ['of something else', () => Buffer.from('PK'), 'does not begin as one'],
    [
      'of another version',
      (bytes) => (bytes.writeUInt32LE(9, 8), bytes),
      'its version is 9, this Keel reads 1',
    ],
    ['cut short', (bytes) => bytes.subarray(0, -8), 'bytes, not'],
    [
      'with a bit turned',
      (bytes) => ((bytes[bytes.length - 1] = 1), bytes),
      'its checksum is wrong',
    ],
    [
      'with a header that is none',
      (bytes) => (bytes.fill('x', 24, 40), bytes),
      'its header cannot be read',
    ],
  ];
  it.each(damage)('%s is refused', (_what, change, message) => {
    const file = join(folder, 'x.bars');
    writeBarFile(file, makeSeries(5), null);
    expect(readBarFileHeader(file)).toMatchObject({ length: 5, from: BARS_BEGIN });
    writeFileSync(file, change(readFileSync(file)));
    expect(() => readStoredBars(file)).toThrow(message);
  });

  it('that is not there is not found', () => {
    expect(() => readStoredBars(join(folder, 'x.bars'))).toThrow('cannot be opened');
  });

  it('is not half written: a failure leaves the one before', () => {
    const file = join(folder, 'x.bars');
    writeBarFile(file, makeSeries(5), null);
    expect(() => {
      writeBarFile(file, makeSeries(0), null);
    }).toThrow();
    mkdirSync(`${file}.dir`);
    expect(() => {
      writeBarFile(`${file}.dir`, makeSeries(5), null);
    }).toThrow();
    expect(readStoredBars(file).series.length).toBe(5);
    expect(readdirSync(folder).sort()).toEqual(['x.bars', 'x.bars.dir']);
  });
});

describe('the cache', () => {
  let csv: string;
  const entry = (): string =>
    join(folder, 'cache', 'bars', readdirSync(join(folder, 'cache', 'bars'))[0]!);
  const read = (options = {}) => readBarsCached(csv, join(folder, 'cache'), options);
  beforeEach(() => {
    csv = join(folder, 'BTCUSDT-binance-1m.csv');
    writeCsv(csv, makeSeries(50, { without: [7] }));
  });

  it('gives what the file gives, flaws too', () => {
    const first = read();
    expect(first.report.flaws).toMatchObject([{ kind: 'gap', count: 1 }]);
    // What is read the second time is what is stored: shown by changing it under the reader's hand.
    const { header, series } = readStoredBars(entry());
    writeBarFile(entry(), { ...series, close: series.close.map(() => 1) }, header.note);
    const second = read();
    expect(second.report).toEqual(first.report);
    expect(second.bars?.close[3]).toBe(1);
  });

  it('reads a changed file anew, and keeps one entry for it', () => {
    read();
    writeCsv(csv, makeSeries(60));
    expect(read().report.bars).toBe(60);
    const { mtimeMs } = statSync(csv);
    writeCsv(csv, makeSeries(60, { seed: 2 }));
    utimesSync(csv, new Date(), new Date(mtimeMs + 5_000));
    expect(read().bars?.close[9]).toBe(makeSeries(60, { seed: 2 }).close[9]);
    expect(readdirSync(join(folder, 'cache', 'bars'))).toHaveLength(1);
  });

  it('tells options apart', () => {
    expect(read().report.symbol).toBe('BTC/USDT');
    expect(read({ symbol: 'ETH/USDT' }).report.symbol).toBe('ETH/USDT');
    expect(read().report.symbol).toBe('BTC/USDT');
  });

  it('builds a damaged entry again', () => {
    read();
    writeFileSync(entry(), 'nonsense');
    expect(read().report.bars).toBe(49);
    expect(readStoredBars(entry()).series.length).toBe(49);
  });

  it('keeps nothing unfit, and needs no folder it can write to', () => {
    writeFileSync(csv, 'time,open,high,low,close,volume\n1704067200000,x,1,1,1,1\n');
    expect(read().report.fit).toBe(false);
    expect(readdirSync(folder)).not.toContain('cache');
    writeCsv(csv, makeSeries(50));
    writeFileSync(join(folder, 'cache'), 'a file');
    expect(read().report.bars).toBe(50);
  });
});

describe('the library', () => {
  const library = (): BarLibrary => new BarLibrary(join(folder, 'bars'));
  const whole = makeSeries(100, { without: [40, 41] });

  it('is empty at first', () => {
    expect(library().list()).toEqual([]);
    expect(() => library().read(whole)).toThrow(/no bars of binance BTC\/USDT 1m in .*it is empty/);
  });

  it('puts pieces together, in whatever order and overlap they come', () => {
    const pieces: [number, number][] = [
      [60, 98],
      [0, 30],
      [20, 70],
    ];
    const added = pieces.map(
      ([from, to], index) =>
        library().add(barsBetween(whole, from, to), `part-${String(index)}.csv`).added,
    );
    expect(added).toEqual([38, 30, 30]);
    expect(library().read(whole)).toEqual(whole);
    expect(library().list()).toEqual([
      {
        ...{ exchange: 'binance', symbol: 'BTC/USDT', interval: '1m', bars: 98, missing: 2 },
        ...{ from: BARS_BEGIN, to: BARS_BEGIN + 100 * 60_000 },
        sources: ['part-0.csv', 'part-1.csv', 'part-2.csv'],
      },
    ]);
    expect(library().add(barsBetween(whole, 5, 9), 'again.csv').added).toBe(0);
    expect(library().list()[0]?.sources).not.toContain('again.csv');
  });

  it('takes no bar that differs from the one it has, and then nothing', () => {
    library().add(barsBetween(whole, 0, 50), 'a.csv');
    const wrong = {
      ...whole,
      close: whole.close.map((value, at) => (at === 9 ? value + 0.01 : value)),
    };
    expect(() => library().add(wrong, 'b.csv')).toThrow(
      /1 bars differ from those of binance BTC\/USDT 1m that are there: 2024-01-01T00:09:00.000Z: close .* Nothing is changed/,
    );
    expect(library().read(whole)).toEqual(barsBetween(whole, 0, 50));
  });

  it('keeps markets and intervals apart', () => {
    const keys = [
      { symbol: 'BTC/USDT' },
      { symbol: 'BTC/USDT:USDT' },
      { interval: '1h' as const },
      { exchange: 'okx' },
    ];
    for (const [index, key] of keys.entries())
      library().add(makeSeries(5, { ...key, seed: index + 1 }), 'x');
    expect(library().list()).toHaveLength(4);
    for (const [index, key] of keys.entries()) {
      const series = makeSeries(5, { ...key, seed: index + 1 });
      expect(library().read(series)).toEqual(series);
    }
    expect(() => library().add(makeSeries(5, { exchange: '../x' }), 'x')).toThrow(
      'is no name of an exchange',
    );
  });

  it('tells of a damaged file', () => {
    library().add(whole, 'x');
    copyFileSync(import.meta.filename, join(folder, 'bars', 'binance', 'BTC-USDT-1m.bars'));
    expect(() => library().list()).toThrow('no file of bars, or damaged');
  });
});

describe('the same bars under different labels', () => {
  // Two of them have the same volume: one is looked up.
  const series = makeSeries(200);
  const text = (of: BarSeries, other: BarSeries) => labelFlaw(of, other, false)?.examples[0]?.text;

  it('are found however their times are off', () => {
    const early = { ...series, openAt: series.openAt.map((at) => at - 60_000) };
    expect(sameBars(early, series)).toEqual({ found: 199, lookedUp: 199, shiftMs: 60_000 });
    expect(text(early, series)).toBe(
      '199 of 199 bars compared are those of binance BTC/USDT 1 minute later: their times are too early',
    );
    const zone = { ...series, openAt: series.openAt.map((at) => at + 3_600_000) };
    expect(text(zone, series)).toMatch('1 hour earlier: their times are too late');
  });

  it('are found under the name of another exchange', () => {
    expect(text({ ...series, exchange: 'okx' }, series)).toBe(
      '199 of 199 bars compared are those of binance BTC/USDT at the same times: one of both has the wrong name',
    );
    expect(labelFlaw({ ...series, exchange: 'okx' }, series, true)?.unfit).toBe(false);
  });

  it('are no flaw where they are right, or where bars differ', () => {
    expect(labelFlaw(series, series, false)).toBeUndefined();
    expect(labelFlaw(series, makeSeries(200, { seed: 3, exchange: 'okx' }), false)).toBeUndefined();
    // Alike for a while, by their tails only: proves nothing.
    expect(
      labelFlaw(barsBetween(series, 0, 9), { ...series, exchange: 'okx' }, false),
    ).toBeUndefined();
  });

  it('found in the wild: days labelled as the day before', () => {
    const file = (name: string) => new URL(`../../data/flaws/${name}`, import.meta.url).pathname;
    const right = seriesFrom(readBarCsv(file('BTCUSDT-binance-1d-right.csv')));
    const early = readBarCsv(file('BTCUSD-cnt-1d-a-day-early.csv'), {
      exchange: 'binance',
      symbol: 'BTC/USDT',
    });
    expect(text(seriesFrom(early), right)).toBe(
      '40 of 40 bars compared are those of binance BTC/USDT 1 day later: their times are too early',
    );
  });
});
