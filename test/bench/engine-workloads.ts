/** What the engine's bench runs: a moving-average cross on one market, and ten markets with an hourly view. */
import type { BarSeries } from '../../core/bar-series.ts';
import type { Instrument } from '../../core/instrument.ts';
import { smaNext, smaStart, type SmaState } from '../../core/indicators/sma.ts';
import { intervalMs, type Interval } from '../../core/time.ts';
import { runBacktest } from '../../backtest/engine.ts';
import { type Bar, BaseStrategy, type Context, type Feed } from '../../strategies/base-strategy.ts';
import { defaultRegistry } from '../../strategies/registry.ts';
import { BARS_BEGIN } from '../factories/bars.ts';
import { createInstrument } from '../factories/market.ts';
import { bareLoop } from './bare-loop.ts';

const FAST = 10;
const SLOW = 30;
/** So little that the wallet pays the fees of ten million bars: orders it cannot pay are a different load. */
const QUANTITY = 0.01;
const WALLET = 1_000_000;
const FEE = 0.001;

/** How many fills a run made: asked for apart, for the engine makes the list of them when it is. */
export type CountFills = () => number;

/** A walk on the cent, straight into columns: ten million bars as objects would be what is measured. */
export function walk(symbol: string, interval: Interval, length: number, seed = 1): BarSeries {
  const column = (): Float64Array => new Float64Array(length);
  const series = {
    ...{ exchange: 'binance', symbol, interval, length, openAt: column(), open: column() },
    ...{ high: column(), low: column(), close: column(), volume: column() },
  };
  const lengthMs = intervalMs(interval);
  let state = seed;
  const random = (): number => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
  let cents = 4_000_000;
  for (let index = 0; index < length; index += 1) {
    const open = cents;
    // Held between 10,000 and 90,000, so that the wallet lasts and no price is below zero.
    cents += Math.round((random() - 0.5) * 8_000);
    cents = Math.min(Math.max(cents, 1_000_000), 9_000_000);
    series.openAt[index] = BARS_BEGIN + index * lengthMs;
    series.open[index] = open / 100;
    series.high[index] = (Math.max(open, cents) + Math.round(random() * 1_000)) / 100;
    series.low[index] = (Math.min(open, cents) - Math.round(random() * 1_000)) / 100;
    series.close[index] = cents / 100;
    series.volume[index] = Math.round(random() * 100_000) / 10_000;
  }
  return series;
}

function instrumentOf(symbol: string): Instrument {
  const base = symbol.replace('/USDT', '');
  const rates = { makerFeeRate: String(FEE), takerFeeRate: String(FEE) };
  return createInstrument({ symbol, venueSymbol: `${base}USDT`, base, ...rates });
}

/** SMA(10) over SMA(30), long only, in the bare loop. */
export function crossBare(series: BarSeries): CountFills {
  const terms = { fast: FAST, slow: SLOW, quantity: QUANTITY, fee: FEE, wallet: WALLET };
  const { fills } = bareLoop(series, terms);
  return () => fills;
}

/** The same in the engine, by the registered template. */
export function crossKeel(series: BarSeries): CountFills {
  const config = { fast: FAST, slow: SLOW, quantity: QUANTITY };
  const result = runBacktest({
    strategy: defaultRegistry().create('sma-cross', config),
    strategyType: 'sma-cross',
    exchange: series.exchange,
    series: [series],
    instruments: { [series.symbol]: instrumentOf(series.symbol) },
    wallet: String(WALLET),
  });
  return () => result.fills.length;
}

type HourlyState = { readonly averages: Record<string, SmaState>; readonly above: Record<string, boolean> };

/** Long while the last five minutes closed above the average of 24 hours. */
class HourlyTrend extends BaseStrategy<readonly string[], HourlyState> {
  feeds(): readonly Feed[] {
    return this.config.flatMap((symbol): Feed[] => [
      { exchange: 'binance', symbol, interval: '5m', warmup: 1 },
      { exchange: 'binance', symbol, interval: '1h', warmup: 24 },
    ]);
  }

  initialState(): HourlyState {
    return { averages: Object.fromEntries(this.config.map((symbol) => [symbol, smaStart(24)])), above: {} };
  }

  override onKline(bar: Bar, { symbol, interval }: Feed, ctx: Context<HourlyState>): void {
    const average = ctx.state.averages[symbol];
    if (average === undefined) return;
    if (interval === '1h') {
      smaNext(average, bar.close);
      return;
    }
    if (average.window.length < average.period) return;
    const above = bar.close > average.sum / average.period;
    if (ctx.state.above[symbol] === above) return;
    ctx.state.above[symbol] = above;
    ctx.target(symbol, above ? { qty: '0.1' } : 'flat', { tag: above ? 'above' : 'below' });
  }
}

/** Ten markets of 5m bars with an hourly view, one strategy. */
export function tenMarkets(series: readonly BarSeries[]): CountFills {
  const symbols = series.map(({ symbol }) => symbol);
  const result = runBacktest({
    strategy: new HourlyTrend(symbols),
    strategyType: 'hourly-trend',
    exchange: 'binance',
    series,
    instruments: Object.fromEntries(symbols.map((symbol) => [symbol, instrumentOf(symbol)])),
    wallet: String(WALLET),
  });
  return () => result.fills.length;
}
