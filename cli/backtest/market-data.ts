/** The bars of a backtest, from files or the library, with what there is to say of them. */
import { describe, type BarLibrary, type LibraryEntry } from '../../adapters/bars/bar-library.ts';
import { readBarsCached } from '../../adapters/bars/bar-cache.ts';
import type { BarReport } from '../../adapters/bars/bar-report.ts';
import { labelOfFile } from '../../adapters/bars/file-label.ts';
import { seriesFrom } from '../../adapters/bars/read-bars.ts';
import type { BarSeries } from '../../core/bar-series.ts';
import { KeelError } from '../../core/errors.ts';
import { intervalMs, type Interval } from '../../core/time.ts';
import { cacheFolder } from '../../stack/folders.ts';
import { checkBarFile, openLibrary } from '../bar-files.ts';
import type { Io } from '../session.ts';
import { symbolAndFile, type RunOptions } from './run-options.ts';

export interface MarketData {
  readonly series: readonly BarSeries[];
  /** Flaws of files, for people. */
  readonly notices: readonly string[];
}

/** What the strategy's configuration says, for bars whose market nobody names. */
export interface Wanted {
  readonly exchange: string;
  readonly symbols: readonly string[];
  readonly interval: Interval;
}

/**
 * The bars that `--data` and `--pairs` mean. Throws INVALID_INPUT for files that are unfit or cannot be read, and
 * NOT_FOUND where the library has none.
 */
export function openMarketData(
  io: Pick<Io, 'environment'>,
  options: RunOptions,
  wanted: Wanted,
): MarketData {
  const library = openLibrary(io, options.dataDir);
  const { data } = options;
  if (data === undefined) {
    const symbols = options.pairs ?? wanted.symbols;
    const series = symbols.map((symbol) => {
      const entries = entriesOf(library, symbol, options.exchange);
      return library.read(entryFor(entries, library, symbol, wanted.interval));
    });
    return { series, notices: [] };
  }
  const read = data.map((text, index) => {
    const { symbol = options.pairs?.[index], file } = symbolAndFile(text);
    return readFile(io, library, file, { symbol, exchange: options.exchange }, wanted);
  });
  if (options.pairs !== undefined && options.pairs.length > data.length) {
    throw new KeelError(
      'INVALID_INPUT',
      `${String(options.pairs.length)} symbols for ${String(data.length)} files: --pairs names the files of --data in their order; ` +
        'leave --data out to take bars from the library',
    );
  }
  return {
    series: read.map(({ series }) => series),
    notices: read.flatMap(({ notices }) => notices),
  };
}

/** Shorter bars of the same symbols: an interval of the library, or files. Throws as `openMarketData`. */
export function openDetail(
  io: Pick<Io, 'environment'>,
  options: RunOptions,
  series: readonly BarSeries[],
): MarketData | undefined {
  const { detail } = options;
  if (detail === undefined) return undefined;
  const library = openLibrary(io, options.dataDir);
  const [only] = detail;
  const isInterval = detail.length === 1 && only !== undefined && /^\d+[mhd]$/.test(only);
  const notices: string[] = [];
  const found = isInterval
    ? series.map((one) => library.read({ ...one, interval: only as Interval }))
    : detail.map((text, index) => {
        const { symbol = series.length === 1 ? series[index]?.symbol : undefined, file } =
          symbolAndFile(text);
        const exchange = series[0]?.exchange;
        const read = readFile(io, library, file, { symbol, exchange }, undefined);
        notices.push(...read.notices);
        return read.series;
      });
  for (const one of found) {
    const base = series.find(({ symbol }) => symbol === one.symbol);
    if (base !== undefined && intervalMs(one.interval) < intervalMs(base.interval)) continue;
    const why =
      base === undefined
        ? `the backtest has no bars of ${one.symbol}`
        : `the backtest itself has bars of ${base.interval}: detail must be shorter`;
    throw new KeelError('INVALID_INPUT', `--detail with bars of ${describe(one)}: ${why}`);
  }
  return { series: found, notices };
}

function readFile(
  io: Pick<Io, 'environment'>,
  library: BarLibrary,
  file: string,
  named: { readonly symbol: string | undefined; readonly exchange: string | undefined },
  wanted: Wanted | undefined,
): { readonly series: BarSeries; readonly notices: readonly string[] } {
  const label = labelOfFile(file);
  const known = named.symbol ?? label.symbol;
  const symbol = known ?? wanted?.symbols[0];
  const exchange = named.exchange ?? label.exchange ?? wanted?.exchange;
  const terms = {
    ...(symbol === undefined ? {} : { symbol }),
    ...(exchange === undefined ? {} : { exchange }),
  };
  // A symbol that nobody named is no claim that could be held against the library.
  const bars =
    known === undefined
      ? readBarsCached(file, cacheFolder(io.environment), terms)
      : checkBarFile(io, file, library, terms);
  const notices = flawNotices(bars.report);
  if (known === undefined && symbol !== undefined) {
    notices.push(`${file} does not name its symbol: taken for ${symbol} (--symbol says otherwise)`);
  }
  if (label.symbol !== undefined && known !== label.symbol) {
    notices.push(`${file} is named for ${label.symbol}: taken for ${String(known)}, as you say`);
  }
  return { series: seriesFrom(bars), notices };
}

function flawNotices({ file, flaws, missing }: BarReport): string[] {
  if (flaws.length === 0) return [];
  const counts = flaws.map(
    ({ kind, count }) =>
      `${kind} ${String(count)}${kind === 'gap' ? ` (${String(missing)} bars missing)` : ''}`,
  );
  return [`${file} has flaws: ${counts.join(', ')}; \`keel data check\` tells where`];
}

function entriesOf(library: BarLibrary, symbol: string, exchange?: string): LibraryEntry[] {
  return library
    .list()
    .filter(
      (entry) => entry.symbol === symbol && (exchange === undefined || entry.exchange === exchange),
    );
}

/** Bars of that interval, else the longest of which it can be built. */
function entryFor(
  entries: readonly LibraryEntry[],
  library: BarLibrary,
  symbol: string,
  interval: Interval,
): LibraryEntry {
  const exchanges = [...new Set(entries.map((entry) => entry.exchange))];
  if (exchanges.length > 1) {
    throw new KeelError(
      'INVALID_INPUT',
      `the library has ${symbol} of ${exchanges.join(' and ')}: say which by --exchange`,
    );
  }
  const usable = entries.filter((entry) => intervalMs(entry.interval) <= intervalMs(interval));
  const best = usable.at(-1);
  if (best !== undefined) return best;
  const all = entries.length > 0 ? entries : library.list();
  const there = all.length === 0 ? 'it is empty' : `there are ${all.map(describe).join(', ')}`;
  throw new KeelError(
    'NOT_FOUND',
    `the library ${library.folder} has no bars of ${symbol} of ${interval} or shorter: ${there}. ` +
      'Give a file by --data, or `keel data import` one',
  );
}
