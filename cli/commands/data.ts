/** keel data check, import, pull, list, export */
import { existsSync } from 'node:fs';
import { InvalidArgumentError, Option, type Command } from 'commander';
import { describe, type BarLibrary, type LibraryEntry } from '../../adapters/bars/bar-library.ts';
import { ACCEPTABLE, FLAW_KINDS, type FlawKind } from '../../adapters/bars/bar-report.ts';
import { fileNameOf } from '../../adapters/bars/file-label.ts';
import { seriesFrom } from '../../adapters/bars/read-bars.ts';
import { writeCsv } from '../../adapters/bars/write-csv.ts';
import { loadConfig } from '../../config/load.ts';
import { sliceSeries, type BarSeries } from '../../core/bar-series.ts';
import { KeelError } from '../../core/errors.ts';
import { symbol as unifiedSymbol } from '../../core/symbol.ts';
import {
  formatTimeRange,
  parseTimeRange,
  rangeWithin,
  type TimeRange,
} from '../../core/time-range.ts';
import { interval as intervals, type Interval } from '../../core/time.ts';
import { CliError, EXIT } from '../api-client.ts';
import { checkBarFile, describeReport, openLibrary } from '../bar-files.ts';
import { readStoredSeries } from '../stored-bars.ts';
import type { Session } from '../session.ts';
import { table, time } from '../tables.ts';

interface FileOptions {
  readonly symbol?: string;
  readonly exchange?: string;
  readonly interval?: Interval;
  readonly accept?: readonly FlawKind[];
  readonly dataDir?: string;
}

interface PullOptions extends Pick<FileOptions, 'dataDir'> {
  readonly exchange: string;
  readonly interval: Interval;
  readonly timerange?: TimeRange;
}

interface ExportOptions extends Omit<FileOptions, 'symbol' | 'accept'> {
  readonly timerange?: TimeRange;
  readonly format: 'csv' | 'csv.gz';
  readonly out?: string;
}

export function addDataCommands(program: Command, session: Session): void {
  const data = program
    .command('data')
    .description('bars for backtests: read, check, keep, write out');

  fileOptions(data.command('check'))
    .description('tell every flaw of files of bars; exit code 1 where one is unfit')
    .argument('<files...>', '.csv or .csv.gz')
    .option('--against <file>', 'bars known to be right: tells labels that are off')
    .action((files: string[], { dataDir, ...options }: FileOptions & { against?: string }) => {
      const library = openLibrary(session.io, dataDir);
      const reports = files.map((file) => checkBarFile(session.io, file, library, options).report);
      session.print({ reports }, () => reports.map(describeReport).join('\n\n'));
      if (reports.some((report) => !report.fit)) session.findingsFail();
    });

  fileOptions(data.command('import'))
    .description('put the bars of files into the library; unfit ones are refused, all together')
    .argument('<files...>', '.csv or .csv.gz')
    .action((files: string[], { dataDir, ...options }: FileOptions) => {
      const library = openLibrary(session.io, dataDir);
      const read = (file: string) => checkBarFile(session.io, file, library, options);
      // All are looked at before the first is kept. They are read twice rather than held: the cache has them.
      for (const file of files) seriesFrom(read(file));
      const imported = files.map((file) => {
        const bars = read(file);
        return { file, report: bars.report, ...add(library, seriesFrom(bars), file) };
      });
      session.print({ folder: library.folder, imported }, () =>
        imported
          .map(({ file, added, entry, report }) => {
            const flaws = report.flaws.map(({ kind, count }) => `${kind} ${String(count)}`);
            return (
              `${file}: ${String(added)} of ${String(report.bars)} bars are new; ` +
              `${describe(entry)} has ${String(entry.bars)}, ${time(entry.from)} to ${time(entry.to)}` +
              (flaws.length === 0 ? '' : `\n  flaws: ${flaws.join(', ')} (keel data check)`)
            );
          })
          .join('\n'),
      );
    });

  dataDirOption(data.command('pull'))
    .description("put bars that Keel's collector stored into the library")
    .argument('<symbol>', 'such as BTC/USDT', symbolArgument)
    .requiredOption('--exchange <name>', 'such as binance')
    .addOption(intervalOption('of the bars').default('1m' as const))
    .option('--timerange <range>', 'such as 20240101-20240201; else all', timeRangeArgument)
    .action(async (symbol: string, options: PullOptions) => {
      const { dataDir, exchange, interval, timerange } = options;
      const library = openLibrary(session.io, dataDir);
      const key = { exchange, symbol, interval };
      const series = await readStoredSeries(loadConfig().postgresUrl, key, timerange);
      const pulled = { bars: series.length, ...add(library, series, 'database') };
      session.print(
        { folder: library.folder, ...pulled },
        ({ added, bars, entry }) =>
          `${String(added)} of ${String(bars)} bars are new; ${describe(entry)} has ` +
          `${String(entry.bars)}, ${time(entry.from)} to ${time(entry.to)}`,
      );
    });

  dataDirOption(data.command('list'))
    .description('the series in the library')
    .action(({ dataDir }: Pick<FileOptions, 'dataDir'>) => {
      const library = openLibrary(session.io, dataDir);
      const series = library.list();
      session.print({ folder: library.folder, series }, () =>
        table(
          ['exchange', 'symbol', 'interval', 'bars', 'missing', 'from', 'to', 'files'],
          series.map((entry) => [
            ...[entry.exchange, entry.symbol, entry.interval, entry.bars, entry.missing],
            ...[time(entry.from), time(entry.to), entry.sources.length],
          ]),
        ),
      );
    });

  dataDirOption(data.command('export'))
    .description('write bars of the library to a file')
    .argument('<symbol>', 'such as BTC/USDT', symbolArgument)
    .option('--exchange <name>', 'where several have the symbol')
    .addOption(intervalOption('where it is kept in several'))
    .option('--timerange <range>', 'such as 20240101-20240201; else all', timeRangeArgument)
    .addOption(
      new Option('--format <format>', 'of the file').choices(['csv', 'csv.gz']).default('csv.gz'),
    )
    .option('--out <file>', 'where to; else named for what it holds, here')
    .action((symbol: string, options: ExportOptions) => {
      const { dataDir, timerange, format } = options;
      const library = openLibrary(session.io, dataDir);
      const entry = onlyEntry(library, symbol, options);
      const range =
        timerange === undefined ? entry : rangeWithin(timerange, entry, describe(entry));
      const series = sliceSeries(library.read(entry), range.from, range.to);
      if (series.length === 0) {
        throw new KeelError('INVALID_INPUT', `${describe(entry)} has no bars in that time: a gap`);
      }
      const span = timerange === undefined ? '' : `-${formatTimeRange(timerange)}`;
      const file = options.out ?? `${fileNameOf(entry)}${span}.${format}`;
      if (existsSync(file)) {
        throw new CliError(
          EXIT.conflict,
          'CONFLICT',
          `${file} is there already: give another --out`,
        );
      }
      writeCsv(file, series);
      const written = { file, bars: series.length, from: range.from, to: range.to };
      session.print(
        written,
        () => `${file}: ${String(series.length)} bars, ${time(range.from)} to ${time(range.to)}`,
      );
    });
}

