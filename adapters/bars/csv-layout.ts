/** Where a CSV file of bars has its columns. */
import { KeelError } from '../../core/errors.ts';
import { BAR_COLUMNS, type BarColumn } from '../../core/bar-series.ts';

export interface CsvLayout {
  /** One of `,` `;` or a tab. */
  readonly delimiter: string;
  /** Columns of every row. */
  readonly width: number;
  /** For each column of the file the bar's column it holds, or null for one that is not read. */
  readonly targets: readonly (BarColumn | null)[];
  /** As the header names it; null without a header. */
  readonly timeName: string | null;
  /** Lines before the first row. */
  readonly headLines: number;
  /** What was taken for granted, for people. */
  readonly notes: readonly string[];
}

/** Names by preference: of a file with several the first here is read. */
const NAMES: Readonly<Record<BarColumn, readonly string[]>> = {
  openAt: [
    ...['timestamp_ms', 'open_time', 'opentime', 'open_at', 'openat', 'timestamp', 'unix'],
    ...['unix_timestamp', 'time', 'ts', 'datetime', 'date'],
  ],
  open: ['open', 'o', 'open_price'],
  high: ['high', 'h', 'high_price'],
  low: ['low', 'l', 'low_price'],
  close: ['close', 'c', 'close_price'],
  volume: ['volume', 'vol', 'v', 'base_volume', 'volume_base'],
};

const DELIMITERS = [',', ';', '\t'];
/** Some sources put their address in the first line. */
const HEADER_WITHIN = 2;

/**
 * Finds header and columns in the first lines of a file. A file without a header has six columns or more, the
 * first six in the usual order, as in Binance's public archives. Throws INVALID_INPUT naming what is missing.
 */
export function findLayout(file: string, lines: readonly string[]): CsvLayout {
  const first = lines[0] ?? '';
  if (first.trim() === '') {
    throw new KeelError('INVALID_INPUT', `${file}, row 1: the file has no rows`);
  }
  if (/^\s*"?\d/.test(first)) return withoutHeader(file, first);
  let fault: KeelError | undefined;
  for (const [index, line] of lines.slice(0, HEADER_WITHIN).entries()) {
    const layout = withHeader(file, line, index + 1);
    if (!(layout instanceof KeelError)) return layout;
    fault ??= layout;
  }
  throw fault ?? new KeelError('INTERNAL', `${file}: no line was looked at`);
}

const NO_HEADER = 'there is no header: columns are taken as time, open, high, low, close, volume';

function delimiterOf(line: string): string {
  const count = (delimiter: string): number => line.split(delimiter).length;
  return DELIMITERS.reduce((best, next) => (count(next) > count(best) ? next : best));
}

function withoutHeader(file: string, line: string): CsvLayout {
  const delimiter = delimiterOf(line);
  const width = line.split(delimiter).length;
  if (width < BAR_COLUMNS.length) {
    throw new KeelError(
      'INVALID_INPUT',
      `${file}, row 1: ${String(width)} columns and no header; give the columns ${NAMES.openAt[0] ?? ''},open,high,low,close,volume`,
    );
  }
  const targets = Array.from({ length: width }, (_, index) => BAR_COLUMNS[index] ?? null);
  return { delimiter, width, targets, timeName: null, headLines: 0, notes: [NO_HEADER] };
}

function withHeader(file: string, line: string, headLines: number): CsvLayout | KeelError {
  const delimiter = delimiterOf(line);
  const names = line.split(delimiter).map((name) =>
    name
      .trim()
      .toLowerCase()
      .replaceAll(/[^a-z0-9]+/g, '_')
      .replaceAll(/^_|_$/g, ''),
  );
  const targets: (BarColumn | null)[] = names.map(() => null);
  let timeName: string | null = null;
  const notes: string[] = [];
  for (const column of BAR_COLUMNS) {
    const name = NAMES[column].find((known) => names.includes(known)) ?? volumeIn(column, names);
    const index = name === undefined ? -1 : names.indexOf(name);
    if (name === undefined || names.lastIndexOf(name) !== index) {
      const what =
        name === undefined
          ? `no column for ${column} (${NAMES[column].join(', ')})`
          : `two columns named ${name}`;
      return new KeelError(
        'INVALID_INPUT',
        `${file}, row ${String(headLines)}: the header "${line.slice(0, 200)}" has ${what}`,
      );
    }
    targets[index] = column;
    if (column === 'openAt') timeName = name;
    if (!NAMES[column].includes(name)) notes.push(`${column} is read from ${name}`);
  }
  return { delimiter, width: names.length, targets, timeName, headLines, notes };
}

/** `Volume BTC` beside `Volume USDT`: the base comes first, and is no money. */
function volumeIn(column: BarColumn, names: readonly string[]): string | undefined {
  if (column !== 'volume') return undefined;
  return names.find((name) => /^volume_(?!(usd|usdt|usdc|busd|eur|quote)$)[a-z0-9]+$/.test(name));
}
