/** The summary as rows of name and value under headings: what the terminal and the page both print. */
import type { Summary } from '../metrics.ts';
import { DAY_MS } from '../metrics/returns.ts';
import type { BacktestResult } from '../result.ts';
import { duration, type Money, moneyOf, NOT_AVAILABLE, percent, plain, time } from './format.ts';

export type Figure = readonly [name: string, value: string];

export interface FigureGroup {
  readonly title: string;
  readonly figures: readonly Figure[];
}

/** All figures of a run, grouped, in the order in which a person asks for them. */
export function figureGroups(result: BacktestResult, summary: Summary): FigureGroup[] {
  const money = moneyOf(summary);
  return [
    { title: 'Run', figures: runFigures(result, summary) },
    { title: 'Outcome', figures: outcomeFigures(summary, money) },
    { title: 'Risk', figures: riskFigures(summary) },
    { title: 'Drawdown', figures: drawdownFigures(summary, money) },
    { title: 'Trades', figures: tradeFigures(result, summary, money) },
    { title: 'Costs and activity', figures: costFigures(summary, money) },
    { title: 'Orders', figures: orderFigures(summary, money) },
  ];
}

function runFigures({ run }: BacktestResult, { bars }: Summary): Figure[] {
  return [
    ['Backtest from (UTC)', time(run.from)],
    ['Backtest to (UTC)', time(run.to)],
    ['Length', `${plain((run.to - run.from) / DAY_MS, 1)} days`],
    ['Bars', `${plain(bars, 0)} of ${run.interval}`],
  ];
}

function outcomeFigures(summary: Summary, money: Money): Figure[] {
  const quote = summary.quote;
  return [
    ['Start balance', `${money(summary.startBalance)} ${quote}`],
    ['Final equity', `${money(summary.finalEquity)} ${quote}`],
    ['Profit', `${money(summary.profit)} ${quote}`],
    ['Total return', percent(summary.totalReturn)],
    ['Annual return (CAGR)', percent(summary.annualReturn)],
    ['Market change', percent(summary.marketChange)],
    ['Best day', percent(summary.bestDay)],
    ['Worst day', percent(summary.worstDay)],
    ['Days won / even / lost', daysWon(summary)],
  ];
}

function daysWon({ days, winningDays, losingDays }: Summary): string {
  return [winningDays, days - winningDays - losingDays, losingDays].map(String).join(' / ');
}

function riskFigures(summary: Summary): Figure[] {
  return [
    ['Sharpe (annual)', plain(summary.sharpe)],
    ['Sortino (annual)', plain(summary.sortino)],
    ['Calmar', plain(summary.calmar)],
    ['Volatility (annual)', percent(summary.volatility)],
    ['Daily VaR 95 %', percent(summary.tailRisk?.valueAtRisk ?? null)],
    ['Daily CVaR 95 %', percent(summary.tailRisk?.conditionalValueAtRisk ?? null)],
  ];
}

function drawdownFigures({ maxDrawdown: worst, quote }: Summary, money: Money): Figure[] {
  if (worst.from === null) return [['Max drawdown', percent(0)]];
  return [
    ['Max drawdown', percent(worst.share)],
    ['– in quote', `${money(worst.amount)} ${quote}`],
    ['Largest fall in quote', `${money(worst.largestAmount)} ${quote}`],
    ['Drawdown from', time(worst.from)],
    ['Drawdown to', time(worst.to)],
    ['Recovered at', worst.recoveredAt === null ? 'not yet' : time(worst.recoveredAt)],
    ['Longest under water', duration(worst.longestUnderwaterMs)],
    ['Time under water', percent(worst.underwaterShare)],
  ];
}

function tradeFigures({ run }: BacktestResult, summary: Summary, money: Money): Figure[] {
  const quote = summary.quote;
  const days = (run.to - run.from) / DAY_MS;
  const worth = (share: number | null, pnl: string | null): string =>
    share === null ? NOT_AVAILABLE : `${percent(share)} / ${money(pnl)} ${quote}`;
  const sides: Figure[] =
    summary.shortTrades === 0
      ? []
      : [
          ['Long trades', `${String(summary.longTrades)} / ${money(summary.longPnl)} ${quote}`],
          ['Short trades', `${String(summary.shortTrades)} / ${money(summary.shortPnl)} ${quote}`],
        ];
  return [
    ['Round trips', plain(summary.roundTrips, 0)],
    ['– per day', plain(days > 0 ? summary.roundTrips / days : null)],
    ['Open at the end', plain(summary.openTrades, 0)],
    ['Won / even / lost', [summary.wins, summary.draws, summary.losses].map(String).join(' / ')],
    ['Win rate', percent(summary.winRate)],
    ...sides,
    ['Profit factor', plain(summary.profitFactor)],
    [
      'Expectancy',
      summary.expectancy === null ? NOT_AVAILABLE : `${money(summary.expectancy)} ${quote}`,
    ],
    ['Expectancy ratio', plain(summary.expectancyRatio)],
    ['SQN', plain(summary.systemQuality)],
    ['Average trade', percent(summary.averageReturn)],
    ['Best return / P&L', worth(summary.bestReturn, summary.bestPnl)],
    ['Worst return / P&L', worth(summary.worstReturn, summary.worstPnl)],
    ['Average duration', duration(summary.averageDurationMs)],
    ['– of winners', duration(summary.averageWinDurationMs)],
    ['– of losers', duration(summary.averageLossDurationMs)],
    ['Longest run of wins', plain(summary.longestWinRun, 0)],
    ['Longest run of losses', plain(summary.longestLossRun, 0)],
  ];
}

function costFigures(summary: Summary, money: Money): Figure[] {
  const quote = summary.quote;
  const others = Object.entries(summary.otherFees).map(([asset, amount]): Figure => [
    `Fees in ${asset}`,
    `${amount} ${asset}`,
  ]);
  return [
    ['Fees', `${money(summary.feesPaid)} ${quote}`],
    ...others,
    ['Slippage', `${money(summary.slippagePaid)} ${quote}`],
    ['Funding', `${money(summary.funding)} ${quote}`],
    ['Traded', `${money(summary.volume)} ${quote}`],
    [
      'Turnover',
      summary.turnover === null ? NOT_AVAILABLE : `${plain(summary.turnover, 1)} × equity`,
    ],
    ['Time in the market', percent(summary.timeInMarket)],
    ['Average invested', percent(summary.averageInvested)],
  ];
}

function orderFigures(summary: Summary, money: Money): Figure[] {
  const { ordersByState: states, bounds, quote } = summary;
  const ends = Object.entries(states)
    .filter(([state]) => !['done', 'denied', 'expired'].includes(state))
    .map(([state, count]): Figure => [`– ${state.replaceAll('_', ' ')}`, plain(count, 0)]);
  return [
    ['Orders', plain(summary.orders, 0)],
    ['– done', plain(states.done ?? 0, 0)],
    ['– denied', plain(states.denied ?? 0, 0)],
    ['– expired', plain(states.expired ?? 0, 0)],
    ...ends,
    ['Ambiguous bars', plain(summary.ambiguousBars, 0)],
    ...(bounds === null
      ? []
      : [
          ['Equity at best', `${money(bounds.best)} ${quote}`] as const,
          ['Equity at worst', `${money(bounds.worst)} ${quote}`] as const,
        ]),
  ];
}
