/** keel backtest, report */
import { join } from 'node:path';
import { Option, type Command } from 'commander';
import { runBacktest } from '../../backtest/engine.ts';
import { summarise } from '../../backtest/metrics.ts';
import type { Period } from '../../backtest/metrics/returns.ts';
import { renderConsole } from '../../backtest/report/console.ts';
import { toJson } from '../../backtest/report/json.ts';
import { openRun, runOptions, type GivenOptions } from '../backtest/command-options.ts';
import {
  checkPlace,
  exportReport,
  readReport,
  tellFiles,
  writePage,
  type Report,
} from '../backtest/files.ts';
import type { Session } from '../session.ts';

const PERIODS: readonly Period[] = ['day', 'week', 'month', 'year'];

interface ReportOptions {
  readonly html?: string;
  readonly breakdown: readonly Period[];
}

interface BacktestOptions extends ReportOptions, GivenOptions {
  readonly export?: string;
}

const EXAMPLES = `
Examples:
  keel backtest --data data/BTCUSDT-binance-spot-1m-2024-12.csv.gz -s sma-cross --set fast=20 --set slow=50
  keel backtest -s turtle -p BTC/USDT -i 1h --timerange 20240101-20240701 --fee 0.001 --slippage-bps 2
  keel backtest -s my-idea --strategy-path ~/strategies --data bars.csv --symbol BTC/USDT --export out
  keel backtest -c run.yaml --json > result.json`;

export function addBacktestCommands(program: Command, session: Session): void {
  const command = runOptions(program.command('backtest'))
    .description('run a strategy over recorded bars; needs no running house')
    .option(
      '--export <folder>',
      'result.json, report.html, and trades, fills, orders, equity as CSV',
    )
    .addHelpText('after', EXAMPLES);
  reportOptions(command).action(async (options: BacktestOptions) => {
    if (options.export !== undefined) checkPlace(join(options.export, 'result.json'));
    if (options.html !== undefined) checkPlace(options.html);
    const { input } = await openRun(session, options);
    const progress = (what: string): void => session.io.progress?.(what);
    const result = runBacktest(input);
    progress('reckoning the figures');
    const report = { result, summary: summarise(result), bars: input.series };
    if (options.export !== undefined) tellFiles(session.io, exportReport(options.export, report));
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
  session.print(toJson(result, summary), () =>
    renderConsole(result, summary, { periods: breakdown, width: session.width }).trimEnd(),
  );
  if (html !== undefined) tellFiles(session.io, [writePage(html, report)]);
}
