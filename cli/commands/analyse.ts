/** keel lookahead, warm-up, monte-carlo */
import type { Command } from 'commander';
import { findLookahead, type Lookahead } from '../../backtest/analysis/lookahead.ts';
import { analyseWarmUp, declaredWarmUp, type WarmUp } from '../../backtest/analysis/warm-up.ts';
import { runBacktest } from '../../backtest/engine.ts';
import { dailyReturns } from '../../backtest/metrics/returns.ts';
import {
  monteCarlo,
  resamplings,
  tradeReturnsOnEquity,
  type MonteCarlo,
} from '../../backtest/monte-carlo.ts';
import { RunPool } from '../../backtest/optimise/run-pool.ts';
import { spanOf } from '../../backtest/optimise/spans.ts';
import type { AskedSignal } from '../../backtest/optimise/study.ts';
import { luckOfTrades } from '../../backtest/optimise/luck.ts';
import { drawTable } from '../../backtest/report/console.ts';
import { NOT_AVAILABLE, percent, plain } from '../../backtest/report/format.ts';
import type { BacktestResult } from '../../backtest/result.ts';
import { openRun, runOptions, type GivenOptions } from '../backtest/command-options.ts';
import { readReport } from '../backtest/files.ts';
import { studyOf } from '../backtest/open-study.ts';
import type { Session } from '../session.ts';
import { table, time } from '../tables.ts';
import { number } from './optimise.ts';

export function addAnalysisCommands(program: Command, session: Session): void {
  runOptions(program.command('lookahead'))
    .description(
      'ask for signals again on data that ends there; exit code 1 where one is not the same',
    )
    .option('--signals <n>', 'how many, spread over the run', number, 20)
    .addHelpText(
      'after',
      '\nExample:\n  keel lookahead --data data/BTCUSDT-binance-1m-2024-12-10.csv -s my-idea --strategy-path ~/strategies',
    )
    .action(async (options: GivenOptions & { readonly signals: number }) => {
      const study = studyOf(await openRun(session, options));
      const found = await findLookahead(study, options.signals, {}, (done, total) =>
        session.io.progress?.('signals', done, total),
      );
      session.io.progress?.('');
      session.print(found, describeLookahead);
      // Nothing was shown of a strategy that asked for nothing.
      if (found.biased.length > 0 || found.checked === 0) session.findingsFail();
    });

  runOptions(program.command('warm-up'))
    .description(
      'how much signals and equity depend on the number of bars before the first traded one',
    )
    .option('--lengths <bars...>', 'else what the strategy asks for × 1, 2, 4, 8, 16', numbers)
    .addHelpText(
      'after',
      '\nTrades the time range, else the last third of the data; all bars before are what it is held against.\n' +
        'Example:\n  keel warm-up --data data/BTCUSDT-binance-spot-1m-2024-12.csv.gz -s macd --timerange 20241220-',
    )
    .action(async (options: GivenOptions & { readonly lengths?: readonly number[] }) => {
      const opened = await openRun(session, options);
      const study = studyOf(opened);
      const span = spanOf(study.input);
      const from =
        study.input.from === undefined
          ? Math.round(span.to - (span.to - span.from) / 3)
          : span.from;
      const declared = declaredWarmUp(opened.input.strategy, study);
      const pool = new RunPool(study);
      try {
        const found = await analyseWarmUp(
          pool,
          study,
          { from, to: span.to },
          declared,
          options.lengths,
        );
        session.io.progress?.('');
        session.print(found, describeWarmUp);
      } finally {
        await pool.close();
      }
    });

  runOptions(program.command('monte-carlo'))
    .description(
      'what else might have come out: trades in another order, trades and days drawn again',
    )
    .argument('[file]', 'result.json of `keel backtest --export`; else a fresh run')
    .option('--runs <n>', 'simulated paths a method', number, 1000)
    .option('--seed <n>', 'the same seed gives the same paths', number, 1)
    .option('--block-length <n>', 'mean days of a block; else the cube root of the days', number)
    .addHelpText(
      'after',
      '\nExamples:\n  keel monte-carlo out/result.json --runs 5000\n' +
        '  keel monte-carlo --data data/BTCUSDT-binance-spot-1m-2024-12.csv.gz -s sma-cross --json',
    )
    .action(async (file: string | undefined, options: MonteCarloCommand) => {
      const result =
        file === undefined
          ? runBacktest((await openRun(session, options)).input)
          : readReport(file).result;
      session.io.progress?.('');
      const simulated = simulate(result, options);
      const luckPValue = luckOfTrades(result, options.seed);
      session.print({ quote: result.run.quote, simulated, luckPValue }, () =>
        describeMonteCarlo(result, simulated, luckPValue, session.width),
      );
      if (simulated.every((one) => one === null)) session.findingsFail();
    });
}

