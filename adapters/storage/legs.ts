/**
 * Legs: preparing them, and deciding who may send. Nothing is sent without its row, and nobody sends who has
 * not won the compare-and-set `new → sending`.
 */
import { sql } from 'kysely';
import { KeelError } from '../../core/errors.ts';
import { isFinalIntent, moveIntent } from '../../core/intent-machine.ts';
import { clientOrderId } from '../../core/signal.ts';
import { isContract } from '../../core/symbol.ts';
import type { ClaimRefusal, ClaimResult, Leg, NewLeg } from '../order-repository.ts';
import type { Queryable } from './database.ts';
import { haltCovers, passesHalt } from './halts.ts';
import { lockOrder, toLeg, type LegWithOrderRow } from './order-views.ts';
import { changeWithStatus } from './order-status.ts';
import { inTransaction } from './postgres-errors.ts';

/** Throws NOT_FOUND. */
export async function readLeg(db: Queryable, id: string): Promise<Leg> {
  const row = await db
    .selectFrom('legs')
    .innerJoin('orders', 'orders.order_id', 'legs.order_id')
    .selectAll('legs')
    .select(['orders.state as order_state', 'orders.valid_until', 'orders.reducing'])
    .where('legs.client_order_id', '=', id)
    .executeTakeFirst();
  if (row === undefined) throw legNotFound(id);
  return toLeg(row);
}

export function legNotFound(id: string): KeelError {
  return new KeelError('NOT_FOUND', `there is no leg with client order id "${id}"`);
}

/**
 * Inserts the leg as `submitting`/`new` and moves the intent to `working`. A leg that is there comes back as
 * it is. Where the order ended before (a newer signal superseded it) the leg is born `cancelled`, with the
 * order's reason: there is nothing to send. Throws NOT_FOUND.
 */
export async function prepareLeg(db: Queryable, leg: NewLeg, now: number): Promise<Leg> {
  const id = clientOrderId(leg.orderId, leg.legNumber);
  return inTransaction(db, async (trx) => {
    const order = await lockOrder(trx, leg.orderId);
    const ended = isFinalIntent(order.state);
    const born = await trx
      .insertInto('legs')
      .values({
        client_order_id: id,
        order_id: leg.orderId,
        leg_number: leg.legNumber,
        account_id: leg.accountId ?? order.account_id,
        exchange: leg.exchange ?? order.exchange,
        symbol: order.symbol,
        side: order.side,
        type: leg.type,
        price: leg.price,
        stop_price: leg.stopPrice ?? null,
        time_in_force: leg.timeInForce ?? null,
        // Where the venue knows the position, it holds the line too.
        reduce_only: leg.reduceOnly ?? (order.reducing && isContract(order.symbol)),
        quantity: leg.quantity,
        state: ended ? 'cancelled' : 'submitting',
        error_code: ended ? order.reason_code : null,
        error_message: ended ? `the order was ${order.state} before this leg was prepared` : null,
        created_at: now,
        updated_at: now,
      })
      .onConflict((conflict) => conflict.column('client_order_id').doNothing())
      .returningAll()
      .executeTakeFirst();
    if (born === undefined) return readLeg(trx, id);
    const { state } = ended ? order : moveIntent(order.state, 'working');
    if (!ended) await changeWithStatus(trx, order, { state }, now);
    const { reducing, valid_until } = order;
    return toLeg({ ...born, order_state: state, reducing, valid_until });
  });
}

/** Leg states in which there is nothing left to send, or somebody wants it cancelled. */
const NOTHING_TO_SEND = sql`('filled', 'cancelled', 'expired', 'rejected', 'cancel_pending')`;

/**
 * Gives one caller the right to send until `sendDeadline` (wall clock), in one statement that also reads the
 * order and the halts. The order row is locked first, so a superseding admission is either seen or waits.
 * A leg that was `unknown` and is released goes back to `submitting` with the new claim.
 * `marketTime` is compared with `validUntil`, for entries only. Throws NOT_FOUND.
 */
export async function claimSend(
  db: Queryable,
  id: string,
  sendDeadline: number,
  marketTime: number,
  now: number,
): Promise<ClaimResult> {
  const { rows } = await sql<LegWithOrderRow & { why: ClaimRefusal | null }>`
    with own as (
      select o.order_id, o.state as order_state, o.valid_until, o.reducing, o.source_kind, o.strategy_id
      from orders o
      where o.order_id = (select order_id from legs where client_order_id = ${id})
      for no key update
    ), leg as (
      select legs.*, own.order_state, own.valid_until, own.reducing, own.source_kind, own.strategy_id
      from own join legs on legs.order_id = own.order_id
      where legs.client_order_id = ${id}
      for no key update of legs
    ), judged as (
      select leg.*, case
        when leg.send_state <> 'new' then 'taken'
        when leg.order_state not in ('admitted', 'working') or leg.state in ${NOTHING_TO_SEND}
          then 'order-ended'
        when not ${passesHalt({ reducing: 'leg.reducing', sourceKind: 'leg.source_kind' })}
          and exists (select from halts h where ${haltCovers({
            strategy: 'leg.strategy_id',
            exchange: 'leg.exchange',
            symbol: 'leg.symbol',
          })}) then 'halted'
        when not leg.reducing and ${marketTime}::bigint > leg.valid_until then 'expired'
      end as why
      from leg
    ), won as (
      update legs set send_state = 'sending', send_deadline = ${sendDeadline}::bigint,
        send_count = legs.send_count + 1, updated_at = ${now}::bigint,
        state = case legs.state when 'unknown' then 'submitting' else legs.state end
      from judged
      where legs.client_order_id = judged.client_order_id and judged.why is null
        and legs.send_state = 'new'
      returning legs.client_order_id
    )
    select judged.*, case when judged.why is null and not exists (select from won) then 'taken'
      else judged.why end as why
    from judged`.execute(db);
  const row = rows[0];
  if (row === undefined) throw legNotFound(id);
  if (row.why !== null) return { claimed: false, why: row.why, leg: toLeg(row) };
  const leg = toLeg({
    ...row,
    state: row.state === 'unknown' ? 'submitting' : row.state,
    send_state: 'sending',
    send_deadline: sendDeadline,
    send_count: row.send_count + 1,
    updated_at: now,
  });
  return { claimed: true, leg };
}

/**
 * `sending → new`: the venue never saw the request. False when the deadline is not the one given (someone
 * else claimed since), or when the venue is known to have the order.
 */
export async function releaseSend(
  db: Queryable,
  id: string,
  sendDeadline: number,
  now: number,
): Promise<boolean> {
  const row = await db
    .updateTable('legs')
    .set({ send_state: 'new', send_deadline: null, updated_at: now })
    .where('client_order_id', '=', id)
    .where('send_state', '=', 'sending')
    .where('send_deadline', '=', sendDeadline)
    .where('venue_order_id', 'is', null)
    .returning('client_order_id')
    .executeTakeFirst();
  return row !== undefined;
}
