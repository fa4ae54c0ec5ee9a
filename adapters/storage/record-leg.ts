/**
 * The booking of fills. Whoever learns something of a leg (placeOrder, trackOrder, cancelOrder, reconcile)
 * tells it here, as often as they like: each venue trade is booked once, in the transaction that records the
 * leg's change and turns as much reservation into position.
 *
 * Locks are taken in the order all of storage keeps: strategy, position, order, leg.
 */
import type { Selectable, Transaction } from 'kysely';
import { KeelError } from '../../core/errors.ts';
import type { Fill } from '../../core/fill.ts';
import { moveLeg, type LegMove } from '../../core/leg-machine.ts';
import { decimal } from '../../core/money.ts';
import type { Position } from '../../core/position.ts';
import type { GuardKey } from '../guard-repository.ts';
import type { LegRecord, LegUpdate } from '../order-repository.ts';
import { canonical } from './amounts.ts';
import { bookLedger, bookPosition, insertFills, withFills } from './book-fills.ts';
import { bookGuard } from './guard-births.ts';
import type { Queryable } from './database.ts';
import { lateCost } from './late-fills.ts';
import { legNotFound } from './legs.ts';
import { changeWithStatus } from './order-status.ts';
import { lockOrder, toLegView } from './order-views.ts';
import { inTransaction } from './postgres-errors.ts';
import { lockPosition } from './positions.ts';
import type { LegsTable } from './order-tables.ts';
import type { Database } from './tables.ts';

type LegRow = Selectable<LegsTable>;

/**
 * Records what is learnt about a leg, with its fills.
 * - `leg.filledQuantity` only grows: the largest of what was stored, what the venue states, and the fills'
 *   sum. The order's totals are the booked fills' sum, so where the leg is ahead, trades are still to come.
 * - Our own `expired` or `cancelled` (never sent) holds only while nobody has the right to send.
 * - An anomaly never throws and never stops the fills.
 *
 * Throws NOT_FOUND for an unknown leg, INVALID_INPUT for a fill that is not the leg's.
 */
export async function recordLeg(db: Queryable, update: LegUpdate, now: number): Promise<LegRecord> {
  return inTransaction(db, async (trx) => {
    const known = await trx
      .selectFrom('legs')
      .innerJoin('orders', 'orders.order_id', 'legs.order_id')
      .select(['orders.order_id', 'orders.strategy_id', 'orders.symbol', 'legs.side'])
      .select(['orders.account_id as home_account', 'orders.exchange as home_exchange'])
      .select(['legs.account_id', 'legs.exchange'])
      .where('client_order_id', '=', update.clientOrderId)
      .executeTakeFirst();
    if (known === undefined) throw legNotFound(update.clientOrderId);
    const fills = checkedFills(update, known);

    const position = fills.length === 0 ? null : await lockPositionOf(trx, known, now);
    const order = await lockOrder(trx, known.order_id);
    const leg = await lockLeg(trx, update.clientOrderId);

    const where = { order, account: known };
    const { booked, foreign } = await insertFills(trx, where, fills, update.seenBy, now);
    let guard: GuardKey | null = null;
    if (position !== null && booked.length > 0) {
      const late = await lateCost(trx, where, position, booked);
      const booking = { before: position, fills: booked, late };
      await bookPosition(trx, where, booking, now);
      await bookLedger(trx, where, booking, now);
      guard = await bookGuard(trx, order, booked, now);
    }
    const move = moveOf(leg, update);
    const written = await writeLeg(trx, leg, update, move, now);
    const totals = booked.length === 0 ? {} : withFills(order, booked);
    await changeWithStatus(trx, order, totals, now);
    const strange = foreign.length > 0;
    return {
      leg: toLegView(written),
      booked: booked.map((fill) => fill.venueTradeId),
      guard,
      outcome: strange ? 'anomaly' : move.outcome,
      detail: strange
        ? `${move.detail}; trades booked with another leg before: ${foreign.join(', ')}`
        : move.detail,
    };
  });
}

/** The home account's part first: it stands for the whole position, and admission holds it. */
async function lockPositionOf(
  trx: Transaction<Database>,
  leg: {
    readonly strategy_id: string;
    readonly symbol: string;
    readonly account_id: string;
    readonly exchange: string;
    readonly home_account: string;
    readonly home_exchange: string;
  },
  now: number,
): Promise<Position> {
  const whole = { strategyId: leg.strategy_id, symbol: leg.symbol };
  const home = { ...whole, accountId: leg.home_account, exchange: leg.home_exchange };
  const position = await lockPosition(trx, home, now);
  if (leg.account_id === leg.home_account) return position;
  return lockPosition(trx, { ...whole, accountId: leg.account_id, exchange: leg.exchange }, now);
}

