/** keel optimize, walk-forward */
import { InvalidArgumentError, Option, type Command } from 'commander';
import { optimise, reportOf, type StudyReport } from '../../backtest/optimise/holdout.ts';
import { objectives, type Objective } from '../../backtest/optimise/objective.ts';
import { RunPool } from '../../backtest/optimise/run-pool.ts';
import { samplerNames, type SamplerName } from '../../backtest/optimise/sampler.ts';
import type { OnProgress } from '../../backtest/optimise/search.ts';
import type { Point } from '../../backtest/optimise/space.ts';
import type { Span } from '../../backtest/optimise/spans.ts';
import { walkForward, type WalkForward } from '../../backtest/optimise/walk-forward.ts';
import { toJson } from '../../backtest/report/json.ts';
import { percent, plain, time } from '../../backtest/report/format.ts';
import type { Summary } from '../../backtest/metrics.ts';
import { openRun, runOptions, type GivenOptions } from '../backtest/command-options.ts';
import { openSearch, type OpenedSearch } from '../backtest/open-study.ts';
import type { Session } from '../session.ts';
import { table } from '../tables.ts';

interface SearchCommand extends GivenOptions {
  readonly space?: readonly string[];
  readonly sampler: SamplerName;
  readonly objective: Objective;
  readonly minTrades: number;
  readonly trials: number;
  readonly seed: number;
  readonly workers?: number;
  readonly inSample: number;
}

export function addOptimiseCommands(program: Command, session: Session): void {
  searchOptions(program.command('optimize'), 100)
    .description('search parameters on the first part of the data, judge the best on the rest')
    .option('--best <n>', 'how many are shown on both parts', number, 5)
    .addHelpText(
      'after',
      `
Examples:
  keel optimize --data data/BTCUSDT-binance-spot-1m-2024-12.csv.gz -s sma-cross --space fast=5..60:5 slow=60..300:20
  keel optimize -s turtle -p BTC/USDT -i 1h --objective calmar --trials 300 --set risk=0.01
  keel optimize -s my-idea --strategy-path ~/strategies --data bars.csv --sampler grid --space n=5,10,20 --json`,
    )
    .action(async (options: SearchCommand & { readonly best: number }) => {
      const found = await inPool(session, options, ({ pool, target, span, search, told }) =>
        optimise(
          pool,
          target,
          span,
          { ...search, inSample: options.inSample, best: options.best },
          told,
        ),
      );
      tellStudy(session, reportOf(found, options));
    });

  searchOptions(program.command('walk-forward'), 50)
    .description(
      'search on one stretch, trade the next with the best, move on; one curve of it all',
    )
    .option('--windows <n>', 'stretches traded', number, 5)
    .option('--anchored', 'search from the start of the data each time')
    .addHelpText(
      'after',
      `
Examples:
  keel walk-forward --data data/BTCUSDT-binance-spot-1m-2024-12.csv.gz -s sma-cross --space fast=5..60:5 slow=60..300:20
  keel walk-forward -s turtle -p BTC/USDT -i 1h --windows 8 --anchored --objective return --json`,
    )
    .action(
      async (options: SearchCommand & { readonly windows: number; readonly anchored?: true }) => {
        const { windows, anchored = false, inSample } = options;
        const walked = await inPool(
          session,
          options,
          ({ pool, target, span, wallet, search, told }) =>
            walkForward(
              pool,
              target,
              span,
              wallet,
              { ...search, windows, anchored, inSample },
              told,
            ),
        );
        const { result, summary, ...rest } = walked;
        session.print({ ...rest, seed: options.seed, outOfSample: toJson(result, summary) }, () =>
          describeWalk(walked, options.objective),
        );
      },
    );
}

function searchOptions(command: Command, trials: number): Command {
  return runOptions(command)
    .option(
      '--space <dimension...>',
      'name=from..to:step, name=from..to or name=a,b,c; else all bounded',
    )
    .addOption(
      new Option('--sampler <name>', 'how points are chosen').choices(samplerNames).default('tpe'),
    )
    .addOption(
      new Option('--objective <name>', 'what is made large').choices(objectives).default('sharpe'),
    )
    .option('--min-trades <n>', 'round trips below which a trial has no score', number, 10)
    .option('--trials <n>', 'most trials', number, trials)
    .option('--seed <n>', 'the same seed gives the same trials', number, 1)
    .option('--workers <n>', 'threads; else one a core', number)
    .option('--in-sample <share>', 'of the time, searched on', number, 0.7);
}

