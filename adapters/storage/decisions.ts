/** What was decided on orders, with the inputs, oldest first: what `keel replay --since` decides again. */
import type { RecordedDecision } from '../../core/decision.ts';
import type { DecisionQuery, DecisionRepository } from '../decision-repository.ts';
import type { Queryable } from './database.ts';
import { orderNotFound } from './order-views.ts';

async function listDecisions(
  db: Queryable,
  query: DecisionQuery,
): Promise<readonly RecordedDecision[]> {
  let select = db
    .selectFrom('orders')
    .select(['order_id', 'strategy_id', 'symbol', 'created_at', 'signal', 'admission', 'risk'])
    .where('created_at', '>=', query.since)
    .where('created_at', '<=', query.until)
    .orderBy('created_at')
    .orderBy('order_id')
    .limit(query.limit);
  if (query.after !== undefined) {
    const last = await db
      .selectFrom('orders')
      .select(['created_at', 'order_id'])
      .where('order_id', '=', query.after)
      .executeTakeFirst();
    if (last === undefined) throw orderNotFound(query.after);
    select = select.where((eb) =>
      eb(eb.refTuple('created_at', 'order_id'), '>', eb.tuple(last.created_at, last.order_id)),
    );
  }
  return (await select.execute()).map((row) => ({
    orderId: row.order_id,
    strategyId: row.strategy_id,
    symbol: row.symbol,
    decidedAt: row.created_at,
    signal: row.signal,
    admission: row.admission,
    risk: row.risk,
  }));
}

export function createDecisionRepository(db: Queryable): DecisionRepository {
  return { list: (query) => listDecisions(db, query) };
}