function moveOf(leg: LegRow, update: LegUpdate): LegMove {
  const stated = update.venueOrder?.state ?? update.state;
  if (stated === undefined) {
    return { outcome: 'ignored', state: leg.state, detail: 'no state given' };
  }
  const { ofClaim } = update;
  if (ofClaim !== undefined && (leg.send_state !== 'sending' || leg.send_deadline !== ofClaim)) {
    const detail = `${stated} is of a claim that is no longer in force`;
    return { outcome: 'ignored', state: leg.state, detail };
  }
  const neverSent = stated === 'expired' || stated === 'cancelled';
  if (update.venueOrder === undefined && neverSent && leg.send_state !== 'new') {
    // Whoever claimed the send since may have an order at the venue.
    const detail = `${stated} without a venue's word does not end a leg that is ${leg.send_state}`;
    return { outcome: 'ignored', state: leg.state, detail };
  }
  return moveLeg(leg.state, stated);
}

/** The update's fills, each trade once, in the order in which they happened. */
function checkedFills(
  update: LegUpdate,
  leg: { readonly symbol: string; readonly side: string },
): readonly Fill[] {
  const byTrade = new Map<string, Fill>();
  for (const fill of update.fills) {
    const own =
      fill.clientOrderId === update.clientOrderId &&
      fill.symbol === leg.symbol &&
      fill.side === leg.side;
    if (!own) {
      throw new KeelError(
        'INVALID_INPUT',
        `fill ${fill.venueTradeId} (${fill.clientOrderId}, ${fill.side} ${fill.symbol}) is not of leg ` +
          `${update.clientOrderId} (${leg.side} ${leg.symbol}); pass only the leg's own fills`,
      );
    }
    byTrade.set(fill.venueTradeId, fill);
  }
  return [...byTrade.values()].sort(
    (a, b) =>
      a.executedAt - b.executedAt ||
      a.venueTradeId.length - b.venueTradeId.length ||
      (a.venueTradeId < b.venueTradeId ? -1 : 1),
  );
}

async function lockLeg(trx: Transaction<Database>, id: string): Promise<LegRow> {
  return trx
    .selectFrom('legs')
    .selectAll()
    .where('client_order_id', '=', id)
    .forNoKeyUpdate()
    .executeTakeFirstOrThrow();
}

async function writeLeg(
  trx: Transaction<Database>,
  leg: LegRow,
  update: LegUpdate,
  move: LegMove,
  now: number,
): Promise<LegRow> {
  const own = await trx
    .selectFrom('fills')
    .select((eb) => [
      eb.fn.coalesce(eb.fn.sum<string>('quantity'), eb.lit(0)).as('quantity'),
      eb.fn
        .coalesce(eb.fn.sum<string>(eb('quantity', '*', eb.ref('price'))), eb.lit(0))
        .as('quote'),
    ])
    .where('client_order_id', '=', leg.client_order_id)
    .executeTakeFirstOrThrow();
  const venue = update.venueOrder;
  const totals = largest([
    { quantity: leg.filled_quantity, quote: leg.filled_quote },
    { quantity: venue?.filledQuantity ?? '0', quote: venue?.filledQuote ?? '0' },
    { quantity: own.quantity, quote: own.quote },
  ]);
  // A repeated word may explain what the first did not; only a new state takes an explanation away.
  const stated = venue?.state ?? update.state;
  const said = stated === move.state ? update : undefined;
  const stands = move.outcome !== 'applied';
  const seen = venue !== undefined || move.state === 'rejected' || update.fills.length > 0;
  return trx
    .updateTable('legs')
    .set({
      state: move.state,
      filled_quantity: canonical(totals.quantity),
      filled_quote: canonical(totals.quote),
      venue_order_id:
        leg.venue_order_id ?? venue?.venueOrderId ?? update.fills[0]?.venueOrderId ?? null,
      send_state: seen ? 'sent' : leg.send_state,
      error_code: said?.errorCode ?? (stands ? leg.error_code : null),
      error_message: said?.errorMessage ?? (stands ? leg.error_message : null),
      updated_at: now,
    })
    .where('client_order_id', '=', leg.client_order_id)
    .returningAll()
    .executeTakeFirstOrThrow();
}

interface Totals {
  readonly quantity: string;
  readonly quote: string;
}

/** The statement that is furthest on; of equal ones the last, which is ours. */
function largest(statements: readonly [Totals, ...Totals[]]): Totals {
  return statements.reduce((best, next) =>
    decimal(next.quantity).gte(best.quantity) ? next : best,
  );
}
