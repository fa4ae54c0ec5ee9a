/** The bars kept on this machine: one file a market and interval, `<folder>/<exchange>/<BTC-USDT>-<1m>.bars`. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import {
  BAR_COLUMNS,
  type BarColumn,
  type BarSeries,
  type SeriesKey,
} from '../../core/bar-series.ts';
import { KeelError } from '../../core/errors.ts';
import { intervalMs } from '../../core/time.ts';
import { readBarFileHeader, readStoredBars, writeBarFile } from './bar-file.ts';

/** What the library says of a series without reading it. */
export interface LibraryEntry extends SeriesKey {
  readonly bars: number;
  /** Bars missing between the first and the last. */
  readonly missing: number;
  /** Open of the first bar and close of the last, ms UTC. */
  readonly from: number;
  readonly to: number;
  /** Names of the files the bars came from, oldest import first. */
  readonly sources: readonly string[];
}

const EXCHANGE = /^[a-z0-9][a-z0-9-]*$/;
const ENDING = '.bars';

export class BarLibrary {
  readonly folder: string;

  /** @param folder need not be there */
  constructor(folder: string) {
    this.folder = folder;
  }

  /** All series, by exchange, symbol and length. Throws INVALID_INPUT for a damaged file. */
  list(): LibraryEntry[] {
    return folders(this.folder)
      .flatMap((exchange) =>
        files(join(this.folder, exchange)).map((file) =>
          entryOf(join(this.folder, exchange, file)),
        ),
      )
      .sort(
        (a, b) =>
          a.exchange.localeCompare(b.exchange) ||
          a.symbol.localeCompare(b.symbol) ||
          intervalMs(a.interval) - intervalMs(b.interval),
      );
  }

  has(key: SeriesKey): boolean {
    return existsSync(this.#file(key));
  }

  /** Throws NOT_FOUND, naming what there is, and INVALID_INPUT for a damaged file. */
  read(key: SeriesKey): BarSeries {
    if (!this.has(key)) {
      const there = this.list().map(describe);
      throw new KeelError(
        'NOT_FOUND',
        `no bars of ${describe(key)} in ${this.folder}: ${there.length === 0 ? 'it is empty' : `there are ${there.join(', ')}`}. \`keel data import\` adds some`,
      );
    }
    return readStoredBars(this.#file(key)).series;
  }

  /**
   * Puts bars to those that are there. Bars that are there already must be equal: throws CONFLICT, naming the
   * first that are not, and changes nothing. `source` is remembered with them.
   */
  add(series: BarSeries, source: string): { readonly added: number; readonly entry: LibraryEntry } {
    const file = this.#file(series);
    const stored = this.has(series) ? readStoredBars(file) : undefined;
    const merged = stored === undefined ? series : merge(stored.series, series);
    const added = merged.length - (stored?.series.length ?? 0);
    if (added > 0) {
      const before = stored === undefined ? [] : sourcesIn(stored.header.note);
      writeBarFile(file, merged, {
        sources: [...before.filter((name) => name !== source), source],
      });
    }
    return { added, entry: entryOf(file) };
  }

  #file({ exchange, symbol, interval }: SeriesKey): string {
    if (!EXCHANGE.test(exchange)) {
      throw new KeelError(
        'INVALID_INPUT',
        `"${exchange}" is no name of an exchange: small letters, digits and "-", such as binance-usdm`,
      );
    }
    return join(this.folder, exchange, `${symbol.replaceAll(/[/:]/g, '-')}-${interval}${ENDING}`);
  }
}

/** `binance BTC/USDT 1m` */
export function describe({ exchange, symbol, interval }: SeriesKey): string {
  return `${exchange} ${symbol} ${interval}`;
}

function folders(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name);
}

function files(folder: string): string[] {
  return readdirSync(folder).filter((name) => name.endsWith(ENDING));
}

function entryOf(file: string): LibraryEntry {
  const { exchange, symbol, interval, length, from, to, note } = readBarFileHeader(file);
  return {
    ...{ exchange, symbol, interval, bars: length, from, to },
    missing: (to - from) / intervalMs(interval) - length,
    sources: sourcesIn(note),
  };
}

function sourcesIn(note: unknown): readonly string[] {
  const sources =
    typeof note === 'object' && note !== null && 'sources' in note ? note.sources : undefined;
  return Array.isArray(sources) ? sources.map(String) : [];
}

/** Both in order of time. Throws CONFLICT where they have different bars of one time. */
function merge(a: BarSeries, b: BarSeries): BarSeries {
  const capacity = a.length + b.length;
  const columns = Object.fromEntries(
    BAR_COLUMNS.map((name) => [name, new Float64Array(capacity)]),
  ) as Record<BarColumn, Float64Array>;
  const conflicts: string[] = [];
  let length = 0;
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    const left = a.openAt[i] ?? Infinity;
    const right = b.openAt[j] ?? Infinity;
    const [from, at] = left <= right ? [a, i] : [b, j];
    for (const name of BAR_COLUMNS) columns[name][length] = from[name][at] ?? 0;
    if (left === right) {
      const off = BAR_COLUMNS.find((name) => a[name][i] !== b[name][j]);
      if (off !== undefined) {
        conflicts.push(
          `${new Date(left).toISOString()}: ${off} ${String(a[off][i])} here, ${String(b[off][j])} given`,
        );
      }
    }
    if (left <= right) i += 1;
    if (right <= left) j += 1;
    length += 1;
  }
  if (conflicts.length > 0) {
    throw new KeelError(
      'CONFLICT',
      `${String(conflicts.length)} bars differ from those of ${describe(a)} that are there: ${conflicts.slice(0, 3).join('; ')}. Nothing is changed; delete the file of that series if it is the wrong one`,
    );
  }
  const cut = (name: BarColumn): Float64Array => columns[name].subarray(0, length);
  return {
    ...{ exchange: a.exchange, symbol: a.symbol, interval: a.interval, length },
    ...{ openAt: cut('openAt'), open: cut('open'), high: cut('high') },
    ...{ low: cut('low'), close: cut('close'), volume: cut('volume') },
  };
}
