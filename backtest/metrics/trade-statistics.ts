/**
 * Statistics of round trips: of all of them and by symbol, tag or side. Only closed trades are counted here. A
 * win is a trade with a P&L above zero after fees, a draw one of exactly zero.
 */
import { Decimal, decimal, toDecimalString } from '../../core/money.ts';
import type { Trade } from '../../core/trade.ts';
import { mean, standardDeviation } from './risk.ts';

/** A trade that has ended. */
export type ClosedTrade = Trade & {
  readonly exitAt: number;
  readonly exitPrice: string;
  readonly pnl: string;
};

export function isClosed(trade: Trade): trade is ClosedTrade {
  return trade.exitAt !== null && trade.exitPrice !== null && trade.pnl !== null;
}

/** P&L after fees per quote entered: pnl / (entry price × quantity); 0.01 is one per cent. */
export function tradeReturn(trade: ClosedTrade): number {
  return Number(trade.pnl) / (Number(trade.entryPrice) * Number(trade.quantity));
}

/** The sum of the trades' P&L in quote, exact. */
export function totalPnl(trades: readonly ClosedTrade[]): Decimal {
  return trades.reduce((sum, trade) => sum.plus(trade.pnl), new Decimal(0));
}

export interface TradeGroup {
  /** What its trades have in common: the symbol, the tag, the side. */
  readonly key: string;
  readonly trades: number;
  readonly wins: number;
  readonly draws: number;
  readonly losses: number;
  /** Wins among its trades, 0..1. */
  readonly winRate: number;
  /** Mean of the trades' returns. */
  readonly averageReturn: number;
  /** In quote, exact. */
  readonly pnl: string;
  /** P&L per quote of the start balance. */
  readonly pnlShare: number;
  readonly averageDurationMs: number;
}

/** The closed trades grouped by what `keyOf` says, the best P&L first. */
export function groupTrades(
  trades: readonly ClosedTrade[],
  keyOf: (trade: ClosedTrade) => string,
  startBalance: string,
): TradeGroup[] {
  return [...Map.groupBy(trades, keyOf)]
    .map(([key, group]) => tradeGroup(key, group, startBalance))
    .sort((a, b) => decimal(b.pnl).cmp(a.pnl));
}

/** One row over all the trades given; at least one. */
export function tradeGroup(
  key: string,
  trades: readonly ClosedTrade[],
  startBalance: string,
): TradeGroup {
  const pnl = totalPnl(trades);
  const signs = trades.map((trade) => Math.sign(Number(trade.pnl)));
  const wins = signs.filter((sign) => sign > 0).length;
  const losses = signs.filter((sign) => sign < 0).length;
  return {
    key,
    trades: trades.length,
    wins,
    draws: trades.length - wins - losses,
    losses,
    winRate: wins / trades.length,
    averageReturn: mean(trades.map(tradeReturn)),
    pnl: toDecimalString(pnl),
    pnlShare: pnl.div(startBalance).toNumber(),
    averageDurationMs: mean(trades.map((trade) => trade.exitAt - trade.entryAt)),
  };
}

