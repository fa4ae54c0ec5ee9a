/** A finished study for people. */
import type { StudyReport } from '../backtest/optimise/holdout.ts';
import { compareStudy, type Comparison } from '../backtest/report/comparison.ts';
import { drawTable } from '../backtest/report/console.ts';
import type { Session } from './session.ts';

/** Prints a study; one without any score is a finding that fails. */
export function tellStudy(session: Session, report: StudyReport): void {
  session.print(report, () => describe(compareStudy(report), session.width));
  if (report.best.length === 0) session.findingsFail();
}

export function describe({ table, remarks, warnings }: Comparison, width: number): string {
  return [
    ...(table.rows.length === 0 ? [] : [drawTable(table, width)]),
    ...remarks,
    ...warnings.map((warning) => `Warning: ${warning}`),
  ].join('\n');
}
