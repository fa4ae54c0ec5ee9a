/** Results of backtests for tests, made up by formula: nothing was traded. */
import type { BarSeries } from '../../core/bar-series.ts';
import type {
  BacktestFill,
  BacktestOrder,
  BacktestResult,
  EquityCurve,
} from '../../backtest/result.ts';
import type { Trade } from '../../core/trade.ts';
import { createFill, T0 } from './market.ts';

const HOUR = 3_600_000;

/** An equity curve of the values given, one a bar of `barMs` from `from`, with nothing invested. */
export function createCurve(
  values: readonly number[],
  { from = T0, barMs = HOUR, invested = 0 } = {},
): EquityCurve {
  return {
    at: Float64Array.from(values, (_, bar) => from + (bar + 1) * barMs),
    value: Float64Array.from(values),
    invested: new Float64Array(values.length).fill(invested),
  };
}

/** A closed long trade of 1 BTC that entered at 100 and lasted an hour; exit price and P&L agree unless said. */
export function createTrade(overrides: Partial<Trade> = {}): Trade {
  const entryAt = overrides.entryAt ?? T0;
  return {
    symbol: 'BTC/USDT',
    tradeNumber: 1,
    side: 'long',
    entryAt,
    exitAt: entryAt + HOUR,
    entryTag: 'golden-cross',
    exitTag: 'death-cross',
    quantity: '1',
    entryPrice: '100',
    exitPrice: '110',
    pnl: '10',
    fees: '0',
    mae: null,
    mfe: null,
    ...overrides,
  };
}

/** A filled market buy of 1 BTC, asked for at T0. */
export function createOrder(overrides: Partial<BacktestOrder> = {}): BacktestOrder {
  return {
    orderId: 'order-1',
    symbol: 'BTC/USDT',
    side: 'buy',
    type: 'market',
    price: null,
    quantity: '1',
    filledQuantity: '1',
    state: 'done',
    status: 'filled',
    reasonCode: null,
    reason: null,
    tag: 'golden-cross',
    askedAt: T0,
    endedAt: T0 + 60_000,
    ...overrides,
  };
}

/** A run of hourly bars from T0 that started with 10 000 USDT; its end follows from the equity curve. */
export function createResult(
  overrides: Partial<Omit<BacktestResult, 'run'>> & {
    readonly run?: Partial<BacktestResult['run']>;
  } = {},
): BacktestResult {
  const { run, ...rest } = overrides;
  const equity = overrides.equity ?? createCurve([10_000, 10_100, 10_050]);
  const from = run?.from ?? T0;
  return {
    orders: [],
    fills: [],
    trades: [],
    markets: [{ symbol: 'BTC/USDT', bars: equity.at.length, firstPrice: 100, lastPrice: 110 }],
    ambiguousBars: 0,
    bounds: null,
    slippagePaid: '0',
    funding: '0',
    notices: [],
    ...rest,
    equity,
    run: {
      strategyType: 'sma-cross',
      config: { fast: 10, slow: 30 },
      exchange: 'binance',
      symbols: ['BTC/USDT'],
      interval: '1h',
      from,
      to: equity.at.at(-1) ?? from,
      quote: 'USDT',
      wallet: '10000',
      finalEquity: String(equity.value.at(-1) ?? 10_000),
      ...run,
    },
  };
}

/** The two fills of a closed trade. */
function fillsOf(trade: Trade): BacktestFill[] {
  const fill = (entry: boolean): BacktestFill => ({
    ...createFill({
      symbol: trade.symbol,
      venueTradeId: `${String(trade.tradeNumber)}-${entry ? 'in' : 'out'}`,
      side: entry === (trade.side === 'long') ? 'buy' : 'sell',
      quantity: trade.quantity,
      price: (entry ? trade.entryPrice : trade.exitPrice) ?? trade.entryPrice,
      feeAmount: '0.5',
      feeAsset: 'USDT',
      executedAt: (entry ? trade.entryAt : trade.exitAt) ?? trade.entryAt,
    }),
    tag: (entry ? trade.entryTag : trade.exitTag) ?? '',
  });
  return trade.exitAt === null ? [fill(true)] : [fill(true), fill(false)];
}

