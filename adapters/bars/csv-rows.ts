/**
 * Rows of a CSV file of bars, straight from its bytes into typed columns: no string is made for a plain number.
 * A million rows take well under a second.
 */
import { CsvError, parse } from 'csv-parse/sync';
import { BAR_COLUMNS, type BarColumn } from '../../core/bar-series.ts';
import { KeelError } from '../../core/errors.ts';
import type { FlawList } from './bar-report.ts';
import { milliseconds, parseIsoTime, unitOf, type TimeUnit } from './bar-time.ts';
import { findLayout, type CsvLayout } from './csv-layout.ts';

/** Rows that could be read, in the file's order. Nothing else about them is checked yet. */
export interface BarRows extends Readonly<Record<BarColumn, Float64Array>> {
  readonly length: number;
  /** Line of the file each is from, the first being 1. */
  readonly row: Uint32Array;
  /** Rows of the file, with those that could not be read. */
  readonly rowsInFile: number;
  readonly notes: readonly string[];
}

const NEWLINE = 10;
const RETURN = 13;
const SPACE = 32;
const QUOTE = 34;
const PLUS = 43;
const MINUS = 45;
const POINT = 46;
const ZERO = 48;

/** 10^22 is the largest power of ten that a double holds exactly. */
const POWERS = Float64Array.from({ length: 23 }, (_, exponent) => Number(`1e${String(exponent)}`));
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const NON_FINITE = /^[+-]?(nan|inf|infinity)$/i;
const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf];
const HEAD_BYTES = 8192;

/**
 * Reads the rows; those that cannot be read are told to `flaws` and left out. Throws INVALID_INPUT, naming
 * `file`, where there are no columns of bars at all.
 */
export function readCsvRows(file: string, given: Buffer, flaws: FlawList): BarRows {
  const bytes = plain(file, given);
  const head = bytes.toString('utf8', 0, HEAD_BYTES).split(/\r?\n/);
  const layout = findLayout(file, head);
  return new RowReader(bytes, layout, flaws).read();
}

/** Without byte order mark, and without quotes around cells. Throws INVALID_INPUT for quotes that do not match. */
function plain(file: string, bytes: Buffer): Buffer {
  const marked = BYTE_ORDER_MARK.every((byte, index) => bytes[index] === byte);
  const text = marked ? bytes.subarray(BYTE_ORDER_MARK.length) : bytes;
  if (!text.includes(QUOTE)) return text;
  // Rare, and slow is good enough. A tab in the place of the delimiter: it is in no cell of a number.
  return Buffer.from(
    quotedRows(file, text)
      .map((row) => row.join('\t'))
      .join('\n'),
  );
}

function quotedRows(file: string, text: Buffer): string[][] {
  try {
    return parse(text, {
      delimiter: [',', ';', '\t'],
      relax_column_count: true,
      skip_empty_lines: false,
    });
  } catch (cause) {
    if (!(cause instanceof CsvError)) throw cause;
    throw new KeelError('INVALID_INPUT', `${file} is no CSV: ${cause.message}`, { cause });
  }
}

class RowReader {
  readonly #bytes: Buffer;
  readonly #end: number;
  readonly #layout: CsvLayout;
  readonly #delimiter: number;
  readonly #flaws: FlawList;
  readonly #notes: string[];
  #at = 0;
  #unit: TimeUnit | undefined;

  constructor(bytes: Buffer, layout: CsvLayout, flaws: FlawList) {
    this.#bytes = bytes;
    this.#end = bytes.length;
    this.#layout = layout;
    this.#delimiter = layout.delimiter.charCodeAt(0);
    this.#flaws = flaws;
    this.#notes = [...layout.notes];
  }

  read(): BarRows {
    const { targets, width, headLines } = this.#layout;
    for (let line = 0; line < headLines; line += 1) this.#skipLine();
    const capacity = this.#countLines();
    const column = (): Float64Array => new Float64Array(capacity);
    const columns: Record<BarColumn, Float64Array> = {
      ...{ openAt: column(), open: column(), high: column() },
      ...{ low: column(), close: column(), volume: column() },
    };
    const outputs = targets.map((target) => (target === null ? null : columns[target]));
    const row = new Uint32Array(capacity);
    let length = 0;
    let rowsInFile = 0;
    for (let line = headLines + 1; this.#at < this.#end; line += 1) {
      if (this.#atLineEnd()) {
        this.#skipLine();
        continue;
      }
      rowsInFile += 1;
      let readable = true;
      for (let index = 0; index < width; index += 1) {
        const output = outputs[index];
        if (output === null || output === undefined) this.#skipCell();
        else if (readable) {
          const value =
            output === columns.openAt
              ? this.#time(line)
              : this.#number(line, targets[index] ?? 'volume');
          if (value === undefined) readable = false;
          else output[length] = value;
        } else this.#skipCell();
        if (index < width - 1 && !this.#passDelimiter()) {
          this.#tellColumns(line, index + 1);
          readable = false;
          break;
        }
      }
      if (!this.#atLineEnd()) {
        this.#tellColumns(line, width + this.#restOfCells());
        readable = false;
      }
      this.#skipLine();
      row[length] = line;
      if (readable) length += 1;
    }
    const cut = Object.fromEntries(
      BAR_COLUMNS.map((name) => [name, columns[name].subarray(0, length)]),
    ) as Record<BarColumn, Float64Array>;
    return { ...cut, length, row: row.subarray(0, length), rowsInFile, notes: this.#notes };
  }

  #countLines(): number {
    let lines = 1;
    for (let at = this.#bytes.indexOf(NEWLINE, this.#at); at >= 0; lines += 1) {
      at = this.#bytes.indexOf(NEWLINE, at + 1);
    }
    return lines;
  }

