/** Guards for tests: long, 2 % stop-loss and 5 % take-profit, not looked at yet. */
import type { Guard } from '../../core/guard.ts';
import { NO_LEVELS } from '../../core/guard-levels.ts';
import { T0 } from './market.ts';

export function createGuard(overrides: Partial<Guard> = {}): Guard {
  return {
    strategyId: 's1',
    strategyType: 'sma-cross',
    accountId: 'test',
    exchange: 'binance',
    symbol: 'BTC/USDT',
    spec: { stopLoss: { fraction: '0.02' }, takeProfit: { fraction: '0.05' } },
    state: 'arming',
    ending: null,
    side: null,
    quantity: '0',
    levels: NO_LEVELS,
    bestPrice: '100',
    generation: 0,
    ordersMade: 0,
    order: null,
    exit: null,
    clearing: false,
    failures: 0,
    retryAt: null,
    reason: null,
    openedAt: T0,
    ...overrides,
  };
}
