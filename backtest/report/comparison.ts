/**
 * What a search found, in sample against out of sample, side by side: the terminal and the page print the same. A
 * search always does well on what it has seen; only the difference tells what it is worth.
 */
import type { Summary } from '../metrics.ts';
import type { StudyReport } from '../optimise/holdout.ts';
import { scoreOf, type Objective } from '../optimise/objective.ts';
import type { WalkForward } from '../optimise/walk-forward.ts';
import { NOT_AVAILABLE, percent, plain, pointText, time } from './format.ts';
import type { TextTable } from './tables.ts';

export interface Comparison {
  /** A row a set of parameters. */
  readonly table: TextTable;
  /** How it was searched and how far it is to be believed, a sentence each. */
  readonly remarks: readonly string[];
  /** What speaks against it. */
  readonly warnings: readonly string[];
}

/** Of a study: the best of the search on both parts. */
export function compareStudy(report: StudyReport): Comparison {
  const { objective, luck, inSample, outOfSample, trials, failed, rejected, warnings } = report;
  return {
    table: tableOf(
      objective,
      'Parameters',
      report.best.map(({ trial, outOfSample: outside, outOfSampleScore }) => [
        pointText(trial.parameters),
        ...figures(trial.score, trial.summary),
        ...figures(outOfSampleScore, outside),
      ]),
    ),
    remarks: [
      `${String(trials.length)} trials, ${String(failed)} failed, ${String(rejected)} points refused by the configuration`,
      `In sample ${time(inSample.from)} to ${time(inSample.to)}, out of sample to ${time(outOfSample.to)}`,
      `Deflated Sharpe ratio of the best: ${plain(luck.deflatedSharpe)} (${String(luck.trials)} trials)`,
    ],
    warnings,
  };
}

/** Of `keel walk-forward`: each window's best on the stretch it was chosen on and on the one it traded. */
export function compareWalk(walked: WalkForward, objective: Objective): Comparison {
  const { windows, result, summary, efficiency } = walked;
  return {
    table: tableOf(
      objective,
      'Traded from',
      windows.map(({ outOfSample, best, summary: outside }) => [
        `${time(outOfSample.from)}\n${best === null ? 'none has a score' : pointText(best.parameters)}`,
        ...figures(best?.score ?? null, best?.summary ?? null),
        ...figures(outside === null ? null : scoreOf(outside, objective, 0), outside),
      ]),
    ),
    remarks: [
      `Out of sample ${time(result.run.from)} to ${time(result.run.to)}: return ${percent(summary.totalReturn)}, ` +
        `max drawdown ${percent(summary.maxDrawdown.share)}, Sharpe ${plain(summary.sharpe)}, ` +
        `${String(summary.roundTrips)} round trips, final equity ${plain(Number(summary.finalEquity))} ${summary.quote}`,
      `Efficiency (return a day out of sample / in sample): ${plain(efficiency)}`,
      `Probability that trades without an edge do as well: ${plain(walked.luckPValue, 3)}`,
    ],
    warnings: [],
  };
}

function tableOf(objective: Objective, heading: string, rows: string[][]): TextTable {
  const part = (name: string): string[] =>
    [objective, 'return', 'max DD', 'trades'].map((figure) => `${name}\n${figure}`);
  return {
    title: 'In sample against out of sample',
    labels: 1,
    headings: [heading, ...part('in'), ...part('out')],
    rows,
  };
}

function figures(score: number | null, summary: Summary | null): string[] {
  if (summary === null) return Array<string>(4).fill(NOT_AVAILABLE);
  const { totalReturn, maxDrawdown, roundTrips } = summary;
  return [
    plain(score),
    percent(totalReturn, 1),
    percent(maxDrawdown.share, 1),
    plain(roundTrips, 0),
  ];
}
