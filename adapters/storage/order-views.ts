/**
 * Rows of orders, legs and fills as the shapes the house passes on. A view is read in one statement, so its
 * order, legs and fees always belong together.
 */
import { sql, type Selectable } from 'kysely';
import { KeelError } from '../../core/errors.ts';
import type { AccountTrade, Fill } from '../../core/fill.ts';
import { decimal, toDecimalString } from '../../core/money.ts';
import type { LegState, LegView, OrderView } from '../../core/order.ts';
import type { Leg } from '../order-repository.ts';
import { canonical, canonicalOrNull, canonicalRecord } from './amounts.ts';
import type { Queryable } from './database.ts';
import type { FillsTable, LegsTable, OrdersTable } from './order-tables.ts';
import type { AccountTradesTable } from './reconciliation-tables.ts';

/** Digits of an average price: more than any venue's tick needs. */
const AVERAGE_PRICE_DIGITS = 20;

interface LegJson {
  readonly clientOrderId: string;
  readonly legNumber: number;
  readonly accountId: string;
  readonly exchange: string;
  readonly venueOrderId: string | null;
  readonly state: LegState;
  readonly quantity: string;
  readonly price: string | null;
  readonly filledQuantity: string;
  readonly filledQuote: string;
  readonly errorCode: string | null;
  readonly errorMessage: string | null;
}

/**
 * What an order is, without what was decided on it (admission, risk, route): those hold all open orders of their
 * moment, and whoever reads every open order would read its square.
 */
export const ORDER_COLUMNS = [
  'orders.order_id',
  'orders.workflow_run_id',
  'orders.strategy_id',
  'orders.strategy_type',
  'orders.run_id',
  'orders.source_kind',
  'orders.source_name',
  'orders.account_id',
  'orders.exchange',
  'orders.symbol',
  'orders.sequence',
  'orders.side',
  'orders.type',
  'orders.price',
  'orders.quantity',
  'orders.filled_quantity',
  'orders.filled_quote',
  'orders.reserved_quote',
  'orders.reserve_price',
  'orders.reducing',
  'orders.state',
  'orders.status',
  'orders.reason_code',
  'orders.reason',
  'orders.approval',
  'orders.approved_by',
  'orders.approved_at',
  'orders.approval_note',
  'orders.more_legs',
  'orders.signal',
  'orders.tag',
  'orders.version',
  'orders.event_time',
  'orders.valid_until',
  'orders.trading_day',
  'orders.created_at',
  'orders.updated_at',
  'orders.finished_at',
] as const;
type OrderColumn = (typeof ORDER_COLUMNS)[number] extends `orders.${infer C}` ? C : never;
export type OrderRow = Pick<Selectable<OrdersTable>, OrderColumn>;
export type OrderViewRow = OrderRow & { legs: LegJson[]; fees: Record<string, string> };

/** An order's row, and the account its leg trades on. */
export interface Booked {
  readonly order: OrderRow;
  readonly account: Pick<OrderRow, 'account_id' | 'exchange'>;
}

/** Orders with their legs and fees, to be narrowed by `where`. */
export function selectOrderViews(db: Queryable) {
  // Amounts go through text: as JSON numbers they would lose digits.
  return db
    .selectFrom('orders')
    .select(ORDER_COLUMNS)
    .select([
      sql<LegJson[]>`(
        select coalesce(json_agg(json_build_object(
          'clientOrderId', l.client_order_id, 'legNumber', l.leg_number, 'accountId', l.account_id,
          'exchange', l.exchange, 'venueOrderId', l.venue_order_id,
          'state', l.state, 'quantity', l.quantity::text, 'price', l.price::text,
          'filledQuantity', l.filled_quantity::text, 'filledQuote', l.filled_quote::text,
          'errorCode', l.error_code, 'errorMessage', l.error_message) order by l.leg_number), '[]')
        from legs l where l.order_id = orders.order_id)`.as('legs'),
      sql<Record<string, string>>`(
        select coalesce(json_object_agg(f.fee_asset, f.amount), '{}')
        from (select fee_asset, sum(fee_amount)::text as amount from fills
              where fills.order_id = orders.order_id group by fee_asset) f)`.as('fees'),
    ]);
}

