import { describe, expect, it } from '@jest/globals';
import { createLongRun } from '../../test/factories/backtest.ts';
import { summarise } from '../metrics.ts';
import type { StudyReport } from '../optimise/holdout.ts';
import type { Trial } from '../optimise/search.ts';
import type { WalkForward } from '../optimise/walk-forward.ts';
import { compareStudy, compareWalk } from './comparison.ts';

const { result } = createLongRun(500);
const summary = summarise(result);
const span = { from: Date.UTC(2024, 0, 1), to: Date.UTC(2024, 0, 8) };
const later = { from: span.to, to: Date.UTC(2024, 0, 10) };
const trial: Trial = {
  number: 7,
  parameters: { fast: 3, slow: 9 },
  score: 1.25,
  summary: { ...summary, totalReturn: 0.5, roundTrips: 1234 },
  sharpeSample: null,
  failure: null,
};

describe('compareStudy', () => {
  const found: StudyReport = {
    objective: 'sharpe',
    seed: 1,
    inSample: span,
    outOfSample: later,
    trials: [trial, trial],
    rejected: 4,
    failed: 1,
    best: [
      { trial, outOfSample: { ...summary, totalReturn: -0.25 }, outOfSampleScore: -2 },
      { trial, outOfSample: null, outOfSampleScore: null },
    ],
    luck: { trials: 2, deflatedSharpe: null, expectedByLuck: null },
    warnings: ['beware'],
  };

  it('puts both parts of each of the best into one row', () => {
    const { table, remarks, warnings } = compareStudy(found);
    expect(table.headings).toEqual(expect.arrayContaining(['in\nsharpe', 'out\nsharpe']));
    const [first, second] = table.rows;
    expect(first?.slice(0, 3)).toEqual(['fast=3 slow=9', '1.25', '50.0 %']);
    expect(first?.slice(4, 7)).toEqual(['1,234', '-2.00', '-25.0 %']);
    expect(second?.slice(5)).toEqual(['n/a', 'n/a', 'n/a', 'n/a']);
    expect(remarks.join('\n')).toMatch(
      /^2 trials, 1 failed, 4 points refused[^]*2024-01-08 00:00, out of sample to 2024-01-10[^]*: n\/a \(2 trials\)$/,
    );
    expect(warnings).toEqual(['beware']);
  });
});

describe('compareWalk', () => {
  it('has a row a window, and says where none had a score', () => {
    const walked: WalkForward = {
      windows: [
        { inSample: span, outOfSample: later, best: trial, summary },
        { inSample: span, outOfSample: later, best: null, summary: null },
      ],
      result,
      summary,
      efficiency: 0.5,
      luckPValue: null,
    };
    const { table, remarks } = compareWalk(walked, 'return');
    expect(table.rows.map(([label]) => label)).toEqual([
      '2024-01-08 00:00\nfast=3 slow=9',
      '2024-01-08 00:00\nnone has a score',
    ]);
    expect(table.rows[0]?.[5]).toBe(summary.totalReturn.toFixed(2));
    expect(table.rows[1]?.slice(1)).toEqual(Array(8).fill('n/a'));
    expect(remarks.join('\n')).toMatch(/Efficiency .*: 0\.50\nProbability .*: n\/a$/);
  });
});
