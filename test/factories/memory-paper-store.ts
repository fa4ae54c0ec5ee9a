/** The paper venue's books in memory. */
import type { Json } from '../../core/json.ts';
import type { PaperStore } from '../../adapters/repositories.ts';

interface Account {
  orders: Map<string, Json>;
  balances: Map<string, string>;
}

export function createMemoryPaperStore(): PaperStore {
  const accounts = new Map<string, Account>();
  const account = (id: string): Account => {
    const known = accounts.get(id) ?? {
      orders: new Map<string, Json>(),
      balances: new Map<string, string>(),
    };
    accounts.set(id, known);
    return known;
  };
  return {
    load: (accountId, clientOrderId) =>
      Promise.resolve(account(accountId).orders.get(clientOrderId) ?? null),
    list: (accountId) => Promise.resolve([...account(accountId).orders.values()]),
    transact(accountId, change) {
      const stored = account(accountId);
      // A copy, kept only when the change came through: all or nothing.
      const books = { orders: new Map(stored.orders), balances: new Map(stored.balances) };
      return new Promise((resolve) => {
        const result = change(books);
        accounts.set(accountId, books);
        resolve(result);
      });
    },
  };
}
