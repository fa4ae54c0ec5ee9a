/** Many runs of one strategy over the same data, and what is asked of each. All of it passes between threads. */
import { mapColumns, sliceSeries, type BarSeries } from '../../core/bar-series.ts';
import type { StrategyRegistry } from '../../strategies/registry.ts';
import { runBacktest } from '../engine.ts';
import { fundingAux } from '../funding-aux.ts';
import type { BacktestInput } from '../input.ts';
import { summarise, type Summary } from '../metrics.ts';
import { dailyReturns } from '../metrics/returns.ts';
import { plainResult, type BacktestResult } from '../result.ts';
import { sharpeSample, type SharpeSample } from '../statistics.ts';
import { observe } from './observe.ts';

/** Values of a strategy's parameters. */
export type Parameters = Readonly<Record<string, unknown>>;

export interface Study {
  /** Strategies ask for its funding rates as auxiliary data. */
  readonly input: Omit<BacktestInput, 'strategy' | 'aux'>;
  /** What is the same in all runs; those of a request go before it. */
  readonly parameters: Parameters;
  /** Files and folders with strategies of the user's own. */
  readonly strategyPaths: readonly string[];
}

export interface RunRequest {
  readonly parameters: Parameters;
  readonly from?: number;
  readonly to?: number;
  /** Quote at the start; the study's where not given. */
  readonly wallet?: string;
  /** Bars before `from`; as many as the feeds ask for where not given. */
  readonly warmupBars?: number;
  /** The run is given a copy of the data up to here, ms UTC: what follows is not in its memory at all. */
  readonly dataTo?: number;
  readonly wants: 'summary' | 'result' | 'signals';
}

/** One thing a strategy asked for, as far as it does not depend on what came later. */
export interface AskedSignal {
  /** Market time, ms UTC. */
  readonly at: number;
  readonly symbol: string;
  readonly side: string | null;
  readonly type: string;
  readonly price: string | null;
  readonly quantity: string;
  readonly tag: string;
  /** Asked for when told of an order, inside a bar; else at a close. */
  readonly onOrder: boolean;
}

export interface RunAnswer {
  readonly summary: Summary;
  /** Of daily returns; null under 10 days or where all are equal. */
  readonly sharpeSample: SharpeSample | null;
  /** Where the request wants it. */
  readonly result?: BacktestResult;
  readonly signals?: readonly AskedSignal[];
}

/** Runs one request in this thread. Throws as `runBacktest` and `StrategyRegistry.create`. */
export function answer(registry: StrategyRegistry, study: Study, request: RunRequest): RunAnswer {
  const { input, parameters } = study;
  const { dataTo } = request;
  const strategy = registry.create(input.strategyType, { ...parameters, ...request.parameters });
  const askedOnOrder = observe(strategy);
  const cut = (series: readonly BarSeries[]): BarSeries[] =>
    series.map((one) => copyOf(sliceSeries(one, -Infinity, dataTo ?? Infinity)));
  const result = runBacktest({
    ...input,
    ...(request.from === undefined ? {} : { from: request.from }),
    ...(request.to === undefined ? {} : { to: request.to }),
    ...(request.wallet === undefined ? {} : { wallet: request.wallet }),
    ...(request.warmupBars === undefined ? {} : { warmupBars: request.warmupBars }),
    ...(dataTo === undefined ? {} : { series: cut(input.series) }),
    ...(dataTo === undefined || input.detail === undefined ? {} : { detail: cut(input.detail) }),
    ...(input.funding === undefined ? {} : { aux: fundingAux(input.funding, input.exchange) }),
    strategy,
  });
  return {
    summary: summarise(result),
    sharpeSample: sharpeSample(dailyReturns(result.equity, Number(result.run.wallet))),
    ...(request.wants === 'result' ? { result: plainResult(result) } : {}),
    ...(request.wants === 'signals' ? { signals: signalsOf(result, askedOnOrder) } : {}),
  };
}

function signalsOf(result: BacktestResult, askedOnOrder: ReadonlySet<string>): AskedSignal[] {
  return result.orders.map((order) => ({
    at: order.askedAt,
    symbol: order.symbol,
    side: order.side,
    type: order.type,
    price: order.price,
    quantity: order.quantity,
    tag: order.tag,
    onOrder: askedOnOrder.has(order.orderId),
  }));
}

/** A view shares memory with the bars after its end, and a strategy can reach it. */
function copyOf(series: BarSeries): BarSeries {
  return mapColumns(series, (column) => column.slice());
}

/** The study with its bars in memory that threads share instead of copying. */
export function shared(study: Study): Study {
  const { series, detail } = study.input;
  return {
    ...study,
    input: {
      ...study.input,
      series: series.map(sharedSeries),
      ...(detail === undefined ? {} : { detail: detail.map(sharedSeries) }),
    },
  };
}

function sharedSeries(series: BarSeries): BarSeries {
  return mapColumns(series, (column) => {
    const copy = new Float64Array(new SharedArrayBuffer(column.byteLength));
    copy.set(column);
    return copy;
  });
}
