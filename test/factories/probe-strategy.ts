/** Strategies made of a few handlers, and runners for them. */
import type { Kline } from '../../core/kline.ts';
import { BaseStrategy, type Feed, type Standing } from '../../strategies/base-strategy.ts';
import type { Json } from '../../core/json.ts';
import { type RunnerOptions, type RunnerResult, StrategyRunner } from '../../strategies/runner.ts';
import { createKline, T0 } from './market.ts';

export const MINUTE = 60_000;
export const FEED: Feed = { exchange: 'binance', symbol: 'BTC/USDT', interval: '1m', warmup: 3 };
export const FIVE: Feed = { ...FEED, interval: '5m', warmup: 2 };
export const ETH: Feed = { ...FEED, symbol: 'ETH/USDT' };
export const STANDING: Standing = {
  positions: {},
  openOrders: [],
  freeFunds: '1000',
  allocation: '1000',
};

type Handlers = Pick<BaseStrategy, 'onKline' | 'onSlice' | 'onMarketData' | 'onOrderUpdate'>;

export function strategyOf(
  handlers: Handlers,
  feeds: readonly Feed[] = [FEED],
  initial: Json = null,
): BaseStrategy {
  class Probe extends BaseStrategy {
    feeds(): readonly Feed[] {
      return feeds;
    }
    initialState(): Json {
      return initial;
    }
  }
  return Object.assign(new Probe(null), handlers);
}

export function runnerOf(
  strategy: BaseStrategy,
  options: Partial<RunnerOptions> = {},
): StrategyRunner {
  return new StrategyRunner({
    strategy,
    strategyId: 's1',
    strategyType: 'probe',
    runId: 'run-1',
    accountId: 'acc',
    exchange: 'binance',
    ...options,
  });
}

export function bar(at: number, close = '100', overrides: Partial<Kline> = {}): Kline {
  return createKline({ openAt: T0 + at * MINUTE, close, ...overrides });
}

export function handled(result: RunnerResult): Extract<RunnerResult, { kind: 'handled' }> {
  if (result.kind !== 'handled') throw new Error(`expected handled, got ${result.kind}`);
  return result;
}
