import { describe, expect, it } from '@jest/globals';
import { writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { temporaryPath, writeText } from '../../test/factories/recordings.ts';
import { ACCEPTABLE, type BarReport, type FlawKind } from './bar-report.ts';
import { readBarCsv, seriesFrom, type ReadOptions } from './read-bars.ts';

const HEADER = 'timestamp_ms,open,high,low,close,volume';
const MARKET = { exchange: 'binance', symbol: 'BTC/USDT' };
const START = 1_704_067_200_000;

/** Minutes from START, row 2 being minute 0; a row given by its line is put in the place of the good one. */
function minutes(count: number, replace: Readonly<Record<number, string>> = {}): string {
  const rows = Array.from({ length: count }, (_, index) => {
    return (
      replace[index + 2] ??
      `${String(START + index * 60_000)},100,101,99,100.5,${String(index + 1)}`
    );
  });
  return [HEADER, ...rows, ''].join('\n');
}
function at(minute: number): string {
  return String(START + minute * 60_000);
}
function read(text: string, options: ReadOptions = {}) {
  return readBarCsv(writeText(text, 'bars.csv'), { ...MARKET, ...options });
}
function found(report: BarReport) {
  return report.flaws.map(({ kind, count, examples }) => [
    kind,
    count,
    examples[0]?.row,
    examples[0]?.text,
  ]);
}

describe('a file of bars', () => {
  it('without flaws is read as it is, gzipped or not', () => {
    const file = temporaryPath('BTCUSDT-binance-1m.csv.gz');
    writeFileSync(file, gzipSync(minutes(3)));
    const { report } = readBarCsv(file);
    expect(report).toEqual({
      ...{ file, ...MARKET, interval: '1m', rows: 3, bars: 3, missing: 0 },
      ...{ from: START, to: START + 180_000, fit: true, flaws: [], notes: [] },
    });
    const series = seriesFrom(readBarCsv(file));
    expect([...series.volume]).toEqual([1, 2, 3]);
    expect(series).toEqual(seriesFrom(read(minutes(3))));
  });

  it.each([
    ['seconds', (ms: number) => String(ms / 1000), 'time: seconds by their size'],
    ['float seconds', (ms: number) => (ms / 1000).toFixed(1), 'time: seconds by their size'],
    ['microseconds', (ms: number) => `${String(ms)}000`, 'time: microseconds by their size'],
    [
      'dates',
      (ms: number) => new Date(ms).toISOString(),
      'time: dates, UTC where no zone is given',
    ],
    [
      'dates without zone',
      (ms: number) => new Date(ms).toISOString().slice(0, 19).replace('T', ' '),
      'time: dates',
    ],
    [
      'dates of a zone',
      (ms: number) => `${new Date(ms + 3_600_000).toISOString().slice(0, 19)}+01:00`,
      'time: dates',
    ],
  ])('may write its times as %s', (_what, write, note) => {
    const rows = [0, 1, 2].map((minute) => `${write(START + minute * 60_000)},1,2,0.5,1,3`);
    const { report, bars } = read(['time,open,high,low,close,volume', ...rows].join('\n'));
    expect([...(bars?.openAt ?? [])]).toEqual([0, 1, 2].map((minute) => START + minute * 60_000));
    expect(report.notes[0]).toContain(note);
  });

  it.each([
    [
      'Date,Symbol,Open,High,Low,Close,Volume BTC,Volume USDT',
      (t: string) => `${t},BTC/USDT,1,2,0.5,1.5,3,4`,
    ],
    [
      'https://www.source.com\nunix,open,high,low,close,Volume USDT,Volume BTC',
      (t: string) => `${t},1,2,0.5,1.5,4,3`,
    ],
    ['volume;close;low;high;open;open_time', (t: string) => `3;1.5;0.5;2;1;${t}`],
    ['\uFEFFtimestamp,open,high,low,close,volume', (t: string) => `${t},1,2,0.5,1.5,3\r`],
    ['"time","o","h","l","c","v"', (t: string) => `"${t}","1","2","0.5","1.5","3"`],
    ['', (t: string) => `${t},1,2,0.5,1.5,3,${t},9,9,9,9,0`],
  ])('may have the header %s', (header, row) => {
    const text = [...(header === '' ? [] : [header]), row(at(0)), row(at(1)), ''].join('\n');
    const { bars, report } = read(text);
    expect(report).toMatchObject({ fit: true, bars: 2, from: START });
    const column = (name: 'open' | 'high' | 'low' | 'close' | 'volume') => bars?.[name][1];
    expect([
      column('open'),
      column('high'),
      column('low'),
      column('close'),
      column('volume'),
    ]).toEqual([1, 2, 0.5, 1.5, 3]);
  });

  it('tells what it took for granted', () => {
    expect(read(`${at(0)},1,2,0.5,1.5,3\n`, { interval: '1m' }).report.notes).toEqual([
      'there is no header: columns are taken as time, open, high, low, close, volume',
    ]);
    expect(
      read(`date,open,high,low,close,volume_btc\n${at(0)},1,2,0.5,1.5,3\n`).report.notes,
    ).toEqual(['volume is read from volume_btc']);
  });

  it('reads every number as Number does', () => {
    const decimal = fc
      .tuple(fc.bigInt(0n, 10n ** 20n), fc.integer({ min: 0, max: 30 }))
      .map(([digits, places]) => {
        const text = String(digits).padStart(places + 1, '0');
        return places === 0 ? text : `${text.slice(0, -places)}.${text.slice(-places)}`;
      });
    const any = fc.double({ min: 1e-9, max: 1e15, noNaN: true }).map(String);
    fc.assert(
      fc.property(fc.array(fc.oneof(decimal, any), { minLength: 1 }), (texts) => {
        const rows = texts.map((text, index) => `${at(index)},1,1,1,1,${text}`);
        const { bars } = read([HEADER, ...rows].join('\n'), { interval: '1m' });
        expect([...(bars?.volume ?? [])]).toEqual(texts.map(Number));
      }),
      { numRuns: 60 },
    );
  });
});

describe('a flaw is told with its row', () => {
  it.each<[FlawKind, string, Record<number, string>, string]>([
    ['columns', 'a missing column', { 4: `${at(2)},100,101,99,100` }, '5 columns, not 6'],
    ['columns', 'a column too many', { 4: `${at(2)},100,101,99,100,1,7,8` }, '8 columns, not 6'],
    [
      'time',
      'a time that is none',
      { 4: 'yesterday,100,101,99,100,1' },
      '"yesterday" is no time: write seconds',
    ],
    ['time', 'a day that is none', { 4: '2024-02-31,100,101,99,100,1' }, '"2024-02-31" is no time'],
    [
      'time',
      'a number that is no time',
      { 4: '20240101,100,101,99,100,1' },
      '"20240101" is no time',
    ],
    [
      'mixed-units',
      'seconds among milliseconds',
      { 4: '1704067320,100,101,99,100,1' },
      'time in seconds, before it in milliseconds',
    ],
    [
      'mixed-units',
      'a date among milliseconds',
      { 4: '2024-01-01,100,101,99,100,1' },
      'time in dates, before it in milliseconds',
    ],
    ['empty', 'an empty cell', { 4: `${at(2)},100,,99,100,1` }, 'high is empty'],
    ['number', 'text for a number', { 4: `${at(2)},100,0x65,99,100,1` }, 'high is "0x65"'],
    ['number', 'two points', { 4: `${at(2)},100,1.0.1,99,100,1` }, 'high is "1.0.1"'],
    ['non-finite', 'NaN', { 4: `${at(2)},100,NaN,99,100,1` }, 'high is "NaN"'],
    ['non-finite', 'a number beyond all', { 4: `${at(2)},100,1e999,99,100,1` }, 'high is Infinity'],
    ['not-positive', 'a price of zero', { 4: `${at(2)},100,101,0,100,1` }, 'low is 0'],
    ['not-positive', 'a price under zero', { 4: `${at(2)},-100,101,99,100,1` }, 'open is -100'],
    ['negative-volume', 'a volume under zero', { 4: `${at(2)},100,101,99,100,-1` }, 'volume is -1'],
    ['high-low', 'high under low', { 4: `${at(2)},100,98,99,100,1` }, 'high 98 is under low 99'],
    [
      'outside-range',
      'a close above the high',
      { 4: `${at(2)},100,101,99,102,1` },
      'open 100 or close 102 is outside low 99 … high 101',
    ],
    [
      'disorder',
      'a row that is late',
      { 4: `${at(3)},1,1,1,1,1`, 5: `${at(2)},1,1,1,1,1` },
      '2024-01-01T00:02:00.000Z comes after 2024-01-01T00:03:00.000Z',
    ],
    [
      'conflict',
      'two bars of one time',
      { 5: `${at(2)},100,101,99,100,7` },
      '2024-01-01T00:02:00.000Z: close 100, in row 4 100.5',
    ],
    [
      'off-grid',
      'a time between',
      { 4: `${String(START + 130_000)},100,101,99,100,1` },
      '1704067330000 is 10 s after the start of a 1m bar',
    ],
  ])('%s: %s', (kind, _what, replace, text) => {
    const bad = read(minutes(8, replace));
    expect(bad.report.fit).toBe(false);
    const row = Math.max(...Object.keys(replace).map(Number));
    expect(found(bad.report)[0]).toEqual([kind, 1, row, expect.stringContaining(text)]);
    expect(() => seriesFrom(bad)).toThrow(`is unfit: row ${String(row)}: ${text}`);
    if (!ACCEPTABLE.includes(kind)) return;
    const repaired = read(minutes(8, replace), { accept: [kind] });
    expect([repaired.report.fit, repaired.report.flaws[0]?.kind]).toEqual([true, kind]);
    const times = [...seriesFrom(repaired).openAt];
    expect(times).toEqual([...new Set(times)].sort((a, b) => a - b));
  });

  it.each<[FlawKind, string, string, number | null, string]>([
    [
      'duplicate',
      'a row given twice',
      minutes(8, { 5: minutes(8).split('\n')[3] ?? '' }),
      5,
      '2024-01-01T00:02:00.000Z, as row 4',
    ],
    [
      'gap',
      'missing bars',
      minutes(8, { 4: '', 5: '' }),
      6,
      '2 bars missing from 2024-01-01T00:02:00.000Z to 2024-01-01T00:04:00.000Z',
    ],
    [
      'zero-volume',
      'bars without a trade',
      minutes(8, { 4: `${at(2)},1,1,1,1,0`, 5: `${at(3)},1,1,1,1,0.0` }),
      4,
      '2 bars without volume from 2024-01-01T00:02:00.000Z',
    ],
    [
      'outlier',
      'a wrong tick',
      minutes(30, { 12: `${at(10)},100,1000,99,100,1` }),
      12,
      'high 1000 is 895 % off the median 100.5',
    ],
    [
      'outlier',
      'a wrong tick at the end',
      minutes(30, { 31: `${at(29)},100,101,9,100,1` }),
      31,
      'low 9 is -91 % off the median 100.5',
    ],
    [
      'descending',
      'newest first',
      [HEADER, ...minutes(8).trim().split('\n').slice(1).reverse()].join('\n'),
      2,
      'newest first',
    ],
  ])('%s: %s, and the rest stays fit', (kind, _what, text, row, words) => {
    const { report, bars } = read(text);
    const flaws = found(report);
    expect(flaws.find(([name]) => name === kind)).toEqual([
      kind,
      1,
      row,
      expect.stringContaining(words),
    ]);
    expect(report.fit).toBe(true);
    expect(bars?.openAt[0]).toBe(START);
  });

  it('counts what is missing', () => {
    expect(read(minutes(9, { 4: '', 5: '', 8: '' })).report.missing).toBe(3);
  });

  it('does not take a market that moved for an outlier', () => {
    const rows = Array.from({ length: 60 }, (_, index) => {
      const price = index < 30 ? '100' : '190';
      return `${at(index)},${price},${price},${price},${price},1`;
    });
    expect(read([HEADER, ...rows].join('\n')).report.flaws).toEqual([]);
  });

  it('tells an interval that Keel has not, and one that is not what was said', () => {
    const every8h = [0, 480, 960, 1440].map((minute) => `${at(minute)},1,1,1,1,1`);
    expect(found(read([HEADER, ...every8h].join('\n')).report)).toEqual([
      ['interval', 1, null, 'most bars are 8h apart, Keel knows 1m, 5m, 15m, 1h, 4h, 1d'],
    ]);
    expect(found(read(minutes(5), { interval: '1h' }).report)).toEqual([
      ['label', 1, null, 'the given interval says 1h, most bars are 1m apart'],
    ]);
    const named = readBarCsv(writeText(minutes(5), 'BTCUSDT-binance-1d.csv'));
    expect(found(named.report)).toEqual([
      ['label', 1, null, "the file's name says 1d, most bars are 1m apart"],
    ]);
    expect(found(read(minutes(1)).report)).toEqual([
      ['interval', 1, null, 'fewer than two bars: say how long they are'],
    ]);
    expect(read(minutes(1), { interval: '1m' }).report.fit).toBe(true);
  });

  it('tells five rows of a kind and counts all', () => {
    const { report } = read(
      minutes(40, Object.fromEntries([...Array(20).keys()].map((row) => [row + 5, 'x,1,1,1,1,1']))),
    );
    expect(report.flaws[0]).toMatchObject({ kind: 'time', count: 20 });
    expect(report.flaws[0]?.examples.map(({ row }) => row)).toEqual([5, 6, 7, 8, 9]);
  });

  it('found in the wild: hours out of order', () => {
    const file = new URL('../../data/flaws/BTCUSD-bitfinex-1h-disorder.csv', import.meta.url)
      .pathname;
    expect(found(readBarCsv(file).report)).toEqual([
      [
        'disorder',
        5,
        13,
        expect.stringContaining(
          '2017-11-12T08:00:00.000Z comes after 2017-11-12T03:00:00.000Z, most rows are newest first',
        ),
      ],
    ]);
    expect(readBarCsv(file, { accept: ['disorder'] }).report).toMatchObject({
      fit: true,
      bars: 30,
      missing: 0,
    });
  });
});

describe('what is no file of bars is refused', () => {
  it.each([
    ['', 'row 1: the file has no rows'],
    ['time,open,high,low,close\n', 'has no column for volume (volume, vol'],
    ['time,open,open,high,low,close,volume\n', 'has two columns named open'],
    [`${at(0)},1,1,1\n`, 'row 1: 4 columns and no header'],
    ['<html>\n<body>\n', 'has no column for openAt (timestamp_ms'],
    [`${HEADER}\n1 "2,3\n`, 'bars.csv is no CSV: Invalid Opening Quote'],
    [`${HEADER}\n"1,2\n`, 'bars.csv is no CSV: Quote Not Closed'],
  ])('%j', (text, message) => {
    expect(() => read(text)).toThrow(message);
  });

  it('where it cannot be read', () => {
    expect(() => readBarCsv('/nowhere/x.csv')).toThrow('/nowhere/x.csv cannot be read');
    expect(() => readBarCsv(writeText('no gzip', 'x.csv.gz'))).toThrow('cannot be read');
  });

  it('where nobody says whose bars they are, or there are none', () => {
    const file = writeText(minutes(3), 'bars.csv');
    expect(() => seriesFrom(readBarCsv(file))).toThrow(
      'of which symbol the bars are; give --symbol',
    );
    expect(() => seriesFrom(readBarCsv(file, { symbol: 'BTC/USDT' }))).toThrow('of which exchange');
    expect(() => seriesFrom(read(`${HEADER}\n`))).toThrow('is unfit');
  });
});