export function toOrderView(row: OrderViewRow): OrderView {
  const filled = decimal(row.filled_quantity);
  return {
    orderId: row.order_id,
    version: row.version,
    strategyId: row.strategy_id,
    strategyType: row.strategy_type,
    runId: row.run_id,
    source: { kind: row.source_kind, name: row.source_name },
    accountId: row.account_id,
    exchange: row.exchange,
    symbol: row.symbol,
    side: row.side,
    type: row.type,
    price: canonicalOrNull(row.price),
    quantity: canonical(row.quantity),
    filledQuantity: toDecimalString(filled),
    filledQuote: canonical(row.filled_quote),
    averagePrice: filled.isZero()
      ? null
      : toDecimalString(
          decimal(row.filled_quote).div(filled).toSignificantDigits(AVERAGE_PRICE_DIGITS),
        ),
    fees: canonicalRecord(row.fees),
    reducing: row.reducing,
    state: row.state,
    status: row.status,
    reasonCode: row.reason_code,
    reason: row.reason,
    ...(row.approval === null || row.approved_by === null || row.approved_at === null
      ? {}
      : {
          approval: {
            verdict: row.approval,
            by: row.approved_by,
            at: row.approved_at,
            note: row.approval_note,
          },
        }),
    tag: row.tag,
    eventTime: row.event_time,
    validUntil: row.valid_until,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    legs: row.legs.map((leg) => ({
      ...leg,
      quantity: canonical(leg.quantity),
      price: canonicalOrNull(leg.price),
      filledQuantity: canonical(leg.filledQuantity),
      filledQuote: canonical(leg.filledQuote),
    })),
  };
}

/** Throws NOT_FOUND. */
export async function readOrderView(db: Queryable, orderId: string): Promise<OrderView> {
  const row = await selectOrderViews(db).where('orders.order_id', '=', orderId).executeTakeFirst();
  if (row === undefined) throw orderNotFound(orderId);
  return toOrderView(row);
}

export function orderNotFound(orderId: string): KeelError {
  return new KeelError('NOT_FOUND', `there is no order "${orderId}"`);
}

/** The row, locked against other writers until the transaction ends. Throws NOT_FOUND. */
export async function lockOrder(trx: Queryable, orderId: string): Promise<OrderRow> {
  // NO KEY UPDATE, here and everywhere: FOR UPDATE would also stop inserts that only refer to the row.
  const row = await trx
    .selectFrom('orders')
    .select(ORDER_COLUMNS)
    .where('order_id', '=', orderId)
    .forNoKeyUpdate()
    .executeTakeFirst();
  if (row === undefined) throw orderNotFound(orderId);
  return row;
}

export function toLegView(row: Selectable<LegsTable>): LegView {
  return {
    clientOrderId: row.client_order_id,
    legNumber: row.leg_number,
    accountId: row.account_id,
    exchange: row.exchange,
    venueOrderId: row.venue_order_id,
    state: row.state,
    quantity: canonical(row.quantity),
    price: canonicalOrNull(row.price),
    filledQuantity: canonical(row.filled_quantity),
    filledQuote: canonical(row.filled_quote),
    errorCode: row.error_code,
    errorMessage: row.error_message,
  };
}

export type LegWithOrderRow = Selectable<LegsTable> & {
  order_state: OrderRow['state'];
  valid_until: number;
  reducing: boolean;
};

export function toLeg(row: LegWithOrderRow): Leg {
  return {
    ...toLegView(row),
    orderId: row.order_id,
    symbol: row.symbol,
    side: row.side,
    type: row.type,
    stopPrice: canonicalOrNull(row.stop_price),
    timeInForce: row.time_in_force,
    reduceOnly: row.reduce_only,
    sendState: row.send_state,
    sendDeadline: row.send_deadline,
    sendCount: row.send_count,
    validUntil: row.valid_until,
    reducing: row.reducing,
    orderState: row.order_state,
  };
}

/** What fills and trades of the account have in common: all but whose order a trade was. */
function tradeFacts(row: Selectable<FillsTable> | Selectable<AccountTradesTable>) {
  return {
    exchange: row.exchange,
    symbol: row.symbol,
    venueTradeId: row.venue_trade_id,
    venueOrderId: row.venue_order_id,
    side: row.side,
    price: canonical(row.price),
    quantity: canonical(row.quantity),
    feeAmount: canonical(row.fee_amount),
    feeAsset: row.fee_asset,
    liquidity: row.liquidity,
    executedAt: row.executed_at,
  };
}

export function toFill(row: Selectable<FillsTable>): Fill {
  return { ...tradeFacts(row), clientOrderId: row.client_order_id };
}

export function toAccountTrade(row: Selectable<AccountTradesTable>): AccountTrade {
  return {
    ...tradeFacts(row),
    clientOrderId: row.client_order_id,
    ...(row.realised_pnl === null ? {} : { realisedPnl: canonical(row.realised_pnl) }),
  };
}
