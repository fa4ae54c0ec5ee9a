/** A backtest's report for the terminal. */
import { getBorderCharacters, table } from 'table';
import type { Summary } from '../metrics.ts';
import type { Period } from '../metrics/returns.ts';
import type { BacktestResult } from '../result.ts';
import { figureGroups } from './figures.ts';
import { tagText } from './format.ts';
import { groupTables, openTradesTable, periodTable, type TextTable } from './tables.ts';

export interface ConsoleOptions {
  /** One table for each; by month where not given. */
  readonly periods?: readonly Period[];
}

/**
 * The report as lines of text without colours: by symbol, entry tag, exit tag and period, what was left open,
 * then the summary. Up to about 100 columns wide; longer tags make it wider.
 */
export function renderConsole(
  result: BacktestResult,
  summary: Summary,
  { periods = ['month'] }: ConsoleOptions = {},
): string {
  const { run } = result;
  const open = openTradesTable(result);
  const tables = [
    ...groupTables(result, summary),
    ...periods.map((period) => periodTable(result, summary, period)),
    ...(open === null ? [] : [open]),
  ].filter(({ rows }) => rows.length > 0);
  const parts = [
    `Backtest of ${tagText(run.strategyType)} on ${run.exchange}: ${run.symbols.join(', ')}`,
    ...tables.map(drawTable),
    drawSummary(result, summary),
    ...(result.notices.length === 0
      ? []
      : [result.notices.map((notice) => `Note: ${tagText(notice)}`).join('\n')]),
  ];
  return `${parts.join('\n\n')}\n`;
}

function drawTable({ title, labels, headings, rows, total }: TextTable): string {
  const cells = [headings, ...rows, ...(total === undefined ? [] : [total])];
  return table(
    cells.map((row) => [...row]),
    {
      border: getBorderCharacters('norc'),
      header: { content: title.toUpperCase(), alignment: 'center' },
      columns: headings.map((_, column) => ({ alignment: column < labels ? 'left' : 'right' })),
      // Lines around the title, under the headings, over the total, and at the end.
      drawHorizontalLine: (index, size) =>
        index <= 2 || index === size || (total !== undefined && index === size - 1),
    },
  ).trimEnd();
}

/** Two columns, with a line between groups of figures. */
function drawSummary(result: BacktestResult, summary: Summary): string {
  const groups = figureGroups(result, summary).map(({ figures }) => figures);
  const ends = new Set<number>();
  let end = 1;
  for (const figures of groups) ends.add((end += figures.length));
  return table(
    groups.flat().map((figure) => [...figure]),
    {
      border: getBorderCharacters('norc'),
      header: { content: 'SUMMARY METRICS', alignment: 'center' },
      columns: [{ alignment: 'left' }, { alignment: 'right' }],
      drawHorizontalLine: (index) => index <= 1 || ends.has(index),
    },
  ).trimEnd();
}
