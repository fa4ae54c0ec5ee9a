/** Reads recorded one-minute candles for a replay, and refuses a file with a flaw by row number. */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { parse } from 'csv-parse/sync';
import { labelOfFile } from '../adapters/bars/file-label.ts';
import { KeelError } from '../core/errors.ts';
import { nonNegativeDecimal } from '../core/decimal-strings.ts';
import { decimal } from '../core/money.ts';
import { intervalMs } from '../core/time.ts';

/** One recorded minute, in the source's own decimal strings. */
export interface Candle {
  /** First millisecond of the minute, UTC. */
  readonly openAt: number;
  readonly open: string;
  readonly high: string;
  readonly low: string;
  readonly close: string;
  /** In base. */
  readonly volume: string;
}

export interface Recording {
  /** Unified, such as `BTC/USDT`. */
  readonly symbol: string;
  readonly bars: readonly Candle[];
}

export const MINUTE_MS = intervalMs('1m');

const HEADER = ['timestamp_ms', 'open', 'high', 'low', 'close', 'volume'];

/**
 * The unified symbol in a file's name: `data/BTCUSDT-binance-1m.csv.gz` is `BTC/USDT`. Throws INVALID_INPUT
 * where the name has none.
 */
export function symbolOfFile(file: string): string {
  const { symbol } = labelOfFile(file);
  if (symbol !== undefined) return symbol;
  throw new KeelError(
    'INVALID_INPUT',
    `${file}: the file's name has no symbol such as BTCUSDT; write BTC/USDT=${file}`,
  );
}

/**
 * Loads a `.csv` or `.csv.gz` with the columns timestamp_ms, open, high, low, close, volume. Rows must be
 * whole minutes in ascending order; a missing minute is allowed (markets stand still), a repeated one is not.
 * Throws INVALID_INPUT naming file and row.
 */
export function loadCandles(file: string): Candle[] {
  const rows: string[][] = parse(readText(file), {
    relax_column_count: true,
    skip_empty_lines: true,
  });
  const [header, ...body] = rows;
  if (header === undefined || header.join(',') !== HEADER.join(',')) {
    throw flaw(
      file,
      1,
      `the header is "${header?.join(',') ?? ''}", expected "${HEADER.join(',')}"`,
    );
  }
  if (body.length === 0) {
    throw flaw(file, 2, 'there are no rows');
  }
  const candles: Candle[] = [];
  for (const [index, row] of body.entries()) {
    candles.push(parseRow(file, index + 2, row, candles.at(-1)));
  }
  return candles;
}

function readText(file: string): string {
  try {
    const bytes = readFileSync(file);
    return (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
  } catch (cause) {
    throw new KeelError('INVALID_INPUT', `${file} cannot be read: give a .csv or .csv.gz file`, {
      cause,
    });
  }
}

function parseRow(
  file: string,
  rowNumber: number,
  row: string[],
  before: Candle | undefined,
): Candle {
  const [time, open, high, low, close, volume] = row;
  if (
    row.length !== HEADER.length ||
    time === undefined ||
    open === undefined ||
    high === undefined ||
    low === undefined ||
    close === undefined ||
    volume === undefined
  ) {
    throw flaw(file, rowNumber, `${String(row.length)} columns, expected ${String(HEADER.length)}`);
  }
  const openAt = Number(time);
  if (!/^\d+$/.test(time) || openAt % MINUTE_MS !== 0) {
    throw flaw(file, rowNumber, `timestamp_ms "${time}" is no whole minute in milliseconds`);
  }
  if (before !== undefined && openAt <= before.openAt) {
    throw flaw(
      file,
      rowNumber,
      `timestamp_ms ${time} is not after the row before (${String(before.openAt)})`,
    );
  }
  for (const [name, value] of Object.entries({ open, high, low, close, volume })) {
    const zero = !/[1-9]/.test(value);
    if (!nonNegativeDecimal.safeParse(value).success || (zero && name !== 'volume')) {
      throw flaw(
        file,
        rowNumber,
        `${name} "${value}" is no ${name === 'volume' ? '' : 'positive '}decimal`,
      );
    }
  }
  const top = decimal(high);
  const bottom = decimal(low);
  for (const [name, value] of Object.entries({ open, close })) {
    if (top.lt(value) || bottom.gt(value)) {
      throw flaw(file, rowNumber, `${name} ${value} is outside low ${low} … high ${high}`);
    }
  }
  return { openAt, open, high, low, close, volume };
}

function flaw(file: string, rowNumber: number, what: string): KeelError {
  return new KeelError('INVALID_INPUT', `${file}, row ${String(rowNumber)}: ${what}`);
}