export interface TradeStatistics {
  /** Closed trades. */
  readonly roundTrips: number;
  /** Trades still open at the end; in no other figure here. */
  readonly openTrades: number;
  readonly wins: number;
  readonly draws: number;
  readonly losses: number;
  /** Wins among the closed trades, 0..1; null without one. */
  readonly winRate: number | null;
  /** Sum won / sum lost (Schwager, Market Wizards; Bacon ch. 5). Null without a losing trade. */
  readonly profitFactor: number | null;
  /** Mean P&L of a trade in quote (Van Tharp, Trade Your Way to Financial Freedom, ch. 7). Null without a trade. */
  readonly expectancy: number | null;
  /**
   * Expectancy per quote risked, with the average loss for the risk: win rate × average win / average loss − loss
   * rate (Van Tharp; freqtrade's expectancy ratio where there are no draws). Null without a losing trade.
   */
  readonly expectancyRatio: number | null;
  /**
   * System quality number: √n × mean / sample standard deviation of the trades' P&L (Van Tharp, Definitive Guide
   * to Position Sizing, there of R multiples). n is not capped at 100. Null under 30 trades, as Tharp asks for.
   */
  readonly systemQuality: number | null;
  /** Of the trades' returns; null without a trade. */
  readonly averageReturn: number | null;
  readonly bestReturn: number | null;
  readonly worstReturn: number | null;
  /** P&L in quote, exact, of the trade that won and the one that lost the most quote; null without a trade. */
  readonly bestPnl: string | null;
  readonly worstPnl: string | null;
  /** Milliseconds; null without such a trade. */
  readonly averageDurationMs: number | null;
  readonly averageWinDurationMs: number | null;
  readonly averageLossDurationMs: number | null;
  /** Most wins in a row and losses in a row, by exit; a draw ends both. */
  readonly longestWinRun: number;
  readonly longestLossRun: number;
  readonly longTrades: number;
  readonly shortTrades: number;
  /** In quote, exact. */
  readonly longPnl: string;
  readonly shortPnl: string;
}

/** Trades below which SQN is null. */
const LEAST_SQN_TRADES = 30;

function longestRun(signs: readonly number[], wanted: number): number {
  let longest = 0;
  let run = 0;
  for (const sign of signs) {
    run = sign === wanted ? run + 1 : 0;
    longest = Math.max(longest, run);
  }
  return longest;
}

function averageDuration(trades: readonly ClosedTrade[]): number | null {
  return trades.length === 0 ? null : mean(trades.map((trade) => trade.exitAt - trade.entryAt));
}

function systemQuality(pnls: readonly number[]): number | null {
  if (pnls.length < LEAST_SQN_TRADES) return null;
  const deviation = standardDeviation(pnls);
  return deviation === 0 ? null : (Math.sqrt(pnls.length) * mean(pnls)) / deviation;
}

/** The figures of a run's trades. @param trades open ones too, in any order */
export function tradeStatistics(trades: readonly Trade[]): TradeStatistics {
  const closed = trades.filter(isClosed).sort((a, b) => a.exitAt - b.exitAt);
  const won = closed.filter((trade) => Number(trade.pnl) > 0);
  const lost = closed.filter((trade) => Number(trade.pnl) < 0);
  const long = closed.filter((trade) => trade.side === 'long');
  const short = closed.filter((trade) => trade.side === 'short');
  const pnls = closed.map((trade) => Number(trade.pnl));
  const signs = pnls.map(Math.sign);
  const returns = Float64Array.from(closed, tradeReturn).sort();
  const byPnl = closed.toSorted((a, b) => Number(a.pnl) - Number(b.pnl));
  const count = closed.length;
  const sumWon = totalPnl(won).toNumber();
  const sumLost = -totalPnl(lost).toNumber();
  return {
    roundTrips: count,
    openTrades: trades.length - count,
    wins: won.length,
    draws: count - won.length - lost.length,
    losses: lost.length,
    winRate: count === 0 ? null : won.length / count,
    profitFactor: lost.length === 0 ? null : sumWon / sumLost,
    expectancy: count === 0 ? null : mean(pnls),
    expectancyRatio: lost.length === 0 ? null : mean(pnls) / (sumLost / lost.length),
    systemQuality: systemQuality(pnls),
    averageReturn: count === 0 ? null : mean([...returns]),
    bestReturn: returns.at(-1) ?? null,
    worstReturn: returns[0] ?? null,
    bestPnl: byPnl.at(-1)?.pnl ?? null,
    worstPnl: byPnl[0]?.pnl ?? null,
    averageDurationMs: averageDuration(closed),
    averageWinDurationMs: averageDuration(won),
    averageLossDurationMs: averageDuration(lost),
    longestWinRun: longestRun(signs, 1),
    longestLossRun: longestRun(signs, -1),
    longTrades: long.length,
    shortTrades: short.length,
    longPnl: toDecimalString(totalPnl(long)),
    shortPnl: toDecimalString(totalPnl(short)),
  };
}
