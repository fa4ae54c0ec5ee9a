/** Files that a backtest leaves, and reads again. */
import { closeSync, existsSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { makeFolder } from '../../adapters/make-folder.ts';
import type { Summary } from '../../backtest/metrics.ts';
import { csvFiles } from '../../backtest/report/csv.ts';
import { renderHtml, type Research } from '../../backtest/report/html.ts';
import { fromJson, toJson } from '../../backtest/report/json.ts';
import type { BacktestResult } from '../../backtest/result.ts';
import type { BarSeries } from '../../core/bar-series.ts';
import { KeelError } from '../../core/errors.ts';
import type { Json } from '../../core/json.ts';
import type { Io } from '../session.ts';

/** A run with what its figures say. */
export interface Report {
  readonly result: BacktestResult;
  readonly summary: Summary;
  /** Drawn in the page; none where only the stored result is at hand. */
  readonly bars?: readonly BarSeries[];
  /** What the run was chosen by; none of a plain backtest. */
  readonly research?: Research;
}

/**
 * result.json, report.html, and trades, fills, orders and equity as CSV; folders are made. Throws INVALID_INPUT where
 * that cannot be.
 */
export function exportReport(folder: string, report: Report): string[] {
  const { result, summary } = report;
  const files = {
    'result.json': `${JSON.stringify(toJson(result, summary))}\n`,
    ...csvFiles(result),
    'report.html': page(report),
  };
  return Object.entries(files).map(([name, text]) => writeText(join(folder, name), text));
}

export function writePage(file: string, report: Report): string {
  return writeText(file, page(report));
}

/** What `--export` or `--json` wrote. Throws INVALID_INPUT for anything else. */
export function readReport(file: string): Report {
  let document: Json;
  try {
    document = JSON.parse(readFileSync(file, 'utf8')) as Json;
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new KeelError(
      'INVALID_INPUT',
      `${file} cannot be read: give a result.json of \`keel backtest --export\` (${why})`,
      { cause },
    );
  }
  return fromJson(document);
}

function page({ result, summary, ...options }: Report): string {
  return renderHtml(result, summary, options);
}

/** Not on standard output, which is the report's. */
export function tellFiles({ err }: Pick<Io, 'err'>, files: readonly string[]): void {
  for (const file of files) err(`wrote ${file}`);
}

/**
 * For what takes long before it writes: throws INVALID_INPUT at once where it could not in the end. The folder is
 * made.
 */
export function checkPlace(file: string): void {
  writing(file, () => {
    const isNew = !existsSync(file);
    closeSync(openSync(file, 'a'));
    if (isNew) rmSync(file);
  });
}

function writeText(file: string, text: string): string {
  writing(file, () => {
    writeFileSync(file, text);
  });
  return file;
}

function writing(file: string, write: () => void): void {
  try {
    makeFolder(dirname(file));
    write();
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new KeelError(
      'INVALID_INPUT',
      `${file} cannot be written (${why}): name another that you may write to`,
      { cause },
    );
  }
}