interface MonteCarloCommand extends GivenOptions {
  readonly runs: number;
  readonly seed: number;
  readonly blockLength?: number;
}

function numbers(text: string, before: readonly number[] = []): number[] {
  return [...before, number(text)];
}

function describeLookahead({ signals, checked, biased }: Lookahead): string {
  if (signals === 0) return 'The strategy gave no signal: nothing could be checked.';
  const head = `${String(checked)} of ${String(signals)} signals were asked for again on data that ends there`;
  if (biased.length === 0) return `${head}: all are the same. No lookahead was found.`;
  const rows = biased.map(({ signal, instead }) => [
    time(signal.at),
    signalText(signal),
    instead.length === 0 ? 'nothing' : instead.map(signalText).join('; '),
  ]);
  return `${head}: ${String(biased.length)} are not the same. The strategy looks ahead.\n${table(['at', 'on all data', 'on data up to there'], rows)}`;
}

function signalText({ side, quantity, symbol, price, tag }: AskedSignal): string {
  const at = price === null ? '' : ` at ${price}`;
  return `${side ?? 'nothing'} ${quantity} ${symbol}${at} (${tag})`;
}

function describeWarmUp({ declared, reference, runs, suggested }: WarmUp): string {
  const rows = runs.map(({ bars, signals, signalDifference, equityDifference, differsUntil }) => [
    bars === declared ? `${String(bars)} (asked for)` : String(bars),
    signals,
    percent(signalDifference),
    percent(equityDifference, 4),
    time(differsUntil),
  ]);
  const verdict =
    suggested === null
      ? 'No length tried gives the signals of the longest: the strategy depends on where its data begins.'
      : suggested <= declared
        ? 'What the strategy asks for is enough.'
        : `Ask for at least ${String(suggested)} bars: set warmup of the feed.`;
  return [
    `Against a warm-up of ${String(reference)} bars:`,
    table(['warm-up', 'signals', 'signals differ', 'equity differs', 'until'], rows),
    verdict,
  ].join('\n');
}

function simulate(result: BacktestResult, options: MonteCarloCommand): (MonteCarlo | null)[] {
  const { runs, seed, blockLength } = options;
  const wallet = Number(result.run.wallet);
  const trades = tradeReturnsOnEquity(result);
  const days = dailyReturns(result.equity, wallet);
  return resamplings.map((resampling) =>
    resampling === 'block-bootstrap'
      ? monteCarlo(days, wallet, {
          ...{ resampling, runs, seed },
          ...(blockLength === undefined ? {} : { blockLength }),
        })
      : monteCarlo(trades, wallet, { resampling, runs, seed }),
  );
}

function describeMonteCarlo(
  { run }: BacktestResult,
  simulated: readonly (MonteCarlo | null)[],
  luckPValue: number | null,
  width: number,
): string {
  const rows = simulated.map((one, index) => {
    const method = resamplings[index] ?? '';
    if (one === null) return [`${method}: too few`, ...Array<string>(7).fill(NOT_AVAILABLE)];
    const { finalEquity: end, maxDrawdown: fall } = one;
    return [
      `${method} of ${String(one.length)} ${method === 'block-bootstrap' ? 'days' : 'trades'}`,
      ...[end.p5, end.p50, end.p95].map((value) => plain(value)),
      ...[fall.p5, fall.p50, fall.p95].map((value) => percent(value, 1)),
      percent(one.lossProbability, 1),
    ];
  });
  const percentiles = (figure: string): string[] =>
    ['5 %', '50 %', '95 %'].map((share) => `${figure}\n${share}`);
  const headings = [
    'Method',
    ...[...percentiles('equity'), ...percentiles('max DD'), 'ends in\nloss'],
  ];
  return [
    `Final equity of the run: ${plain(Number(run.finalEquity))} ${run.quote}`,
    drawTable({ title: 'What else might have come out', labels: 1, headings, rows }, width),
    `Probability that trades without an edge do as well: ${plain(luckPValue, 3)}`,
  ].join('\n');
}
