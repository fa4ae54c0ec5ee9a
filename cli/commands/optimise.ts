/** keel optimize, walk-forward */
import { InvalidArgumentError, Option, type Command } from 'commander';
import { summarise } from '../../backtest/metrics.ts';
import {
  bothRuns,
  optimise,
  reportOf,
  type BothRuns,
  type StudyReport,
} from '../../backtest/optimise/holdout.ts';
import { objectives, type Objective } from '../../backtest/optimise/objective.ts';
import { RunPool } from '../../backtest/optimise/run-pool.ts';
import { samplerNames, type SamplerName } from '../../backtest/optimise/sampler.ts';
import type { OnProgress } from '../../backtest/optimise/search.ts';
import { walkForward } from '../../backtest/optimise/walk-forward.ts';
import { compareStudy, compareWalk } from '../../backtest/report/comparison.ts';
import { toJson } from '../../backtest/report/json.ts';
import type { BarSeries } from '../../core/bar-series.ts';
import { KeelError } from '../../core/errors.ts';
import { openRun, runOptions, type GivenOptions } from '../backtest/command-options.ts';
import { openSearch, type OpenedSearch } from '../backtest/open-study.ts';
import { checkPlace, tellFiles, writePage, type Report } from '../backtest/files.ts';
import type { StudyOptions } from '../over-temporal.ts';
import type { Session } from '../session.ts';
import { describe, tellStudy } from '../study-text.ts';

interface SearchCommand extends GivenOptions {
  readonly space?: readonly string[];
  readonly sampler: SamplerName;
  readonly objective: Objective;
  readonly minTrades: number;
  readonly trials: number;
  readonly seed: number;
  readonly workers?: number;
  readonly inSample: number;
  readonly html?: string;
}

interface OptimiseCommand extends SearchCommand, StudyOptions {
  readonly temporal?: true;
}

export function addOptimiseCommands(program: Command, session: Session): void {
  temporalOptions(searchOptions(program.command('optimize'), 100))
    .description('search parameters on the first part of the data, judge the best on the rest')
    .option('--best <n>', 'how many are shown on both parts', number, 5)
    .addHelpText(
      'after',
      `
Examples:
  keel optimize --data data/BTCUSDT-binance-spot-1m-2024-12.csv.gz -s sma-cross --space fast=5..60:5 slow=60..300:20
  keel optimize -s turtle -p BTC/USDT -i 1h --objective calmar --trials 300 --set risk=0.01
  keel optimize -s my-idea --strategy-path ~/strategies --data bars.csv --sampler grid --space n=5,10,20 --json
  keel optimize -s sma-cross -p BTC/USDT -i 1h --trials 500 --temporal --id sma-1h`,
    )
    .action(async (options: OptimiseCommand) => {
      if (options.temporal === true) {
        // Loaded here: a search on this machine needs nothing of the API.
        const { optimiseOverTemporal } = await import('../over-temporal.ts');
        await optimiseOverTemporal(session, options);
        return;
      }
      refuseTemporalOptions(options);
      const { inSample, best, html } = options;
      const [{ found, runs }, bars] = await inPool(session, options, async (prepared) => {
        const { pool, target, span, search, told } = prepared;
        const holdout = await optimise(pool, target, span, { ...search, inSample, best }, told);
        return { found: holdout, runs: html === undefined ? null : await bothRuns(pool, holdout) };
      });
      const report = reportOf(found, options);
      tellStudy(session, report);
      if (html !== undefined) writeStudy(session, html, report, runs, bars);
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
        const { windows, anchored = false, inSample, objective, html } = options;
        const [walked, bars] = await inPool(
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
        const comparison = compareWalk(walked, objective);
        session.print({ ...rest, seed: options.seed, outOfSample: toJson(result, summary) }, () =>
          describe(comparison, session.width),
        );
        if (html !== undefined) {
          const report = { result, summary, bars, research: { comparison } };
          tellFiles(session.io, [writePage(html, report)]);
        }
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
    .option('--in-sample <share>', 'of the time, searched on', number, 0.7)
    .option('--html <file>', 'the out-of-sample report as one page, in sample beside it');
}

function temporalOptions(command: Command): Command {
  return command
    .option('--temporal', 'the research workers of the running house do it, on their library')
    .option('--detach', 'with --temporal: print the id and leave; `keel study` has the rest')
    .option('--id <name>', 'with --temporal: of the study; else one is made')
    .option('--concurrency <n>', 'with --temporal: trials at once, over all workers', number);
}

/** Throws INVALID_INPUT: a search meant for workers is not quietly done here. */
function refuseTemporalOptions(options: OptimiseCommand): void {
  const name = (['detach', 'id', 'concurrency'] as const).find((one) => options[one] !== undefined);
  if (name === undefined) return;
  throw new KeelError(
    'INVALID_INPUT',
    `--${name} is for --temporal: give that too, and research workers do it`,
  );
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

/** What the work gave, and the bars it was done on. */
async function inPool<T>(
  session: Session,
  options: SearchCommand,
  work: (prepared: Prepared) => Promise<T>,
): Promise<[T, readonly BarSeries[]]> {
  if (options.html !== undefined) checkPlace(options.html);
  const {
    study,
    target,
    span,
    options: search,
  } = openSearch(await openRun(session, options), options);
  const pool = new RunPool(study, { workers: options.workers });
  try {
    const done = await work({
      ...{ pool, target, span, search, wallet: study.input.wallet },
      told: (done, total) => session.io.progress?.('trials', done, total),
    });
    return [done, study.input.series];
  } finally {
    await pool.close();
    session.io.progress?.('');
  }
}

/** The page of the best out of sample, with the same in sample beside it. */
function writeStudy(
  { io }: Session,
  file: string,
  report: StudyReport,
  runs: BothRuns | null,
  bars: readonly BarSeries[],
): void {
  if (runs === null) {
    io.err(`${file} is not written: nothing was found that runs on both parts`);
    return;
  }
  const [inSample, outOfSample] = [runs.inSample, runs.outOfSample].map((result) => ({
    result,
    summary: summarise(result),
  })) as [Report, Report];
  const research = { comparison: compareStudy(report), inSample };
  tellFiles(io, [writePage(file, { ...outOfSample, bars, research })]);
}
