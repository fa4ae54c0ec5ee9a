/** keel backtest, report */
import { Option, type Command } from 'commander';
import { runBacktest } from '../../backtest/engine.ts';
import { summarise } from '../../backtest/metrics.ts';
import type { Period } from '../../backtest/metrics/returns.ts';
import { renderConsole } from '../../backtest/report/console.ts';
import { toJson } from '../../backtest/report/json.ts';
import { interval as intervals } from '../../core/time.ts';
import { registerOwnStrategies } from '../../strategies/own-strategies.ts';
import { defaultRegistry } from '../../strategies/registry.ts';
import { exportReport, readReport, writePage, type Report } from '../backtest/files.ts';
import { openBacktest } from '../backtest/open-backtest.ts';
import { readSettings } from '../backtest/parameters.ts';
import { readRunOptions, RUN_OPTION_NAMES } from '../backtest/run-options.ts';
import type { Session } from '../session.ts';
import { pathOption } from './strategy.ts';

const PERIODS: readonly Period[] = ['day', 'week', 'month', 'year'];

interface ReportOptions {
  readonly html?: string;
  readonly breakdown: readonly Period[];
}

interface BacktestOptions extends ReportOptions, Readonly<Record<string, unknown>> {
  readonly config?: string;
  readonly set?: readonly string[];
  readonly export?: string;
}

const EXAMPLES = `
Examples:
  keel backtest --data data/BTCUSDT-binance-spot-1m-2024-12.csv.gz -s sma-cross --set fast=20 --set slow=50
  keel backtest -s turtle -p BTC/USDT -i 1h --timerange 20240101-20240701 --fee 0.001 --slippage-bps 2
  keel backtest -s my-idea --strategy-path ~/strategies --data bars.csv --symbol BTC/USDT --export out
  keel backtest -c run.yaml --json > result.json`;

export function addBacktestCommands(program: Command, session: Session): void {
  const command = pathOption(program.command('backtest'))
    .description('run a strategy over recorded bars; needs no running house')
    .option(
      '-c, --config <file>',
      'options and parameters as YAML or JSON; the command line goes before it',
    )
    .option('-s, --strategy <name>', '`keel strategy list` has them')
    .option('--set <key=value...>', 'a parameter; `keel strategy show NAME` has them')
    .option(
      '--data <file...>',
      'bars, .csv or .csv.gz; one file a symbol, or SYMBOL=FILE; else the library',
    )
    .option('--data-dir <folder>', "the library's folder; else KEEL_DATA_DIR or yours")
    .option('-p, --pairs <symbol...>', 'which of the library; with --data: of what the files are')
    .option('--symbol <symbol>', 'the same, of one')
    .option('--exchange <name>', 'where several have the symbol, or the file does not say')
    .addOption(
      new Option('-i, --interval <interval>', "the strategy's bars; longer ones are built").choices(
        intervals.options,
      ),
    )
    .option('--timerange <range>', 'such as 20240101-20240201, the end not included; else all')
    .option('--wallet <amount>', 'quote at the start (10000)')
    .option(
      '--fee <rate>',
      'of each fill, maker and taker: 0.001 is 0.1 % (0.001, perpetuals 0.0005)',
    )
    .option(
      '--fee-in <asset>',
      '`quote`, `received` as Binance spot, or an asset such as BNB (quote)',
    )
    .option('--fee-asset-price <price>', 'of that asset in quote')
    .option('--slippage-bps <n>', 'what a market order loses, hundredths of a per cent (0)')
    .option('--volume-share <share>', "most of a bar's volume that an order may take (no bound)")
    .option('--latency-bars <n>', 'bars from signal to venue (0: the next open)')
    .option(
      '--detail <interval|file...>',
      "shorter bars for a bar's inside: 1m of the library, or files",
    )
    .option('--leverage <n>', 'of perpetuals (1)')
    .option('--funding <file...>', 'rates of perpetuals: timestamp_ms,funding_rate; or SYMBOL=FILE')
    .option('--tick <size>', "of prices; else the finest place of the data's")
    .option('--step <size>', 'of quantities (0.00000001)')
    .option('--min-notional <amount>', 'smallest order in quote (0)')
    .option('--max-position <amount>', 'largest position in base')
    .option('--max-order-notional <amount>', 'limit of an order in quote')
    .option('--max-orders-per-day <n>', 'limit of orders a day')
    .option(
      '--export <folder>',
      'result.json, report.html, and trades, fills, orders, equity as CSV',
    )
    .addHelpText('after', EXAMPLES);
  reportOptions(command).action(async (options: BacktestOptions) => {
    const run = readRunOptions(given(options), options.config);
    const registry = await registerOwnStrategies(defaultRegistry(), run.strategyPath ?? []);
    const progress = (what: string): void => session.io.progress?.(what);
    progress('reading bars');
    const input = openBacktest(session.io, run, registry);
    const bars = input.series.reduce((sum, { length }) => sum + length, 0);
    progress(`${input.strategyType} over ${String(bars)} bars`);
    const result = runBacktest(input);
    progress('reckoning the figures');
    const report = { result, summary: summarise(result), bars: input.series };
    if (options.export !== undefined) tellFiles(session, exportReport(options.export, report));
    progress('');
    tell(session, report, options);
  });

  reportOptions(program.command('report'))
    .description('print a stored backtest again, or make its page')
    .argument('<file>', 'result.json of `keel backtest --export`, or what --json printed')
    .addHelpText('after', '\nExample:\n  keel report out/result.json --html out/report.html')
    .action((file: string, options: ReportOptions) => {
      tell(session, readReport(file), options);
    });
}

function reportOptions(command: Command): Command {
  return command
    .option('--html <file>', 'the report as one page')
    .addOption(
      new Option('--breakdown <period...>', 'tables by period').choices(PERIODS).default(['month']),
    );
}

function tell(session: Session, report: Report, { html, breakdown }: ReportOptions): void {
  const { result, summary } = report;
  if (html !== undefined) tellFiles(session, [writePage(html, report)]);
  session.print(toJson(result, summary), () =>
    renderConsole(result, summary, { periods: breakdown }).trimEnd(),
  );
}

/** Not on standard output, which is the report's. */
function tellFiles({ io }: Session, files: readonly string[]): void {
  for (const file of files) io.err(`wrote ${file}`);
}

/** The run's options among the command's. */
function given({ set = [], ...options }: BacktestOptions): Record<string, unknown> {
  const named = RUN_OPTION_NAMES.filter((name) => options[name] !== undefined);
  return {
    ...Object.fromEntries(named.map((name) => [name, options[name]])),
    ...(options['symbol'] === undefined ? {} : { pairs: options['symbol'] }),
    ...(set.length === 0 ? {} : { parameters: readSettings(set) }),
  };
}
