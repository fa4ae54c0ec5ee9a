/** The charts of a report: equity, drawdown, price with trades, and how trade returns are spread. */
import { type BarSeries } from '../../../core/bar-series.ts';
import type { Trade } from '../../../core/trade.ts';
import type { Summary } from '../../metrics.ts';
import { drawdownCurve } from '../../metrics/drawdown.ts';
import { quantile } from '../../metrics/risk.ts';
import { isClosed, tradeReturn } from '../../metrics/trade-statistics.ts';
import type { BacktestResult } from '../../result.ts';
import { percent, plain } from '../format.ts';
import { type Candles, candlesOf, curvePoints, type Point } from './downsample.ts';
import { html, type Markup } from './markup.ts';
import {
  coordinate,
  drawPlot,
  fine,
  placesOf,
  type Plot,
  type Scale,
  timeAxis,
  valueAxis,
  zoomedTime,
} from './plot.ts';
import { zoomClass } from './zoom.ts';

const COLUMNS = 1600;
/** On the page, and zoomed in. */
const MOST_CANDLES = 300;
const MOST_ZOOMED_CANDLES = 1200;
/** Trades drawn on a price chart; of more, those that won or lost the most. */
const MOST_MARKS = 1000;
/** Above so many the marks are drawn small, to leave something of the price. */
const CROWDED = 120;

function linePath(points: readonly Point[], x: Scale, y: Scale): string {
  return points
    .map(
      ({ at, value }, index) => `${index === 0 ? 'M' : 'L'}${fine(x(at))} ${coordinate(y(value))}`,
    )
    .join('');
}

/** The line closed down (or up) to `base`. */
function areaPath(points: readonly Point[], base: number, x: Scale, y: Scale): string {
  const [first, last] = [points[0], points.at(-1)];
  if (first === undefined || last === undefined) return '';
  const floor = coordinate(y(base));
  return `${linePath(points, x, y)}L${fine(x(last.at))} ${floor}L${fine(x(first.at))} ${floor}Z`;
}

function extent(values: Iterable<number>): [number, number] {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  return [low, high];
}

interface Run {
  readonly result: BacktestResult;
  readonly summary: Summary;
}

function equityPoints({ result: { run, equity }, summary }: Run): Point[] {
  return [
    { at: run.from, value: Number(summary.startBalance) },
    ...curvePoints(equity.at, equity.value, run.from, run.to, COLUMNS),
  ];
}

/** Everything of an equity chart but its times. */
function equityPlot(title: string, run: Run, [low, high]: [number, number]): Omit<Plot, 'x'> {
  const start = Number(run.summary.startBalance);
  const points = equityPoints(run);
  return {
    title,
    note: 'dashed: the start balance',
    height: 260,
    y: valueAxis(low, high, (value, step) => plain(value, placesOf(step))),
    shapes: (x, y) =>
      html`<path class="area" d="${areaPath(points, low - (high - low), x, y)}" />
        <path class="base" d="M0 ${coordinate(y(start))}H1000" /><path
          class="line"
          d="${linePath(points, x, y)}"
        />`,
  };
}

export function equityChart(result: BacktestResult, summary: Summary): Markup {
  const run = { result, summary };
  const range = extent(equityPoints(run).map(({ value }) => value));
  const { from, to } = result.run;
  return drawPlot({
    ...equityPlot(`Equity, ${summary.quote}`, run, range),
    ...zoomedTime(from, to),
  });
}

/** Equity in and out of sample side by side, on one scale of money and of time; one below the other on a phone. */
export function equityPair(inSample: Run, outOfSample: Run): Markup {
  const parts = [inSample, outOfSample];
  const range = extent(parts.flatMap(equityPoints).map(({ value }) => value));
  const lengths = parts.map(({ result: { run } }) => run.to - run.from);
  const names = ['In sample', 'Out of sample'];
  return html`<div class="pair" style="--in:${lengths[0] ?? 1}fr;--out:${lengths[1] ?? 1}fr">
    ${parts.map((part, index) => {
      const { from, to } = part.result.run;
      const title = `${names[index] ?? ''}: equity, ${part.summary.quote}`;
      return drawPlot({ ...equityPlot(title, part, range), x: timeAxis(from, to) });
    })}
  </div>`;
}

