/**
 * Reading orders, and `createOrderRepository`, which puts that together with admit-order.ts, order-events.ts,
 * legs.ts and record-leg.ts.
 */
import type { Fill } from '../../core/fill.ts';
import type { Instrument } from '../../core/instrument.ts';
import type { OrderView } from '../../core/order.ts';
import type { OrderEvent, OrderQuery, OrderRepository } from '../order-repository.ts';
import { admitOrder } from './admit-order.ts';
import { awaitApproval, recordApproval } from './approvals.ts';
import type { Queryable } from './database.ts';
import { claimSend, prepareLeg, readLeg, releaseSend } from './legs.ts';
import { recordEvent, recordRisk, settleOrder } from './order-events.ts';
import {
  orderNotFound,
  readOrderView,
  selectOrderViews,
  toFill,
  toOrderView,
} from './order-views.ts';
import { recordLeg } from './record-leg.ts';
import { readRiskContext } from './risk-context.ts';
import { readRoutingFacts, recordRoute } from './routing.ts';

function selectEvents(db: Queryable, orderId: string) {
  return db.selectFrom('order_events').selectAll().where('order_id', '=', orderId);
}

function toOrderEvent(row: {
  order_id: string;
  version: number;
  status: OrderEvent['status'];
  event: unknown;
  at: number;
}): OrderEvent {
  return {
    orderId: row.order_id,
    version: row.version,
    status: row.status,
    event: row.event as OrderView,
    at: row.at,
  };
}

async function listOrders(db: Queryable, query: OrderQuery): Promise<readonly OrderView[]> {
  let select = selectOrderViews(db)
    .orderBy('orders.created_at', 'desc')
    .orderBy('orders.order_id', 'desc')
    .limit(query.limit);
  if (query.strategyId !== undefined) {
    select = select.where('orders.strategy_id', '=', query.strategyId);
  }
  if (query.status !== undefined) select = select.where('orders.status', '=', query.status);
  if (query.symbol !== undefined) select = select.where('orders.symbol', '=', query.symbol);
  if (query.open === true) select = select.where('orders.finished_at', 'is', null);
  if (query.open === false) select = select.where('orders.finished_at', 'is not', null);
  if (query.after !== undefined) {
    const last = await db
      .selectFrom('orders')
      .select(['created_at', 'order_id'])
      .where('order_id', '=', query.after)
      .executeTakeFirst();
    if (last === undefined) throw orderNotFound(query.after);
    select = select.where((eb) =>
      eb(
        eb.refTuple('orders.created_at', 'orders.order_id'),
        '<',
        eb.tuple(last.created_at, last.order_id),
      ),
    );
  }
  return (await select.execute()).map(toOrderView);
}

async function orderFills(db: Queryable, orderId: string): Promise<readonly Fill[]> {
  const rows = await db
    .selectFrom('fills')
    .selectAll()
    .where('order_id', '=', orderId)
    .orderBy('executed_at')
    .orderBy('venue_trade_id')
    .execute();
  return rows.map(toFill);
}

export interface OrderOptions {
  readonly marketBuyBuffer: string;
  readonly approvalNotional: string | null;
  /** Wall clock, ms. */
  readonly now: () => number;
}

export function createOrderRepository(db: Queryable, options: OrderOptions): OrderRepository {
  const { approvalNotional, marketBuyBuffer, now } = options;
  return {
    admit: (input) => admitOrder(db, input, { marketBuyBuffer, now }),
    riskContext: (orderId: string, instrument: Instrument, marketTime: number) =>
      readRiskContext(db, orderId, instrument, marketTime, approvalNotional),
    recordRisk: (orderId, report) => recordRisk(db, orderId, report, now()),
    routingFacts: (orderId) => readRoutingFacts(db, orderId),
    recordRoute: (orderId, route) => recordRoute(db, orderId, route),
    awaitApproval: (orderId, due) => awaitApproval(db, orderId, due, now()),
    recordApproval: (orderId, decision) => recordApproval(db, orderId, decision, now()),
    prepareLeg: (leg) => prepareLeg(db, leg, now()),
    getLeg: (id) => readLeg(db, id),
    claimSend: (id, deadline, marketTime) => claimSend(db, id, deadline, marketTime, now()),
    releaseSend: (id, deadline) => releaseSend(db, id, deadline, now()),
    recordLeg: (update) => recordLeg(db, update, now()),
    settle: (orderId, final) => settleOrder(db, orderId, final, now()),
    recordEvent: (orderId, version, change) => recordEvent(db, orderId, version, now(), change),
    getOrder: (orderId) => readOrderView(db, orderId),
    listOrders: (query) => listOrders(db, query),
    orderEvents: async (orderId) =>
      (await selectEvents(db, orderId).orderBy('version').execute()).map(toOrderEvent),
    orderFills: (orderId) => orderFills(db, orderId),
  };
}
