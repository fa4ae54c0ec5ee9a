/** The options that all commands have which run backtests, and the run that they describe. */
import { Option, type Command } from 'commander';
import { interval as intervals } from '../../core/time.ts';
import { registerOwnStrategies } from '../../strategies/own-strategies.ts';
import { defaultRegistry } from '../../strategies/registry.ts';
import type { Session } from '../session.ts';
import { openBacktest } from './open-backtest.ts';
import type { OpenedRun } from './open-study.ts';
import { readSettings } from './parameters.ts';
import { readRunOptions, RUN_OPTION_NAMES, type RunOptions } from './run-options.ts';

/** A command's options as commander hands them out. */
export interface GivenOptions extends Readonly<Record<string, unknown>> {
  readonly config?: string;
  readonly set?: readonly string[];
}

export function pathOption(command: Command): Command {
  return command.option(
    '--strategy-path <path...>',
    'a file with your own strategies, or a folder of such files',
  );
}

/** What run, on which data, at what costs. */
export function runOptions(command: Command): Command {
  return pathOption(command)
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
    .option('--max-orders-per-day <n>', 'limit of orders a day');
}

/** The run that the command line and its `--config` file describe. Throws as `readRunOptions`. */
export function givenRun(options: GivenOptions): RunOptions {
  return readRunOptions(given(options), options.config);
}

/** Reads strategies and bars. Throws as `readRunOptions` and `openBacktest`. */
export async function openRun({ io }: Session, options: GivenOptions): Promise<OpenedRun> {
  const run = givenRun(options);
  const registry = await registerOwnStrategies(defaultRegistry(), run.strategyPath ?? []);
  io.progress?.('reading bars');
  const input = openBacktest(io, run, registry);
  const bars = input.series.reduce((sum, { length }) => sum + length, 0);
  io.progress?.(`${input.strategyType} over ${String(bars)} bars`);
  return { run, registry, input };
}

/** The run's options among the command's. */
function given({ set = [], ...options }: GivenOptions): Record<string, unknown> {
  const named = RUN_OPTION_NAMES.filter((name) => options[name] !== undefined);
  return {
    ...Object.fromEntries(named.map((name) => [name, options[name]])),
    ...(options['symbol'] === undefined ? {} : { pairs: options['symbol'] }),
    ...(set.length === 0 ? {} : { parameters: readSettings(set) }),
  };
}