export function drawdownChart({ run, equity }: BacktestResult, summary: Summary): Markup {
  const curve = drawdownCurve(equity.value, Number(summary.startBalance));
  const points = [
    { at: run.from, value: 0 },
    ...curvePoints(equity.at, curve, run.from, run.to, COLUMNS),
  ];
  const [low] = extent(points.map(({ value }) => value));
  const axis = valueAxis(low, 0, (value, step) => percent(value, placesOf(step * 100)), 3);
  return drawPlot({
    title: 'Drawdown',
    note: 'below the highest equity so far',
    height: 140,
    ...zoomedTime(run.from, run.to),
    y: { ...axis, to: 0 },
    shapes: (x, y) =>
      html`<path class="sunk" d="${areaPath(points, 0, x, y)}" />
        <path class="line loss" d="${linePath(points, x, y)}" />`,
  });
}

/** Candles of one symbol, and its trades from entry to exit. */
export function priceChart({ run, trades }: BacktestResult, series: BarSeries): Markup {
  const far = candlesOf(series, run.from, run.to, MOST_CANDLES);
  const near = candlesOf(series, run.from, run.to, MOST_ZOOMED_CANDLES);
  const own = trades.filter((trade) => trade.symbol === series.symbol);
  const drawn = heaviest(own);
  if (far.candles.length === 0) {
    return html`<p>No bars of ${series.symbol} between the ends of the run.</p>`;
  }
  const [low, high] = extent(far.candles.flatMap((candle) => [candle.low, candle.high]));
  const left =
    own.length === drawn.length
      ? ''
      : `; the ${plain(drawn.length, 0)} largest of ${plain(own.length, 0)}`;
  const same = near.widthMs === far.widthMs;
  return drawPlot({
    title: `${series.symbol}, candles of ${lengthName(far.widthMs)}`,
    note: `${same ? '' : `zoomed in of ${lengthName(near.widthMs)}; `}trades: from the entry (long blue, short orange) to the exit, green where won, red where lost${left}`,
    height: 320,
    ...zoomedTime(run.from, run.to),
    y: valueAxis(low, high, (value, step) => plain(value, placesOf(step)), 5),
    shapes: (x, y) =>
      same
        ? html`${candleShapes(far, x, y)}${tradeMarks(drawn, x, y)}`
        : html`<g class="${zoomClass(1)}">${candleShapes(far, x, y)}</g
            ><g class="${zoomClass(4, 16)}">${candleShapes(near, x, y)}</g
            >${tradeMarks(drawn, x, y)}`,
  });
}

function candleShapes({ candles, widthMs }: Candles, x: Scale, y: Scale): Markup {
  const half = (x(widthMs) - x(0)) * 0.35;
  const centre = (openAt: number): number => x(openAt + widthMs / 2);
  const shapes = (rising: boolean): Markup => {
    const chosen = candles.filter(({ open, close }) => close >= open === rising);
    const wicks = chosen
      .map(
        (bar) =>
          `M${fine(centre(bar.openAt))} ${coordinate(y(bar.high))}V${coordinate(y(bar.low))}`,
      )
      .join('');
    const bodies = chosen
      .map((bar) => {
        const [from, to] = [fine(centre(bar.openAt) - half), fine(centre(bar.openAt) + half)];
        return `M${from} ${coordinate(y(bar.open))}H${to}V${coordinate(y(bar.close))}H${from}Z`;
      })
      .join('');
    const name = rising ? 'up' : 'down';
    return html`<path class="wick ${name}" d="${wicks}" /><path
        class="body ${name}"
        d="${bodies}"
      />`;
  };
  return html`${shapes(true)}${shapes(false)}`;
}

