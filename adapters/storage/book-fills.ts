/** What a new fill changes: fills, position and its history, ledger, the order's totals and reservation. */
import type { Transaction } from 'kysely';
import type { Fill } from '../../core/fill.ts';
import { applyFill, ledgerEntries } from '../../core/ledger.ts';
import { type Decimal, decimal, toDecimalString } from '../../core/money.ts';
import type { Position } from '../../core/position.ts';
import { restated, restatement } from './late-fills.ts';
import { remainingQuantity, type OrderChanges } from './order-status.ts';
import type { Booked, OrderRow } from './order-views.ts';
import type { Database } from './tables.ts';

/** Inserts what is new. `foreign`: trade ids that stand in the books for another leg. */
export async function insertFills(
  trx: Transaction<Database>,
  { order, account }: Booked,
  fills: readonly Fill[],
  seenBy: string,
  now: number,
): Promise<{ booked: readonly Fill[]; foreign: readonly string[] }> {
  if (fills.length === 0) return { booked: [], foreign: [] };
  const inserted = await trx
    .insertInto('fills')
    .values(
      fills.map((fill) => ({
        exchange: account.exchange,
        account_id: account.account_id,
        symbol: fill.symbol,
        venue_trade_id: fill.venueTradeId,
        client_order_id: fill.clientOrderId,
        order_id: order.order_id,
        strategy_id: order.strategy_id,
        venue_order_id: fill.venueOrderId,
        side: fill.side,
        price: fill.price,
        quantity: fill.quantity,
        fee_amount: fill.feeAmount,
        fee_asset: fill.feeAsset,
        liquidity: fill.liquidity,
        executed_at: fill.executedAt,
        booked_at: now,
        booked_by: seenBy,
      })),
    )
    .onConflict((conflict) => conflict.doNothing())
    .returning('venue_trade_id')
    .execute();
  const fresh = new Set(inserted.map((row) => row.venue_trade_id));
  const booked = fills.filter((fill) => fresh.has(fill.venueTradeId));
  const rest = fills.filter((fill) => !fresh.has(fill.venueTradeId));
  if (rest.length === 0) return { booked, foreign: [] };
  const others = await trx
    .selectFrom('fills')
    .select('venue_trade_id')
    .where('account_id', '=', account.account_id)
    .where('symbol', '=', order.symbol)
    .where(
      'venue_trade_id',
      'in',
      rest.map((fill) => fill.venueTradeId),
    )
    .where('order_id', '<>', order.order_id)
    .execute();
  return { booked, foreign: others.map((row) => row.venue_trade_id) };
}

/** New fills and the position they change. */
export interface Booking {
  /** Locked. */
  readonly before: Position;
  readonly fills: readonly Fill[];
  /** As `lateCost` has it. */
  readonly late: string;
}

/** Applies the fills to the locked position, and keeps a row of history for each. */
export async function bookPosition(
  trx: Transaction<Database>,
  { order, account }: Booked,
  { before, fills, late }: Booking,
  now: number,
): Promise<void> {
  let position = before;
  const history = fills.map((fill, index) => {
    position = applyFill(position, fill);
    if (index === fills.length - 1) position = restated(position, late);
    return {
      strategy_id: order.strategy_id,
      account_id: account.account_id,
      symbol: order.symbol,
      venue_trade_id: fill.venueTradeId,
      quantity: position.quantity,
      cost: position.cost,
      realised_pnl: position.realisedPnl,
      at: fill.executedAt,
    };
  });
  await trx
    .updateTable('positions')
    .set({
      quantity: position.quantity,
      cost: position.cost,
      realised_pnl: position.realisedPnl,
      quote_flow: position.quoteFlow,
      fees: JSON.stringify(position.fees),
      updated_at: now,
    })
    .where('strategy_id', '=', order.strategy_id)
    .where('symbol', '=', order.symbol)
    .where('account_id', '=', account.account_id)
    .execute();
  await trx.insertInto('position_history').values(history).execute();
}

export async function bookLedger(
  trx: Transaction<Database>,
  { order, account }: Booked,
  { before, fills, late }: Booking,
  now: number,
): Promise<void> {
  let position = before;
  const moved = fills.flatMap((fill) => {
    const { venueTradeId } = fill;
    const entries = ledgerEntries(fill, position).map((entry) => ({ ...entry, venueTradeId }));
    position = applyFill(position, fill);
    return entries;
  });
  const [first] = fills;
  if (first !== undefined && late !== '0') moved.push(restatement(first, late));
  const entries = moved.map(({ asset, amount, kind, venueTradeId }) => ({
    account_id: account.account_id,
    strategy_id: order.strategy_id,
    asset,
    amount,
    kind,
    symbol: order.symbol,
    venue_trade_id: venueTradeId,
    booked_at: now,
  }));
  // A contract's opening fill without a fee moves no money.
  if (entries.length === 0) return;
  await trx.insertInto('ledger_entries').values(entries).execute();
}

/** The order's totals with the fills added, its reservation shrunk to what is left to fill. */
export function withFills(order: OrderRow, fills: readonly Fill[]): OrderChanges {
  const filled = sum(fills, (fill) => decimal(fill.quantity)).plus(order.filled_quantity);
  const quote = sum(fills, (fill) => decimal(fill.quantity).mul(fill.price)).plus(
    order.filled_quote,
  );
  const open = order.finished_at === null;
  const reserved = open
    ? remainingQuantity(order.quantity, filled.toFixed()).mul(order.reserve_price)
    : decimal('0');
  return {
    filled_quantity: toDecimalString(filled),
    filled_quote: toDecimalString(quote),
    reserved_quote: toDecimalString(reserved),
  };
}

function sum(fills: readonly Fill[], of: (fill: Fill) => Decimal): Decimal {
  return fills.reduce((total, fill) => total.plus(of(fill)), decimal('0'));
}