/**
 * A long run with trades that win and lose in two symbols, and its bars: what reports are looked at with.
 * @param bars hourly from 2024-01-01; each trade spans twelve of them
 */
export function createLongRun(bars: number): { result: BacktestResult; series: BarSeries[] } {
  const from = Date.UTC(2024, 0, 1);
  const series = [
    createSeries('BTC/USDT', bars, from, 42_000),
    createSeries('ETH/USDT', bars, from, 2_300),
  ];
  const trades: Trade[] = [];
  const value = new Float64Array(bars);
  const invested = new Float64Array(bars);
  let cash = 10_000;
  for (let bar = 0; bar < bars; bar += 1) {
    const number = Math.floor(bar / 16);
    const inTrade = bar % 16 >= 2 && bar % 16 < 14;
    const market = series[number % 2]!;
    const entry = number * 16 + 2;
    const short = number % 5 === 4;
    const quantity = 4_000 / market.close[Math.min(entry, bars - 1)]!;
    const move = inTrade ? market.close[bar]! - market.close[entry]! : 0;
    value[bar] = cash + quantity * (short ? -move : move);
    invested[bar] = inTrade ? 4_000 + Math.abs(quantity * move) : 0;
    if (bar % 16 === 13 || (inTrade && bar === bars - 1)) {
      const closed = bar % 16 === 13;
      const pnl = (value[bar]! - cash - 1).toFixed(4);
      trades.push(
        createTrade({
          symbol: market.symbol,
          tradeNumber: trades.length + 1,
          side: short ? 'short' : 'long',
          entryAt: market.openAt[entry]! + HOUR,
          exitAt: closed ? market.openAt[bar]! + HOUR : null,
          entryTag: short ? 'death-cross' : number % 3 === 0 ? 'breakout' : 'golden-cross',
          exitTag: closed ? (number % 4 === 0 ? 'stop-loss' : 'cross-back') : null,
          quantity: quantity.toFixed(5),
          entryPrice: market.close[entry]!.toFixed(2),
          exitPrice: closed ? market.close[bar]!.toFixed(2) : null,
          pnl: closed ? pnl : null,
          fees: '1',
        }),
      );
      if (closed) cash += Number(pnl);
    }
  }
  const equity = {
    at: Float64Array.from(series[0]!.openAt, (at) => at + HOUR),
    value,
    invested,
  };
  const result = createResult({
    equity,
    trades,
    fills: trades.flatMap(fillsOf),
    orders: [
      createOrder(),
      createOrder({ orderId: 'order-2', state: 'denied', reasonCode: 'RISK_BALANCE' }),
      createOrder({ orderId: 'order-3', state: 'expired', filledQuantity: '0' }),
    ],
    markets: series.map((market) => ({
      symbol: market.symbol,
      bars,
      firstPrice: market.open[0]!,
      lastPrice: market.close[bars - 1]!,
    })),
    ambiguousBars: 3,
    bounds: { best: (value.at(-1)! + 40).toFixed(2), worst: (value.at(-1)! - 55).toFixed(2) },
    slippagePaid: '12.345678',
    notices: ['Ticks are not simulated: onMarketData was never called.'],
    run: { symbols: series.map(({ symbol }) => symbol), from },
  });
  return { result, series };
}

/** Hourly bars of waves on a slow climb. */
export function createSeries(symbol: string, bars: number, from: number, start: number): BarSeries {
  const close = Float64Array.from(
    { length: bars },
    (_, bar) =>
      start *
      (1 +
        0.08 * Math.sin(bar / 400) +
        0.015 * Math.sin(bar / 23 + start) +
        0.006 * Math.sin(bar * 1.9) +
        (0.2 * bar) / bars),
  );
  const open = close.map((_, bar) => close[Math.max(bar - 1, 0)]!);
  return {
    exchange: 'binance',
    symbol,
    interval: '1h',
    length: bars,
    openAt: Float64Array.from({ length: bars }, (_, bar) => from + bar * HOUR),
    open,
    high: close.map((value, bar) => Math.max(value, open[bar]!) * 1.002),
    low: close.map((value, bar) => Math.min(value, open[bar]!) * 0.998),
    close,
    volume: new Float64Array(bars).fill(1),
  };
}
