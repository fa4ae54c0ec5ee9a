/** Files of bars, checked alone and against what the library has; and what a person reads of it. */
import { readBarsCached } from '../adapters/bars/bar-cache.ts';
import { BarLibrary } from '../adapters/bars/bar-library.ts';
import { FLAW_KINDS, withFlaws, type BarReport } from '../adapters/bars/bar-report.ts';
import { seriesFrom, type ReadBars, type ReadOptions } from '../adapters/bars/read-bars.ts';
import { comparable, labelFlaw } from '../adapters/bars/same-bars.ts';
import { barFolder } from '../config/cli-settings.ts';
import type { BarSeries } from '../core/bar-series.ts';
import { cacheFolder } from '../stack/folders.ts';
import { join } from 'node:path';
import type { Io } from './session.ts';
import { table, time } from './tables.ts';

/** The library in `dataDir`, else where the environment says. */
export function openLibrary(io: Pick<Io, 'environment'>, dataDir?: string): BarLibrary {
  return new BarLibrary(dataDir === undefined ? barFolder(io.environment) : join(dataDir, 'bars'));
}

export interface CheckOptions extends ReadOptions {
  /** A file of bars that are known to be right. */
  readonly against?: string;
}

/**
 * Reads and checks a file, and compares it with series of the same asset and interval in the library, and with
 * `against`: bars that are another series' under a wrong label are a flaw. Throws INVALID_INPUT for a file that
 * cannot be read.
 */
export function checkBarFile(
  io: Pick<Io, 'environment'>,
  file: string,
  library: BarLibrary,
  { against, ...options }: CheckOptions,
): ReadBars {
  const cache = cacheFolder(io.environment);
  const read = readBarsCached(file, cache, options);
  const { bars, report } = read;
  if (bars === null || report.symbol === null) return read;
  // Of an exchange that nobody named nothing is known but that it is no other.
  const series = { exchange: report.exchange ?? '?', symbol: report.symbol, ...bars };
  const others: BarSeries[] = library
    .list()
    .filter((entry) => comparable(entry, series))
    .map((entry) => library.read(entry));
  if (against !== undefined) others.push(seriesFrom(readBarsCached(against, cache)));
  const accepted = options.accept?.includes('label') ?? false;
  const flaws = others
    .map((other) => labelFlaw(series, other, accepted))
    .filter((flaw) => flaw !== undefined);
  return { bars, report: withFlaws(report, flaws) };
}

/** A report for people: what the file holds, each flaw with its first rows, and the verdict. */
export function describeReport(report: BarReport): string {
  const { exchange, symbol, interval, rows, bars, missing, from, to, fit } = report;
  const head =
    `${report.file}: ${exchange ?? 'unknown exchange'} ${symbol ?? 'unknown symbol'} ${interval ?? 'unknown interval'}, ` +
    `${String(bars)} bars of ${String(rows)} rows, ${String(missing)} missing, ${time(from)} to ${time(to)}`;
  const flaws = report.flaws.flatMap((flaw) =>
    flaw.examples.map((example, index) => [
      index === 0 ? flaw.kind : '',
      index === 0 ? flaw.count : '',
      index > 0 ? '' : flaw.unfit ? 'unfit' : '',
      example.row,
      example.text,
    ]),
  );
  return [
    head,
    ...report.notes.map((note) => `  ${note}`),
    ...(flaws.length === 0 ? [] : [table(['flaw', 'count', 'verdict', 'row', 'what'], flaws)]),
    fit ? (flaws.length === 0 ? 'No flaws.' : 'Fit for use.') : describeVerdict(report),
  ].join('\n');
}

function describeVerdict({ flaws }: BarReport): string {
  const kinds = flaws.filter((flaw) => flaw.unfit).map(({ kind }) => kind);
  if (kinds.length === 0) return 'Unfit: there are no bars.';
  const repairs = kinds.map((kind) => `${kind} ${FLAW_KINDS[kind].repair ?? 'cannot be repaired'}`);
  const acceptable = kinds.every((kind) => FLAW_KINDS[kind].repair !== null);
  const how = acceptable ? `; --accept ${kinds.join(',')} takes it repaired` : '';
  return `Unfit${how}: ${repairs.join(', ')}.`;
}
