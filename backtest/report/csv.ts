/**
 * A backtest's tables as CSV after RFC 4180: comma, CRLF, a heading row, quotes where a cell needs them. Times are
 * ISO 8601 in UTC, decimals to the last digit, null an empty cell. Tags are written as they are: a spreadsheet
 * takes one that begins with `=` for a formula.
 */
import type { Trade } from '../../core/trade.ts';
import type { BacktestFill, BacktestOrder, BacktestResult, EquityCurve } from '../result.ts';

type Cell = string | number | null;

const TRADE_COLUMNS = [
  'tradeNumber',
  'symbol',
  'side',
  'entryAt',
  'exitAt',
  'entryTag',
  'exitTag',
  'quantity',
  'entryPrice',
  'exitPrice',
  'pnl',
  'fees',
  'mae',
  'mfe',
] as const satisfies readonly (keyof Trade)[];

const FILL_COLUMNS = [
  'executedAt',
  'exchange',
  'symbol',
  'side',
  'price',
  'quantity',
  'feeAmount',
  'feeAsset',
  'liquidity',
  'tag',
  'clientOrderId',
  'venueOrderId',
  'venueTradeId',
] as const satisfies readonly (keyof BacktestFill)[];

const ORDER_COLUMNS = [
  'askedAt',
  'endedAt',
  'orderId',
  'symbol',
  'side',
  'type',
  'price',
  'quantity',
  'filledQuantity',
  'state',
  'reasonCode',
  'reason',
  'tag',
] as const satisfies readonly (keyof BacktestOrder)[];

const EQUITY_COLUMNS = ['at', 'value', 'invested'] as const;

export interface CsvFiles {
  readonly 'trades.csv': string;
  readonly 'fills.csv': string;
  readonly 'orders.csv': string;
  readonly 'equity.csv': string;
}

/** The files by name; a run without trades has files with headings only. */
export function csvFiles(result: BacktestResult): CsvFiles {
  return {
    'trades.csv': csv(TRADE_COLUMNS, result.trades),
    'fills.csv': csv(FILL_COLUMNS, result.fills),
    'orders.csv': csv(ORDER_COLUMNS, result.orders),
    'equity.csv': csv(EQUITY_COLUMNS, equityRows(result.equity)),
  };
}

function* equityRows({ at, value, invested }: EquityCurve): Generator<Record<string, Cell>> {
  for (const [bar, time] of at.entries()) {
    yield { at: time, value: value[bar] ?? null, invested: invested[bar] ?? null };
  }
}

function csv<C extends string>(
  columns: readonly C[],
  rows: Iterable<Readonly<Partial<Record<C, Cell>>>>,
): string {
  const lines = [columns.join(',')];
  for (const row of rows) {
    lines.push(columns.map((column) => csvCell(column, row[column] ?? null)).join(','));
  }
  return `${lines.join('\r\n')}\r\n`;
}

function csvCell(column: string, cell: Cell): string {
  if (cell === null) return '';
  // Columns that end so hold times, here as in the result.
  if (typeof cell === 'number')
    return /at$/i.test(column) ? new Date(cell).toISOString() : String(cell);
  return /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}