  #atLineEnd(): boolean {
    const byte = this.#bytes[this.#at];
    return byte === undefined || byte === NEWLINE || byte === RETURN;
  }

  #skipLine(): void {
    if (this.#bytes[this.#at] === RETURN) this.#at += 1;
    if (this.#bytes[this.#at] === NEWLINE) {
      this.#at += 1;
      return;
    }
    const next = this.#bytes.indexOf(NEWLINE, this.#at);
    this.#at = next < 0 ? this.#end : next + 1;
  }

  #skipCell(): void {
    while (!this.#atLineEnd() && this.#bytes[this.#at] !== this.#delimiter) this.#at += 1;
  }

  #passDelimiter(): boolean {
    if (this.#bytes[this.#at] !== this.#delimiter) return false;
    this.#at += 1;
    return true;
  }

  #restOfCells(): number {
    let cells = 0;
    while (this.#passDelimiter()) {
      cells += 1;
      this.#skipCell();
    }
    return cells;
  }

  #tellColumns(line: number, found: number): void {
    const { width } = this.#layout;
    this.#flaws.add('columns', line, null, () => `${String(found)} columns, not ${String(width)}`);
  }

  /**
   * The number in the cell, exactly as `Number` reads it: digits as an integer under 2^53 divided by a power of
   * ten up to 10^22 is correctly rounded, both being exact (W. D. Clinger, "How to read floating point numbers
   * accurately", PLDI 1990). Undefined, and the cursor where the cell begins, for what is not written so.
   */
  #plainNumber(): number | undefined {
    const bytes = this.#bytes;
    const begin = this.#at;
    let at = begin;
    const negative = bytes[at] === MINUS;
    if (negative) at += 1;
    let mantissa = 0;
    let digits = 0;
    let decimals = -1;
    let byte = bytes[at];
    for (; byte !== undefined; byte = bytes[at]) {
      const digit = byte - ZERO;
      if (digit >= 0 && digit <= 9) {
        mantissa = mantissa * 10 + digit;
        digits += 1;
        if (decimals >= 0) decimals += 1;
      } else if (byte === POINT && decimals < 0) decimals = 0;
      else break;
      at += 1;
    }
    const ended =
      byte === undefined || byte === this.#delimiter || byte === NEWLINE || byte === RETURN;
    if (!ended || digits === 0 || mantissa > Number.MAX_SAFE_INTEGER || decimals > 22) {
      return undefined;
    }
    this.#at = at;
    const value = decimals > 0 ? mantissa / (POWERS[decimals] ?? 1) : mantissa;
    return negative ? -value : value;
  }

  #text(): string {
    const begin = this.#at;
    this.#skipCell();
    return this.#bytes.toString('utf8', begin, this.#at).trim();
  }

  #number(line: number, column: BarColumn): number | undefined {
    const plainValue = this.#plainNumber();
    if (plainValue !== undefined) return plainValue;
    const text = this.#text();
    if (NUMBER.test(text)) return Number(text);
    const kind = text === '' ? 'empty' : NON_FINITE.test(text) ? 'non-finite' : 'number';
    this.#flaws.add(kind, line, null, () =>
      kind === 'empty' ? `${column} is empty` : `${column} is "${text.slice(0, 40)}"`,
    );
    return undefined;
  }

  /** Milliseconds UTC. */
  #time(line: number): number | undefined {
    const begin = this.#at;
    const first = this.#bytes[begin];
    const numeric = first !== SPACE && first !== PLUS ? this.#plainNumber() : undefined;
    const text = numeric === undefined ? this.#text() : '';
    const value = numeric ?? (NUMBER.test(text) ? Number(text) : undefined);
    const unit = value === undefined ? 'dates' : unitOf(value);
    const at =
      value === undefined || unit === undefined || unit === 'dates'
        ? parseIsoTime(text)
        : milliseconds(value, unit);
    if (unit === undefined || Number.isNaN(at)) {
      const shown = value === undefined ? text.slice(0, 40) : String(value);
      this.#flaws.add('time', line, null, () =>
        shown === ''
          ? 'the time is empty'
          : `"${shown}" is no time: write seconds, milliseconds or microseconds since 1970, or an ISO date`,
      );
      return undefined;
    }
    if (this.#unit === undefined) this.#firstUnit(unit);
    else if (unit !== this.#unit) {
      const before = this.#unit;
      this.#flaws.add('mixed-units', line, at, () => `time in ${unit}, before it in ${before}`);
      return undefined;
    }
    return at;
  }

  #firstUnit(unit: TimeUnit): void {
    this.#unit = unit;
    if (unit === 'milliseconds') return;
    const { timeName } = this.#layout;
    const column = timeName === null ? 'times' : timeName;
    this.#notes.push(
      unit === 'dates'
        ? `${column}: dates, UTC where no zone is given`
        : `${column}: ${unit} by their size`,
    );
  }
}
