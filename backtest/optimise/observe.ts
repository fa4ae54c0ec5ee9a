/** Which signals a strategy asked for when it was told of an order. */
import type { BaseStrategy } from '../../strategies/base-strategy.ts';
import { StrategyContext } from '../../strategies/context.ts';

/** Watches a strategy from now on. The set holds ids of signals and grows as it runs. */
export function observe(strategy: BaseStrategy): ReadonlySet<string> {
  const asked = new Set<string>();
  if (strategy.onOrderUpdate === undefined) return asked;
  const original = strategy.onOrderUpdate.bind(strategy);
  strategy.onOrderUpdate = (order, ctx) => {
    const before = ctx instanceof StrategyContext ? ctx.requests.length : 0;
    original(order, ctx);
    if (!(ctx instanceof StrategyContext)) return;
    for (const { id } of ctx.requests.slice(before)) asked.add(id);
  };
  return asked;
}
