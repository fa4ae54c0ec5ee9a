/** What an optimiser makes as large as it can. */
import type { Summary } from '../metrics.ts';

export const objectives = [
  'sharpe',
  'sortino',
  'calmar',
  'return',
  'profit-factor',
  'sqn',
] as const;
export type Objective = (typeof objectives)[number];

const FIGURES: Readonly<Record<Objective, (summary: Summary) => number | null>> = {
  sharpe: ({ sharpe }) => sharpe,
  sortino: ({ sortino }) => sortino,
  calmar: ({ calmar }) => calmar,
  return: ({ totalReturn }) => totalReturn,
  'profit-factor': ({ profitFactor }) => profitFactor,
  sqn: ({ systemQuality }) => systemQuality,
};

/** The figure; null where the run is too short for it, or has fewer than `minTrades` round trips. */
export function scoreOf(summary: Summary, objective: Objective, minTrades: number): number | null {
  return summary.roundTrips < minTrades ? null : FIGURES[objective](summary);
}