function fileOptions(command: Command): Command {
  const repairs = ACCEPTABLE.map((kind) => `${kind} (${FLAW_KINDS[kind].repair ?? ''})`).join(', ');
  return dataDirOption(command)
    .option('--symbol <symbol>', "such as BTC/USDT; else from the file's name", symbolArgument)
    .option('--exchange <name>', "such as binance; else from the file's name")
    .addOption(intervalOption("else from the file's name or its rows"))
    .option('--accept <flaws>', `repair these instead of refusing: ${repairs}`, flawsArgument);
}

function dataDirOption(command: Command): Command {
  return command.option('--data-dir <folder>', "the library's folder; else KEEL_DATA_DIR or yours");
}

function intervalOption(what: string): Option {
  return new Option('--interval <interval>', what).choices(intervals.options);
}

function symbolArgument(text: string): string {
  const parsed = unifiedSymbol.safeParse(text);
  if (parsed.success) return parsed.data;
  throw new InvalidArgumentError('expected a symbol such as BTC/USDT or BTC/USDT:USDT');
}

function flawsArgument(text: string): FlawKind[] {
  return text.split(',').map((name) => {
    const kind = ACCEPTABLE.find((known) => known === name.trim());
    if (kind !== undefined) return kind;
    throw new InvalidArgumentError(`"${name}" cannot be accepted, only ${ACCEPTABLE.join(', ')}`);
  });
}

function timeRangeArgument(text: string): TimeRange {
  try {
    return parseTimeRange(text);
  } catch (error) {
    if (error instanceof KeelError) throw new InvalidArgumentError(error.message);
    throw error;
  }
}

/** Bars that differ from those there are a conflict for a script too. */
function add(
  library: BarLibrary,
  series: BarSeries,
  source: string,
): ReturnType<BarLibrary['add']> {
  try {
    return library.add(series, source);
  } catch (error) {
    if (!(error instanceof KeelError) || error.code !== 'CONFLICT') throw error;
    throw new CliError(EXIT.conflict, error.code, error.message, error);
  }
}

/** The one series that is meant. Throws NOT_FOUND or INVALID_INPUT, naming those there are. */
function onlyEntry(
  library: BarLibrary,
  symbol: string,
  { exchange, interval }: Pick<FileOptions, 'exchange' | 'interval'>,
): LibraryEntry {
  const all = library.list();
  const [first, ...more] = all.filter(
    (entry) =>
      entry.symbol === symbol &&
      (exchange === undefined || entry.exchange === exchange) &&
      (interval === undefined || entry.interval === interval),
  );
  if (first === undefined) {
    const there = all.length === 0 ? 'it is empty' : `there are ${all.map(describe).join(', ')}`;
    throw new CliError(
      EXIT.notFound,
      'NOT_FOUND',
      `no such bars of ${symbol} in ${library.folder}: ${there}`,
    );
  }
  if (more.length > 0) {
    throw new KeelError(
      'INVALID_INPUT',
      `there are ${[first, ...more].map(describe).join(', ')}: say which by --exchange and --interval`,
    );
  }
  return first;
}
