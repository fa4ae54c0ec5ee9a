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
  /** Characters in a line of a table; 80 where not given. */
  readonly width?: number;
}

/**
 * The report as lines of text without colours: by symbol, entry tag, exit reason and period, what was left open,
 * then the summary. Words are broken until a table is no wider than `width`; figures never are, so that a table
 * of very long ones may be wider.
 */
export function renderConsole(
  result: BacktestResult,
  summary: Summary,
  { periods = ['month'], width = 80 }: ConsoleOptions = {},
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
    ...tables.map((table) => drawTable(table, width)),
    drawSummary(result, summary),
    ...(result.notices.length === 0
      ? []
      : [result.notices.map((notice) => `Note: ${tagText(notice)}`).join('\n')]),
  ];
  return `${parts.join('\n\n')}\n`;
}

export function drawTable(
  { title, labels, headings, rows, total }: TextTable,
  width: number,
): string {
  const cells = [headings, ...rows, ...(total === undefined ? [] : [total])];
  const widths = fittedWidths(cells, labels, width);
  return table(
    cells.map((row) => [...row]),
    {
      border: getBorderCharacters('norc'),
      header: { content: title.toUpperCase(), alignment: 'center' },
      columns: widths.map((columnWidth, column) => ({
        width: columnWidth,
        wrapWord: true,
        alignment: column < labels ? 'left' : 'right',
      })),
      drawVerticalLine: (index, size) => index === 0 || index === size,
      // Lines around the title, under the headings, over the total, and at the end.
      drawHorizontalLine: (index, size) =>
        index <= 2 || index === size || (total !== undefined && index === size - 1),
    },
  ).trimEnd();
}

/** A column of words is not made narrower: `BTC/USDT` and a date stay whole. */
const LEAST_LABEL = 10;

/** The columns' widths without their padding; where the table would be too wide the widest words are broken. */
function fittedWidths(
  cells: readonly (readonly string[])[],
  labels: number,
  width: number,
): number[] {
  const [headings = []] = cells;
  const widths = headings.map((_, column) =>
    Math.max(...cells.flatMap((row) => (row[column] ?? '').split('\n')).map((line) => line.length)),
  );
  const padding = 2 * widths.length + 2;
  let excess = widths.reduce((sum, one) => sum + one, padding) - width;
  for (; excess > 0; excess -= 1) {
    const widest = Math.max(...widths.slice(0, labels));
    if (widest <= LEAST_LABEL) break;
    widths[widths.indexOf(widest)] = widest - 1;
  }
  return widths;
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
