/**
 * Orders after their admission: risk, events, settling, reading. `createOrderRepository` puts them together
 * with admit-order.ts, legs.ts and record-leg.ts.
 */
import { KeelError } from '../../core/errors.ts';
import type { Fill } from '../../core/fill.ts';
import type { Instrument } from '../../core/instrument.ts';
import { isFinalIntent, moveIntent } from '../../core/intent-machine.ts';
import type { OrderView } from '../../core/order.ts';
import type { RiskReport } from '../../core/risk/rule.ts';
import type { FinalState, OrderEvent, OrderQuery, OrderRepository } from '../order-repository.ts';
import { admitOrder } from './admit-order.ts';
import { awaitApproval, recordApproval } from './approvals.ts';
import type { Queryable } from './database.ts';
import { claimSend, prepareLeg, readLeg, releaseSend } from './legs.ts';
import { refreshStatus } from './order-status.ts';
import {
  lockOrder,
  orderNotFound,
  readOrderView,
  selectOrderViews,
  toFill,
  toOrderView,
} from './order-views.ts';
import { inTransaction } from './postgres-errors.ts';
import { recordLeg } from './record-leg.ts';
import { readRiskContext } from './risk-context.ts';
import { readRoutingFacts, recordRoute } from './routing.ts';

/** Stores the report; a denial makes the order final. An order that is worked or final keeps its verdict. */
async function recordRisk(
  db: Queryable,
  orderId: string,
  report: RiskReport,
  now: number,
): Promise<OrderView> {
  return inTransaction(db, async (trx) => {
    const order = await lockOrder(trx, orderId);
    // Once a leg is prepared the order may be at the venue: only its claim decides then.
    if (!isFinalIntent(order.state) && order.state !== 'working') {
      await trx
        .updateTable('orders')
        .set({ risk: JSON.stringify(report), updated_at: now })
        .where('order_id', '=', orderId)
        .execute();
      if (!report.approved) await settleOrder(trx, orderId, denialOf(report), now);
    }
    return readOrderView(trx, orderId);
  });
}

/** The first failed rule gives the code, all of them the reason. */
function denialOf(report: RiskReport): FinalState {
  const failures = report.results.flatMap(({ verdict }) => (verdict.passed ? [] : [verdict]));
  const [first] = failures;
  if (first === undefined) {
    throw new KeelError('INVALID_INPUT', 'a risk report that denies must name a failed rule');
  }
  return {
    state: 'denied',
    reasonCode: first.code,
    reason: failures.map((failure) => failure.reason).join('; '),
  };
}

/** Makes the order final and frees what is reserved. A final order stays as it is. */
async function settleOrder(
  db: Queryable,
  orderId: string,
  final: FinalState,
  now: number,
): Promise<OrderView> {
  return inTransaction(db, async (trx) => {
    const order = await lockOrder(trx, orderId);
    const move = moveIntent(order.state, final.state);
    if (move.outcome === 'applied') {
      await trx
        .updateTable('orders')
        .set({
          state: move.state,
          reason_code: final.reasonCode ?? null,
          reason: final.reason ?? null,
          reserved_quote: '0',
          updated_at: now,
          finished_at: now,
        })
        .where('order_id', '=', orderId)
        .execute();
      await refreshStatus(trx, orderId);
    }
    return readOrderView(trx, orderId);
  });
}

/**
 * Stamps the order with the workflow's version and stores what it looks like now; a version that is known
 * comes back as it was stored. `at` is market time: the newest of signal and fills.
 */
async function recordEvent(
  db: Queryable,
  orderId: string,
  version: number,
  now: number,
): Promise<OrderEvent> {
  return inTransaction(db, async (trx) => {
    const order = await lockOrder(trx, orderId);
    const stored = await selectEvents(trx, orderId)
      .where('version', '=', version)
      .executeTakeFirst();
    if (stored !== undefined) return toOrderEvent(stored);
    await trx
      .updateTable('orders')
      .set({ version: Math.max(version, order.version), updated_at: now })
      .where('order_id', '=', orderId)
      .execute();
    const view = await readOrderView(trx, orderId);
    const newest = await trx
      .selectFrom('fills')
      .select('executed_at')
      .where('order_id', '=', orderId)
      .orderBy('executed_at', 'desc')
      .limit(1)
      .executeTakeFirst();
    const event: OrderEvent = {
      orderId,
      version,
      status: view.status,
      event: { ...view, version },
      at: Math.max(view.eventTime, newest?.executed_at ?? 0),
    };
    await trx
      .insertInto('order_events')
      .values({
        order_id: orderId,
        version,
        status: event.status,
        event: JSON.stringify(event.event),
        at: event.at,
      })
      .execute();
    return event;
  });
}

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
    recordEvent: (orderId, version) => recordEvent(db, orderId, version, now()),
    getOrder: (orderId) => readOrderView(db, orderId),
    listOrders: (query) => listOrders(db, query),
    orderEvents: async (orderId) =>
      (await selectEvents(db, orderId).orderBy('version').execute()).map(toOrderEvent),
    orderFills: (orderId) => orderFills(db, orderId),
  };
}
