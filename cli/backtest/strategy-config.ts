/** A strategy's configuration with its market filled in from the data. */
import type { BarSeries } from '../../core/bar-series.ts';
import { KeelError } from '../../core/errors.ts';
import { symbol as unifiedSymbol } from '../../core/symbol.ts';
import { interval as intervals, type Interval } from '../../core/time.ts';
import { feedKey, type BaseStrategy, type StrategyClass } from '../../strategies/base-strategy.ts';
import type { Wanted } from './market-data.ts';
import { parametersOf } from './parameters.ts';

type Parameters = Readonly<Record<string, unknown>>;

/** What the configuration says of its market, where no data was named. */
export function wantedMarket(
  strategy: StrategyClass,
  parameters: Parameters,
  interval: Interval | undefined,
): Wanted {
  const value = (name: string): unknown =>
    parameters[name] ??
    parametersOf(strategy).find((parameter) => parameter.name === name)?.default;
  const length = intervals.safeParse(interval ?? value('interval'));
  const exchange = value('exchange');
  const named = symbolNames(strategy).map(value);
  const symbols = Array.isArray(value('symbols')) ? (value('symbols') as unknown[]) : named;
  return {
    exchange: typeof exchange === 'string' ? exchange : 'binance',
    symbols: symbols.filter((text) => typeof text === 'string'),
    interval: length.success ? length.data : '1m',
  };
}

/** The parameters that name one symbol each: their default is one. */
function symbolNames(strategy: StrategyClass): string[] {
  return parametersOf(strategy)
    .filter((parameter) => unifiedSymbol.safeParse(parameter.default).success)
    .map(({ name }) => name);
}

/**
 * The parameters with exchange, interval and symbols of the data where they are not given. A symbol that is
 * configured stays where there is data of it; the others are taken in the order of the data.
 */
export function marketParameters(
  strategy: StrategyClass,
  parameters: Parameters,
  series: readonly BarSeries[],
  interval: Interval | undefined,
): Record<string, unknown> {
  const known = parametersOf(strategy);
  const settable = (name: string): boolean =>
    parameters[name] === undefined && known.some((parameter) => parameter.name === name);
  const symbols = series.map(({ symbol }) => symbol);
  const result: Record<string, unknown> = { ...parameters };
  if (settable('exchange')) result['exchange'] = series[0]?.exchange;
  if (settable('interval')) result['interval'] = interval ?? series[0]?.interval;
  if (settable('symbols')) result['symbols'] = symbols;
  const names = symbolNames(strategy);
  const taken = new Set(names.map((name) => parameters[name]));
  const open = names.filter(settable).filter((name) => {
    const fallback = known.find((parameter) => parameter.name === name)?.default;
    if (typeof fallback !== 'string' || !symbols.includes(fallback) || taken.has(fallback))
      return true;
    taken.add(fallback);
    return false;
  });
  const left = symbols.filter((symbol) => !taken.has(symbol));
  for (const [index, name] of open.entries()) {
    if (left[index] !== undefined) result[name] = left[index];
  }
  return result;
}

/** Every feed has its data, and all data a feed. Throws INVALID_INPUT naming what has not. */
export function checkFeeds(
  type: string,
  strategy: BaseStrategy,
  series: readonly BarSeries[],
): void {
  const feeds = strategy.feeds();
  const same = (a: Pick<BarSeries, 'exchange' | 'symbol'>, b: typeof a): boolean =>
    a.exchange === b.exchange && a.symbol === b.symbol;
  const there = series.map(({ exchange, symbol }) => `${exchange} ${symbol}`).join(', ');
  const dry = feeds.find((feed) => !series.some((one) => same(one, feed)));
  if (dry !== undefined) {
    throw new KeelError(
      'INVALID_INPUT',
      `${type} wants bars of ${feedKey(dry)}, and the data is of ${there}: give data of it, or --set another`,
    );
  }
  const idle = series.filter((one) => !feeds.some((feed) => same(one, feed)));
  if (idle.length > 0) {
    throw new KeelError(
      'INVALID_INPUT',
      `${type} as it is configured takes no bars of ${idle.map(({ symbol }) => symbol).join(', ')}: run one backtest a symbol`,
    );
  }
}
