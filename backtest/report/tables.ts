/** The tables of a report, as headings and rows of text: the terminal draws them with lines, the page as HTML. */
import type { Trade } from '../../core/trade.ts';
import type { Summary } from '../metrics.ts';
import { type Period, periodReturns, periodStart } from '../metrics/returns.ts';
import {
  type ClosedTrade,
  groupTrades,
  isClosed,
  type TradeGroup,
  tradeGroup,
  tradeReturn,
} from '../metrics/trade-statistics.ts';
import type { BacktestResult } from '../result.ts';
import { duration, type Money, moneyOf, percent, plain, price, tagText, time } from './format.ts';

export interface TextTable {
  readonly title: string;
  /** The first `labels` columns are words, the others figures. */
  readonly labels: number;
  readonly headings: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** A last row that adds up the others. */
  readonly total?: readonly string[];
}

/** Trades by symbol (those without a trade too), by entry tag and by exit reason. */
export function groupTables(result: BacktestResult, summary: Summary): TextTable[] {
  const closed = result.trades.filter(isClosed);
  const money = moneyOf(summary);
  const table = (
    title: string,
    heading: string,
    keyOf: (trade: ClosedTrade) => string,
  ): TextTable =>
    groupTable(title, heading, groupTrades(closed, keyOf, summary.startBalance), closed, summary);
  const bySymbol = table('Symbols', 'Symbol', (trade) => trade.symbol);
  const traded = new Set(closed.map((trade) => trade.symbol));
  const idle = result.run.symbols.filter((symbol) => !traded.has(symbol));
  const none = (symbol: string): string[] => [
    symbol,
    '0',
    '–',
    money(0),
    percent(0),
    '–',
    '0/0/0',
    '–',
  ];
  return [
    { ...bySymbol, rows: [...bySymbol.rows, ...idle.map(none)] },
    table('Entry tags', 'Entry tag', (trade) => tagText(trade.entryTag)),
    table('Exit reasons', 'Exit reason', (trade) => tagText(trade.exitTag)),
  ];
}

function groupTable(
  title: string,
  heading: string,
  groups: readonly TradeGroup[],
  closed: readonly ClosedTrade[],
  summary: Summary,
): TextTable {
  const money = moneyOf(summary);
  const row = (group: TradeGroup): string[] => [
    group.key,
    plain(group.trades, 0),
    percent(group.averageReturn),
    money(group.pnl),
    percent(group.pnlShare),
    duration(group.averageDurationMs),
    [group.wins, group.draws, group.losses].map(String).join('/'),
    percent(group.winRate, 1),
  ];
  return {
    title,
    labels: 1,
    headings: [
      heading,
      'Trades',
      'Average',
      `P&L ${summary.quote}`,
      'of start',
      'Duration',
      'W/D/L',
      'Win rate',
    ],
    rows: groups.map(row),
    ...(closed.length > 0 && groups.length > 1
      ? { total: row(tradeGroup('Total', closed, summary.startBalance)) }
      : {}),
  };
}

/** Trades still open at the end, with what the price did since their entry; null where there are none. */
export function openTradesTable(result: BacktestResult): TextTable | null {
  const open = result.trades.filter((trade) => !isClosed(trade));
  if (open.length === 0) return null;
  const lastPrices = new Map(result.markets.map((market) => [market.symbol, market.lastPrice]));
  return {
    title: 'Left open',
    labels: 4,
    headings: ['Symbol', 'Side', 'Entry tag', 'Since (UTC)', 'Quantity', 'Entry', 'Move'],
    rows: open.map((trade) => {
      const last = lastPrices.get(trade.symbol) ?? null;
      return [
        trade.symbol,
        trade.side,
        tagText(trade.entryTag),
        time(trade.entryAt),
        price(trade.quantity),
        price(trade.entryPrice),
        percent(last === null ? null : moveInFavour(trade, last)),
      ];
    }),
  };
}

function moveInFavour(trade: Trade, last: number): number {
  const move = last / Number(trade.entryPrice) - 1;
  return trade.side === 'long' ? move : -move;
}

const PERIOD_NAMES: Readonly<Record<Period, string>> = {
  day: 'Day',
  week: 'Week from',
  month: 'Month',
  year: 'Year',
};
const PERIOD_DIGITS: Readonly<Record<Period, number>> = { day: 10, week: 10, month: 7, year: 4 };

/** Equity and closed trades by UTC day, week, month or year. */
export function periodTable(result: BacktestResult, summary: Summary, period: Period): TextTable {
  const money = moneyOf(summary);
  // A trade that exits at midnight belongs to the day that ends, as its bar does.
  const byPeriod = Map.groupBy(result.trades.filter(isClosed), (trade) =>
    periodStart(trade.exitAt - 1, period),
  );
  const rows = periodReturns(result.equity, Number(summary.startBalance), period).map((row) => {
    const trades = byPeriod.get(row.from) ?? [];
    const wins = trades.filter((trade) => Number(trade.pnl) > 0).length;
    const losses = trades.filter((trade) => Number(trade.pnl) < 0).length;
    return [
      new Date(row.from).toISOString().slice(0, PERIOD_DIGITS[period]),
      percent(row.return),
      money(row.endEquity - row.startEquity),
      money(row.endEquity),
      plain(trades.length, 0),
      [wins, trades.length - wins - losses, losses].map(String).join('/'),
    ];
  });
  return {
    title: `By ${period}`,
    labels: 1,
    headings: [
      PERIOD_NAMES[period],
      'Return',
      `Change ${summary.quote}`,
      `Equity ${summary.quote}`,
      'Trades',
      'W/D/L',
    ],
    rows,
  };
}

/** One row a trade, by entry. @param most rows; the latest are left out beyond it */
export function tradesTable(result: BacktestResult, summary: Summary, most: number): TextTable {
  const money: Money = moneyOf(summary);
  return {
    title: 'Trades',
    labels: 4,
    headings: [
      '#',
      'Symbol',
      'Side',
      'Tags',
      'Entry (UTC)',
      'Exit (UTC)',
      'Quantity',
      'Entry',
      'Exit',
      `P&L ${summary.quote}`,
      'Return',
    ],
    rows: result.trades
      .slice(0, most)
      .map((trade) => [
        String(trade.tradeNumber),
        trade.symbol,
        trade.side,
        `${tagText(trade.entryTag)} → ${trade.exitAt === null ? 'open' : tagText(trade.exitTag)}`,
        time(trade.entryAt),
        time(trade.exitAt),
        price(trade.quantity),
        price(trade.entryPrice),
        price(trade.exitPrice),
        trade.pnl === null ? '–' : money(trade.pnl),
        isClosed(trade) ? percent(tradeReturn(trade)) : '–',
      ]),
  };
}
