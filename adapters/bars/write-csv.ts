/** Writes bars as CSV, as `readBarCsv` reads them. */
import { gzipSync } from 'node:zlib';
import { BAR_COLUMNS, type BarSeries } from '../../core/bar-series.ts';
import { Decimal } from '../../core/money.ts';
import { writeAtomically } from './atomic-file.ts';

const HEADER = 'timestamp_ms,open,high,low,close,volume\n';
const ROWS_PER_CHUNK = 50_000;

/** Whole or not at all; gzipped where the name ends with `.gz`. */
export function writeCsv(file: string, series: BarSeries): void {
  writeAtomically(file, file.endsWith('.gz') ? zipped(csvChunks(series)) : csvChunks(series));
}

function* csvChunks(series: BarSeries): Generator<Buffer, void> {
  yield Buffer.from(HEADER);
  for (let from = 0; from < series.length; from += ROWS_PER_CHUNK) {
    const rows: string[] = [];
    for (let at = from; at < Math.min(from + ROWS_PER_CHUNK, series.length); at += 1) {
      rows.push(BAR_COLUMNS.map((name) => plainText(series[name][at] ?? 0)).join(','));
    }
    yield Buffer.from(`${rows.join('\n')}\n`);
  }
}

/** A gzip file may have several members: every reader takes them as one text. */
function* zipped(chunks: Iterable<Buffer>): Generator<Buffer, void> {
  for (const chunk of chunks) yield gzipSync(chunk);
}

/** The shortest digits that read back as the same double, never with an exponent. */
function plainText(value: number): string {
  const text = String(value);
  return text.includes('e') ? new Decimal(text).toFixed() : text;
}
