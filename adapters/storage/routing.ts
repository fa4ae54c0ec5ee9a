/** What an order's route is chosen by, and the route once it is chosen. */
import { KeelError } from '../../core/errors.ts';
import { accountsOf } from '../../core/execution/plan.ts';
import type { Route } from '../../core/execution/route.ts';
import { parseSymbol } from '../../core/symbol.ts';
import type { RoutingFacts } from '../order-repository.ts';
import { canonical, canonicalOrNull } from './amounts.ts';
import type { Queryable } from './database.ts';
import { accountFree } from './funds.ts';
import { orderNotFound } from './order-views.ts';

/** Throws NOT_FOUND. */
export async function readRoutingFacts(db: Queryable, orderId: string): Promise<RoutingFacts> {
  return db
    .transaction()
    .setIsolationLevel('repeatable read')
    .setAccessMode('read only')
    .execute(async (trx) => {
      const order = await trx
        .selectFrom('orders')
        .selectAll()
        .where('order_id', '=', orderId)
        .executeTakeFirst();
      if (order === undefined) throw orderNotFound(orderId);
      const parts = await trx
        .selectFrom('positions')
        .select(['account_id', 'quantity'])
        .where('strategy_id', '=', order.strategy_id)
        .where('symbol', '=', order.symbol)
        .where('quantity', '<>', '0')
        .orderBy('account_id')
        .execute();
      const free: Record<string, string> = {};
      for (const accountId of accountsOf(order.signal.execution)) {
        const { quote } = parseSymbol(order.symbol);
        free[accountId] = await accountFree(trx, accountId, quote, orderId);
      }
      return {
        signal: order.signal,
        side: order.side,
        quantity: canonical(order.quantity),
        price: canonicalOrNull(order.price),
        reducing: order.reducing,
        reservePrice: canonical(order.reserve_price),
        holdings: parts.map(({ account_id, quantity }) => ({
          accountId: account_id,
          quantity: canonical(quantity),
        })),
        free,
        route: order.route,
      };
    });
}

/** Stores the order's route unless there is one; returns the one that is there. Throws NOT_FOUND. */
export async function recordRoute(db: Queryable, orderId: string, route: Route): Promise<Route> {
  await db
    .updateTable('orders')
    .set({ route: JSON.stringify(route) })
    .where('order_id', '=', orderId)
    .where('route', 'is', null)
    .execute();
  const row = await db
    .selectFrom('orders')
    .select('route')
    .where('order_id', '=', orderId)
    .executeTakeFirst();
  if (row === undefined) throw orderNotFound(orderId);
  if (row.route === null) throw new KeelError('INTERNAL', `order ${orderId} has lost its route`);
  return row.route;
}