/** `1 d`, `4 h`, `15 min`. */
function lengthName(ms: number): string {
  const minutes = ms / 60_000;
  if (minutes % 1440 === 0) return `${String(minutes / 1440)} d`;
  return minutes % 60 === 0 ? `${String(minutes / 60)} h` : `${String(minutes)} min`;
}

function heaviest(trades: readonly Trade[]): readonly Trade[] {
  if (trades.length <= MOST_MARKS) return trades;
  return trades
    .toSorted((a, b) => Math.abs(Number(b.pnl)) - Math.abs(Number(a.pnl)))
    .slice(0, MOST_MARKS);
}

function tradeMarks(trades: readonly Trade[], x: Scale, y: Scale): Markup {
  const place = (at: number, price: string): string =>
    `${fine(x(at))} ${coordinate(y(Number(price)))}`;
  const closed = trades.filter(isClosed);
  const marks = (chosen: typeof closed, name: string): Markup => {
    const lines = chosen
      .map(
        (trade) =>
          `M${place(trade.entryAt, trade.entryPrice)}L${place(trade.exitAt, trade.exitPrice)}`,
      )
      .join('');
    const exits = chosen.map((trade) => `M${place(trade.exitAt, trade.exitPrice)}h0`).join('');
    return html`<path class="held ${name}" d="${lines}" /><path
        class="ring ${name}"
        d="${exits}"
      /><path class="hole" d="${exits}" />`;
  };
  const entries = (side: Trade['side']): string =>
    trades
      .filter((trade) => trade.side === side)
      .map((trade) => `M${place(trade.entryAt, trade.entryPrice)}h0`)
      .join('');
  return html`<g class="${trades.length > CROWDED ? 'crowded' : ''}"
    >${marks(
      closed.filter((trade) => Number(trade.pnl) > 0),
      'gain',
    )}${marks(
      closed.filter((trade) => Number(trade.pnl) <= 0),
      'loss',
    )}<path class="dot" d="${entries('long')}" /><path class="dot short" d="${entries('short')}"
  /></g>`;
}

const BINS = 40;

/** How many trades returned how much; null without a closed trade. */
export function returnsChart({ trades }: BacktestResult): Markup | null {
  const returns = trades.filter(isClosed).map(tradeReturn);
  if (returns.length === 0) return null;
  // A few extreme trades would squeeze all others into one bar: they count in the outermost bars.
  const [low, high] = [quantile(returns, 0.005), quantile(returns, 0.995)];
  const axis = valueAxis(
    Math.min(low, 0),
    Math.max(high, 0),
    (value, step) => percent(value, placesOf(step * 100)),
    6,
  );
  // Zero is the edge of a bar, so that none mixes wins and losses.
  const width = (axis.to - axis.from) / BINS;
  const first = Math.floor(axis.from / width);
  const counts = Array.from({ length: Math.ceil(axis.to / width) - first }, () => 0);
  for (const value of returns) {
    const bin = Math.min(counts.length - 1, Math.max(0, Math.floor(value / width) - first));
    counts[bin] = (counts[bin] ?? 0) + 1;
  }
  const most = Math.max(...counts);
  const tallest = valueAxis(0, most, (value, step) => (step < 1 ? '' : plain(value, 0)), 3);
  return drawPlot({
    title: 'Returns of trades',
    note: `number of trades by return after fees; the outermost bars hold those beyond`,
    height: 180,
    x: { ...axis, from: first * width, to: (first + counts.length) * width },
    y: { ...tallest, from: 0 },
    shapes: (x, y) => {
      const bars = (wanted: (bin: number) => boolean): string =>
        counts
          .map((count, bin) =>
            count === 0 || !wanted(bin)
              ? ''
              : `M${coordinate(x((first + bin) * width) + 1)} ${coordinate(y(0))}V${coordinate(y(count))}H${coordinate(x((first + bin + 1) * width) - 1)}V${coordinate(y(0))}Z`,
          )
          .join('');
      return html`<path class="bar loss" d="${bars((bin) => first + bin < 0)}" /><path
          class="bar gain"
          d="${bars((bin) => first + bin >= 0)}"
        />`;
    },
  });
}
