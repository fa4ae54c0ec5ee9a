/**
 * What becomes of an order after its admission, and the events that tell it: its risk verdict, its end, its
 * versions. Each is one transaction that locks the order first and reads it in the next statement, which
 * therefore sees all that was committed before the lock.
 */
import { sql } from 'kysely';
import { KeelError } from '../../core/errors.ts';
import { isFinalIntent, moveIntent } from '../../core/intent-machine.ts';
import type { OrderStatus, OrderView } from '../../core/order.ts';
import type { RiskReport } from '../../core/risk/rule.ts';
import type { FinalState, OrderChange, OrderEvent } from '../order-repository.ts';
import type { Queryable } from './database.ts';
import { statusOf } from './order-status.ts';
import {
  lockOrder,
  orderNotFound,
  selectOrderViews,
  toOrderView,
  type OrderViewRow,
} from './order-views.ts';
import { inTransaction } from './postgres-errors.ts';

/** Stores the report; a denial makes the order final. An order that is worked or final keeps its verdict. */
export async function recordRisk(
  db: Queryable,
  orderId: string,
  report: RiskReport,
  now: number,
): Promise<OrderView> {
  return inTransaction(db, (trx) => changeOrder(trx, orderId, { report }, now));
}

/** Makes the order final and frees what is reserved. A final order stays as it is. */
export async function settleOrder(
  db: Queryable,
  orderId: string,
  final: FinalState,
  now: number,
): Promise<OrderView> {
  return inTransaction(db, (trx) => changeOrder(trx, orderId, { final }, now));
}

async function changeOrder(
  trx: Queryable,
  orderId: string,
  change: OrderChange,
  now: number,
): Promise<OrderView> {
  await lockOrder(trx, orderId);
  const row = await selectOrderViews(trx).where('orders.order_id', '=', orderId).executeTakeFirst();
  if (row === undefined) throw orderNotFound(orderId);
  const columns = changedColumns(row, change, now);
  if (columns !== null) {
    await trx.updateTable('orders').set(columns).where('order_id', '=', orderId).execute();
  }
  return toOrderView({ ...row, ...columns });
}

/**
 * Makes the change, if one is given, stamps the order with the workflow's version and stores what it looks
 * like now; a version that is known comes back as it was stored. `at` is market time: the newest of signal
 * and fills.
 */
export async function recordEvent(
  db: Queryable,
  orderId: string,
  version: number,
  now: number,
  change: OrderChange = {},
): Promise<OrderEvent> {
  return inTransaction(db, async (trx) => {
    await lockOrder(trx, orderId);
    const found = await selectOrderViews(trx)
      .select([
        sql<OrderEventJson | null>`(
          select json_build_object('status', e.status, 'event', e.event, 'at', e.at) from order_events e
          where e.order_id = orders.order_id and e.version = ${version})`.as('stored'),
        sql<number | null>`(
          select max(executed_at) from fills where fills.order_id = orders.order_id)`.as(
          'newest_fill_at',
        ),
      ])
      .where('orders.order_id', '=', orderId)
      .executeTakeFirst();
    if (found === undefined) throw orderNotFound(orderId);
    const { newest_fill_at: newestFillAt, stored, ...row } = found;
    const columns = changedColumns(row, change, now);
    if (stored !== null) {
      if (columns !== null) {
        await trx.updateTable('orders').set(columns).where('order_id', '=', orderId).execute();
      }
      return { orderId, version, ...stored };
    }
    const view = toOrderView({ ...row, ...columns, updated_at: now });
    const event: OrderEvent = {
      orderId,
      version,
      status: view.status,
      event: { ...view, version },
      at: Math.max(view.eventTime, newestFillAt ?? 0),
    };
    await trx
      .with('told', (told) =>
        told.insertInto('order_events').values({
          order_id: orderId,
          version,
          status: event.status,
          event: JSON.stringify(event.event),
          at: event.at,
        }),
      )
      .updateTable('orders')
      .set({ ...columns, version: Math.max(version, row.version), updated_at: now })
      .where('order_id', '=', orderId)
      .execute();
    return event;
  });
}

interface OrderEventJson {
  readonly status: OrderStatus;
  readonly event: OrderView;
  readonly at: number;
}

type Columns = Partial<
  Pick<
    OrderViewRow,
    'state' | 'status' | 'reason_code' | 'reason' | 'reserved_quote' | 'finished_at' | 'updated_at'
  >
> & { readonly risk?: string };

/** What the change writes; null where the order is past it. */
function changedColumns(
  row: OrderViewRow,
  { final, report }: OrderChange,
  now: number,
): Columns | null {
  if (final !== undefined) return finalColumns(row, final, now);
  // Once a leg is prepared the order may be at the venue: only its claim decides then.
  if (report === undefined || isFinalIntent(row.state) || row.state === 'working') return null;
  const denied = report.approved ? null : finalColumns(row, denialOf(report), now);
  return { ...denied, risk: JSON.stringify(report), updated_at: now };
}

function finalColumns(row: OrderViewRow, final: FinalState, now: number): Columns | null {
  const { outcome, state } = moveIntent(row.state, final.state);
  if (outcome !== 'applied') return null;
  return {
    state,
    status: statusOf(
      { ...row, state },
      row.legs.map((leg) => leg.state),
    ),
    reason_code: final.reasonCode ?? null,
    reason: final.reason ?? null,
    reserved_quote: '0',
    updated_at: now,
    finished_at: now,
  };
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
