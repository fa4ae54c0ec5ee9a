/**
 * The manager: from the events of orders.* and market.* it derives what people look at (balances, trades,
 * equity) and keeps the latest prices in the cache.
 */
import { MARKET, ORDER } from '../adapters/bus/messages.ts';
import { ALL_MARKETS, ALL_ORDERS, orderTopics } from '../adapters/bus/topics.ts';
import type { House } from './house.ts';
import { createPortfolioKeeper } from './portfolio.ts';
import { runProcess, type Running } from './run-process.ts';

export async function startManager(house: House): Promise<Running> {
  const { adapters, bus } = house;
  const keeper = createPortfolioKeeper(house);
  for (const { exchange } of adapters.values()) await bus.ensureTopics(orderTopics(exchange));
  const markets = await bus.subscribe({
    group: 'manager-market',
    topics: ALL_MARKETS,
    kind: MARKET,
    handle: ({ message }) => keeper.onMarket(message.data),
  });
  const orders = await bus.subscribe({
    group: 'manager',
    topics: ALL_ORDERS,
    kind: ORDER,
    handle: ({ message }) => keeper.onOrder(message.data),
  });
  return {
    async stop() {
      await Promise.all([orders.close(), markets.close()]);
    },
  };
}

if (import.meta.main) await runProcess('manager', startManager);
