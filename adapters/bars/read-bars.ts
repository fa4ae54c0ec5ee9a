/** Reads a `.csv` or `.csv.gz` of bars, checks every row, and tells all its flaws. */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import type { BarSeries } from '../../core/bar-series.ts';
import { KeelError } from '../../core/errors.ts';
import { intervalMs, type Interval } from '../../core/time.ts';
import { FlawList, type BarReport, type FlawKind } from './bar-report.ts';
import { checkBars, type BarColumns } from './check-bars.ts';
import { readCsvRows } from './csv-rows.ts';
import { labelOfFile } from './file-label.ts';

export interface ReadOptions {
  /** What the file holds, where its name does not say it (or says it wrongly). */
  readonly exchange?: string;
  readonly symbol?: string;
  readonly interval?: Interval;
  /** Flaws that are repaired instead of making the file unfit: some of ACCEPTABLE. */
  readonly accept?: readonly FlawKind[];
}

/** Bars of a file and what there is to say of them. */
export interface ReadBars {
  readonly report: BarReport;
  /** Null where the report has no interval. Not to be used where it is not fit. */
  readonly bars: (BarColumns & { readonly interval: Interval; readonly length: number }) | null;
}

const GZIP_CHUNK_BYTES = 1 << 22;

/**
 * Throws INVALID_INPUT where the file cannot be read or has no columns of bars; every other flaw is in the
 * report, and it is the caller's part to look at `fit` (`seriesFrom` does).
 */
export function readBarCsv(file: string, options: ReadOptions = {}): ReadBars {
  const label = labelOfFile(file);
  const flaws = new FlawList(options.accept);
  const rows = readCsvRows(file, readBytes(file), flaws);
  const stated =
    options.interval !== undefined
      ? { interval: options.interval, by: 'the given interval' }
      : label.interval !== undefined
        ? { interval: label.interval, by: "the file's name" }
        : undefined;
  const { interval, columns, missing } = checkBars(rows, stated, flaws);
  const found = flaws.list();
  const length = columns.openAt.length;
  const last = columns.openAt.at(-1);
  const report: BarReport = {
    file,
    exchange: options.exchange ?? label.exchange ?? null,
    symbol: options.symbol ?? label.symbol ?? null,
    interval,
    rows: rows.rowsInFile,
    bars: length,
    missing,
    from: columns.openAt[0] ?? null,
    to: last === undefined || interval === null ? null : last + intervalMs(interval),
    fit: length > 0 && !found.some((flaw) => flaw.unfit),
    flaws: found,
    notes: rows.notes,
  };
  return { report, bars: interval === null ? null : { ...columns, interval, length } };
}

/**
 * The bars as a series. Throws INVALID_INPUT where a flaw makes them unfit, naming the first of each kind, or
 * where nobody says of which exchange and symbol they are.
 */
export function seriesFrom({ report, bars }: ReadBars): BarSeries {
  if (!report.fit || bars === null) throw unfit(report);
  const { exchange, symbol } = report;
  if (exchange === null || symbol === null) {
    throw new KeelError(
      'INVALID_INPUT',
      `${report.file}: neither name nor options say of which ${symbol === null ? 'symbol' : 'exchange'} the bars are; ` +
        'give --symbol such as BTC/USDT and --exchange such as binance',
    );
  }
  return { exchange, symbol, ...bars };
}

function unfit(report: BarReport): KeelError {
  const flaws = report.flaws.filter((flaw) => flaw.unfit);
  const first = flaws.map(({ kind, count, examples }) => {
    const [example] = examples;
    const row = typeof example?.row !== 'number' ? '' : `row ${String(example.row)}: `;
    const more = count > 1 ? ` (${String(count)} times)` : '';
    return `${row}${example?.text ?? kind}${more}`;
  });
  return new KeelError(
    'INVALID_INPUT',
    `${report.file} is unfit: ${first.length === 0 ? 'there are no bars' : first.join('; ')}. ` +
      '`keel data check` tells it all',
    { details: { flaws: flaws.map(({ kind, count }) => ({ kind, count })) } },
  );
}

function readBytes(file: string): Buffer {
  try {
    const bytes = readFileSync(file);
    return file.endsWith('.gz') ? gunzipSync(bytes, { chunkSize: GZIP_CHUNK_BYTES }) : bytes;
  } catch (cause) {
    throw new KeelError(
      'INVALID_INPUT',
      `${file} cannot be read: give a .csv or .csv.gz file (${cause instanceof Error ? cause.message : String(cause)})`,
      { cause },
    );
  }
}
