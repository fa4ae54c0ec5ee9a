/**
 * The manager: from the events of orders.* and market.* it derives what people look at (balances, trades,
 * equity) and keeps the latest prices in the cache.
 */
import { ACCOUNT_RECONCILED, MARKET, ORDER } from '../adapters/bus/messages.ts';
import {
  ALL_ACCOUNTS,
  ALL_MARKETS,
  ALL_ORDERS,
  orderTopics,
  systemTopic,
} from '../adapters/bus/topics.ts';
import type { House } from './house.ts';
import { createPortfolioKeeper } from './portfolio.ts';
import { runProcess, type Running } from './run-process.ts';

export async function startManager(house: House): Promise<Running> {
  const { adapters, bus } = house;
  const keeper = createPortfolioKeeper(house);
  for (const { exchange, accountId } of adapters.values()) {
    await bus.ensureTopics([...orderTopics(exchange), systemTopic('account', accountId)]);
  }
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
  const accounts = await bus.subscribe({
    group: 'manager-account',
    topics: ALL_ACCOUNTS,
    kind: ACCOUNT_RECONCILED,
    handle: ({ message }) => keeper.onReconciled(message.data),
  });
  return {
    async stop() {
      await Promise.all([orders.close(), markets.close(), accounts.close()]);
    },
  };
}

if (import.meta.main) await runProcess('manager', startManager);
