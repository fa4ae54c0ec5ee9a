/** Tables for people: columns as wide as their widest cell, numbers to the right. */
import { decimal } from '../core/money.ts';

/** Characters in a line where the output is no terminal. */
export const USUAL_WIDTH = 80;

export type Cell = string | number | null;

const NUMBER = /^-?\d[\d.,]*%?$/;

export function table(headers: readonly string[], rows: readonly (readonly Cell[])[]): string {
  if (rows.length === 0) return '(none)';
  const cells = [
    headers,
    ...rows.map((row) => row.map((cell) => (cell === null ? '–' : String(cell)))),
  ];
  const widths = headers.map((_, column) =>
    Math.max(...cells.map((row) => row[column]?.length ?? 0)),
  );
  const right = headers.map((_, column) =>
    cells.slice(1).every((row) => NUMBER.test(row[column] ?? '') || row[column] === '–'),
  );
  return cells
    .map((row) =>
      row
        .map((cell, column) => {
          const width = widths[column] ?? 0;
          return right[column] === true ? cell.padStart(width) : cell.padEnd(width);
        })
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** `2024-12-02 09:30:00`, UTC. */
export function time(at: number | null): string {
  return at === null ? '–' : new Date(at).toISOString().slice(0, 19).replace('T', ' ');
}

/** An amount of quote as people read it, to the cent; `--json` has every digit. */
export function cents(amount: string): string {
  const rounded = decimal(amount).toDecimalPlaces(2);
  return (rounded.isZero() ? rounded.abs() : rounded).toFixed(2);
}
