/** A backtest's report as one HTML file that needs nothing else: no network, no script. */
import type { BarSeries } from '../../core/bar-series.ts';
import type { Summary } from '../metrics.ts';
import { periodReturns } from '../metrics/returns.ts';
import type { BacktestResult } from '../result.ts';
import type { Comparison } from './comparison.ts';
import { figureGroups } from './figures.ts';
import { percent, plain, tagText, time } from './format.ts';
import { drawdownChart, equityChart, equityPair, priceChart, returnsChart } from './html/charts.ts';
import { zoomable } from './html/zoom.ts';
import { html, type Markup } from './html/markup.ts';
import { STYLE } from './html/style.ts';
import { drawTable, monthlyTable } from './html/tables.ts';
import { groupTables, openTradesTable, type TextTable, tradesTable } from './tables.ts';

export interface HtmlOptions {
  /** Bars of the symbols whose price is to be drawn, in the order wanted. Bars outside the run are left out. */
  readonly bars?: readonly BarSeries[];
  /** For a run that a search chose. */
  readonly research?: Research;
}

/** What the run was chosen by; the run itself is out of sample. */
export interface Research {
  readonly comparison: Comparison;
  /** The same parameters on what they were chosen by, where that is one run. */
  readonly inSample?: { readonly result: BacktestResult; readonly summary: Summary };
}

/** Rows of the table of trades; a file of all of a long run's would be too long to open. */
const MOST_TRADES = 1000;

/** The page as text. Its size does not grow with the number of bars: under 2 MB for a million of them. */
export function renderHtml(
  result: BacktestResult,
  summary: Summary,
  { bars = [], research }: HtmlOptions = {},
): string {
  const { run, notices } = result;
  const title = `${research === undefined ? 'Backtest' : 'Out of sample'} of ${tagText(run.strategyType)} on ${run.exchange}`;
  const open = openTradesTable(result);
  const groups = [...groupTables(result, summary), ...(open === null ? [] : [open])];
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta
          http-equiv="Content-Security-Policy"
          content="default-src 'none'; style-src 'unsafe-inline'"
        />
        <title>${title}</title>
        <style>
          ${STYLE}
        </style>
      </head>
      <body>
        <h1>${title}</h1>
        <p class="under">
          ${run.symbols.join(', ')} · bars of ${run.interval} · ${time(run.from)} to ${time(run.to)}
          UTC
        </p>
        ${
          notices.length === 0
            ? ''
            : html`<section class="card notices">
                <h2>To know about this run</h2>
                <ul>
                  ${notices.map((notice) => html`<li>${notice}</li>`)}
                </ul>
              </section>`
        }
        ${research === undefined ? '' : researched(research, { result, summary })} ${tiles(summary)}
        ${result.equity.at.length === 0 ? '' : charts(result, summary, bars)}
        ${figures({ result, summary }, research?.inSample)}
        ${groups
          .filter(({ rows }) => rows.length > 0)
          .map(
            (table) =>
              html`<section class="card">
                <h2>${table.title}</h2>
                ${drawTable(table)}
              </section>`,
          )}
        ${trades(result, tradesTable(result, summary, MOST_TRADES))}
        <details class="card">
          <summary>Configuration</summary>
          <pre>${JSON.stringify(run.config, null, 2)}</pre>
        </details>
        <footer>
          All times are UTC. Sharpe, Sortino, volatility and value at risk are of daily returns, a
          year has 365 days, the riskless rate is 0. Drawdown is marked at bar closes. n/a: the run
          is too short for the figure.
        </footer>
      </body>
    </html> `.text;
}

interface Run {
  readonly result: BacktestResult;
  readonly summary: Summary;
}

/** In sample against out of sample: the table, and the equity of both. */
function researched({ comparison, inSample }: Research, outOfSample: Run): Markup {
  const { table, remarks, warnings } = comparison;
  return html`<section class="card">
      <h2>${table.title}</h2>
      ${drawTable(table)}
      <ul class="remarks">
        ${warnings.map((warning) => html`<li class="loss">${warning}</li>`)}
        ${remarks.map((remark) => html`<li>${remark}</li>`)}
      </ul>
    </section>
    ${inSample === undefined ? '' : equityPair(inSample, outOfSample)}`;
}

/** All figures of the run, and those of the same parameters in sample where there are any. */
function figures(run: Run, inSample: Run | undefined): Markup {
  const inside = new Map(
    (inSample === undefined ? [] : figureGroups(inSample.result, inSample.summary)).flatMap(
      ({ title, figures: own }) => own.map(([label, value]) => [`${title} ${label}`, value]),
    ),
  );
  const heading =
    inSample === undefined
      ? ''
      : html`<tr>
          <th></th>
          <th>in sample</th>
          <th>out of sample</th>
        </tr>`;
  return html`<div class="figures">
    ${figureGroups(run.result, run.summary).map(
      ({ title, figures: own }) =>
        html`<section class="card">
          <h2>${title}</h2>
          <table>
            ${heading}
            ${own.map(
              ([label, value]) =>
                html`<tr>
                  <td class="l">${label}</td>
                  ${inSample === undefined ? '' : html`<td>${inside.get(`${title} ${label}`) ?? '–'}</td>`}
                  <td>${value}</td>
                </tr>`,
            )}
          </table>
        </section>`,
    )}
  </div>`;
}

function tiles(summary: Summary): Markup {
  const { totalReturn, maxDrawdown, sharpe } = summary;
  const tile = (label: string, value: string, sign = 0): Markup =>
    html`<div>
      <dt>${label}</dt>
      <dd class="${sign > 0 ? 'gain' : sign < 0 ? 'loss' : ''}">${value}</dd>
    </div>`;
  return html`<dl class="tiles">
    ${[
      tile('Total return', percent(totalReturn), totalReturn),
      tile('Market change', percent(summary.marketChange)),
      tile('Max drawdown', percent(maxDrawdown.share)),
      tile('Sharpe', plain(sharpe)),
      tile('Profit factor', plain(summary.profitFactor)),
      tile('Win rate', percent(summary.winRate, 1)),
      tile('Round trips', plain(summary.roundTrips, 0)),
    ]}
  </dl>`;
}

function charts(result: BacktestResult, summary: Summary, bars: readonly BarSeries[]): Markup {
  const start = Number(summary.startBalance);
  const months = periodReturns(result.equity, start, 'month');
  const years = periodReturns(result.equity, start, 'year');
  return html`${zoomable([
      equityChart(result, summary),
      drawdownChart(result, summary),
      ...bars.map((series) => priceChart(result, series)),
    ])}
    <section class="card">
      <h2>Returns by month</h2>
      ${monthlyTable(months, years)}
    </section>
    ${returnsChart(result) ?? ''}`;
}

function trades(result: BacktestResult, table: TextTable): Markup {
  const all = result.trades.length;
  if (all === 0) return html`<p class="card">No trade was made.</p>`;
  const shown = table.rows.length;
  const heading =
    shown === all
      ? `Trades (${plain(all, 0)})`
      : `The first ${plain(shown, 0)} of ${plain(all, 0)} trades`;
  return html`<details class="card">
    <summary>${heading}</summary>
    ${drawTable(table)}
  </details>`;
}