/** A number of the command line; what it may be is checked where it is used. */
export function number(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isFinite(value)) return value;
  throw new InvalidArgumentError('expected a number');
}

interface Prepared extends Pick<OpenedSearch, 'target' | 'span'> {
  readonly pool: RunPool;
  readonly wallet: string;
  readonly search: OpenedSearch['options'];
  readonly told: OnProgress;
}

async function inPool<T>(
  session: Session,
  options: SearchCommand,
  work: (prepared: Prepared) => Promise<T>,
): Promise<T> {
  const {
    study,
    target,
    span,
    options: search,
  } = openSearch(await openRun(session, options), options);
  const pool = new RunPool(study, { workers: options.workers });
  try {
    return await work({
      ...{ pool, target, span, search, wallet: study.input.wallet },
      told: (done, total) => session.io.progress?.(`trial ${String(done)} of ${String(total)}`),
    });
  } finally {
    await pool.close();
    session.io.progress?.('');
  }
}

/** Prints a study; one without any score is a finding that fails. */
export function tellStudy(session: Session, report: StudyReport): void {
  session.print(report, describeStudy);
  if (report.best.length === 0) session.findingsFail();
}

function describeStudy(report: StudyReport): string {
  const { inSample, outOfSample, trials, best, luck, warnings, objective } = report;
  const rows = best.map(({ trial, outOfSample: outside, outOfSampleScore }) => [
    trial.number,
    pointText(trial.parameters),
    plain(trial.score),
    plain(outOfSampleScore),
    ...figures(trial.summary),
    ...figures(outside),
  ]);
  const credible = luck.deflatedSharpe;
  return [
    `${String(trials.length)} trials, ${String(report.failed)} failed, ${String(report.rejected)} points refused by the configuration`,
    `In sample ${spanText(inSample)}, out of sample ${spanText(outOfSample)}`,
    table(
      [
        'trial',
        'parameters',
        `${objective} in`,
        'out',
        'return in',
        'drawdown',
        'trades',
        'return out',
        'drawdown',
        'trades',
      ],
      rows,
    ),
    `Deflated Sharpe ratio of the best: ${credible === null ? 'n/a' : plain(credible)} (${String(luck.trials)} trials)`,
    ...warnings.map((warning) => `Warning: ${warning}`),
  ].join('\n');
}

function describeWalk(
  { windows, result, summary, efficiency }: WalkForward,
  objective: Objective,
): string {
  const rows = windows.map(({ inSample, outOfSample, best, summary: outside }) => [
    spanText(inSample),
    spanText(outOfSample),
    best === null ? 'none has a score' : pointText(best.parameters),
    plain(best?.score ?? null),
    ...figures(best?.summary ?? null),
    ...figures(outside),
  ]);
  return [
    table(
      [
        'searched',
        'traded',
        'best',
        objective,
        'return in',
        'drawdown',
        'trades',
        'return out',
        'drawdown',
        'trades',
      ],
      rows,
    ),
    `Out of sample ${spanText(result.run)}: return ${percent(summary.totalReturn)}, max drawdown ${percent(summary.maxDrawdown.share)}, ` +
      `Sharpe ${plain(summary.sharpe)}, ${String(summary.roundTrips)} round trips, final equity ${plain(Number(summary.finalEquity))} ${summary.quote}`,
    `Efficiency (return a day out of sample / in sample): ${plain(efficiency)}`,
  ].join('\n');
}

function figures(summary: Summary | null): (string | number)[] {
  if (summary === null) return ['n/a', 'n/a', 'n/a'];
  return [percent(summary.totalReturn), percent(summary.maxDrawdown.share), summary.roundTrips];
}

function pointText(point: Point): string {
  return Object.entries(point)
    .map(([name, value]) => `${name}=${String(value)}`)
    .join(' ');
}

function spanText({ from, to }: Span): string {
  return `${time(from)} – ${time(to)}`;
}
