/**
 * Admission: the one transaction in which a signal becomes an order row with its reservation, or its final
 * verdict. It holds the strategy's and the position's row, so admissions of a strategy are serial and no
 * booking can pass between what is read and what is reserved. What is due is decided by core/admission.ts.
 */
import { sql, type Transaction } from 'kysely';
import { decideAdmission, type AdmissionDecision, type OpenOrder } from '../../core/admission.ts';
import { KeelError } from '../../core/errors.ts';
import type { Instrument } from '../../core/instrument.ts';
import { isFinalIntent } from '../../core/intent-machine.ts';
import { toDecimalString } from '../../core/money.ts';
import type { Signal } from '../../core/signal.ts';
import { tradingDay } from '../../core/time.ts';
import type { Admission, AdmitInput } from '../order-repository.ts';
import { claimContract } from './contracts.ts';
import type { Queryable } from './database.ts';
import { refreshStatus, remainingQuantity } from './order-status.ts';
import { readOrderView, type OrderRow } from './order-views.ts';
import { lockPosition } from './positions.ts';
import { inTransaction } from './postgres-errors.ts';
import type { Database } from './tables.ts';

export interface AdmitOptions {
  /** Head room over the reference price of a market buy, as a fraction. */
  readonly marketBuyBuffer: string;
  /** Wall clock, ms. Read under the strategy's lock, so that orders count up in the order of admission. */
  now(): number;
}

/**
 * Admits a signal. The run that owns the row gets the stored verdict again, another one is refused.
 * Throws NOT_FOUND for an unknown strategy, INVALID_INPUT for a signal that names another account than its
 * strategy's.
 */
export async function admitOrder(
  db: Queryable,
  input: AdmitInput,
  options: AdmitOptions,
): Promise<Admission> {
  return inTransaction(db, async (trx) => {
    const { signal } = input;
    const strategy = await lockStrategy(trx, signal);
    // Read under the lock: a second caller of this signal waited there for the first.
    const stored = await storedVerdict(trx, input);
    if (stored !== null) return stored;
    const now = options.now();

    const position = await lockPosition(trx, signal.strategyId, signal.symbol, now);
    const open = await lockOpenOrders(trx, signal);
    const ending = open
      .filter((order) => order.ending && !order.guardStop)
      .map((order) => order.orderId);
    if (signal.wanted.kind === 'target' && ending.length > 0) {
      return { verdict: 'blocked', cancelFirst: ending };
    }
    const decision = decideAdmission({
      signal,
      // A person may trade a strategy that does not run; its entries are theirs to answer for.
      strategyStatus: signal.source.kind === 'person' ? 'running' : strategy.status,
      currentRunId: strategy.run_id,
      marketTime: input.marketTime,
      position: position.quantity,
      openOrders: open,
      newestSequence: await newestSequence(trx, signal),
      instrument: input.instrument,
      ...(await contractOwner(trx, input, now)),
      buffer: options.marketBuyBuffer,
    });
    if (decision.verdict === 'blocked') return decision;
    await supersede(trx, decision.supersede, signal, now);
    await keepLeverage(trx, signal, input.instrument);
    await insertOrder(trx, input, decision, now);
    await refreshStatus(trx, signal.id);
    const order = await readOrderView(trx, signal.id);
    return { verdict: decision.verdict, order };
  });
}

/** Claims a contract that nobody owns yet, and says who owns it; nothing for spot. */
async function contractOwner(
  trx: Transaction<Database>,
  { signal, instrument }: AdmitInput,
  now: number,
): Promise<{ readonly contractOwner?: string }> {
  if (instrument.contract === undefined) return {};
  const { accountId, symbol, strategyId } = signal;
  return { contractOwner: await claimContract(trx, { accountId, symbol, strategyId }, now) };
}

/** The margin that the position holds is reckoned by the leverage it was traded at. */
async function keepLeverage(
  trx: Transaction<Database>,
  { strategyId, symbol }: Signal,
  { contract, leverage = '1' }: Instrument,
): Promise<void> {
  if (contract === undefined) return;
  await trx
    .updateTable('positions')
    .set({ leverage })
    .where('strategy_id', '=', strategyId)
    .where('symbol', '=', symbol)
    .where('leverage', '<>', leverage)
    .execute();
}

async function lockStrategy(trx: Transaction<Database>, signal: Signal) {
  const strategy = await trx
    .selectFrom('strategies')
    .select(['status', 'run_id', 'account_id', 'exchange'])
    .where('id', '=', signal.strategyId)
    .forNoKeyUpdate()
    .executeTakeFirst();
  if (strategy === undefined) {
    throw new KeelError('NOT_FOUND', `there is no strategy "${signal.strategyId}"`);
  }
  if (strategy.account_id !== signal.accountId || strategy.exchange !== signal.exchange) {
    throw new KeelError(
      'INVALID_INPUT',
      `signal ${signal.id} names account ${signal.accountId} at ${signal.exchange}; strategy ` +
        `"${signal.strategyId}" trades ${strategy.account_id} at ${strategy.exchange}`,
    );
  }
  return strategy;
}

async function storedVerdict(
  trx: Transaction<Database>,
  input: AdmitInput,
): Promise<Admission | null> {
  const stored = await trx
    .selectFrom('orders')
    .select(['workflow_run_id', 'state'])
    .where('order_id', '=', input.signal.id)
    .executeTakeFirst();
  if (stored === undefined) return null;
  if (stored.workflow_run_id !== input.workflowRunId) {
    return { verdict: 'refused', ownerRunId: stored.workflow_run_id };
  }
  const order = await readOrderView(trx, input.signal.id);
  return { verdict: isFinalIntent(stored.state) ? 'ended' : 'admitted', order };
}

interface LockedOrder extends OpenOrder {
  /** Its legs ended unfilled at the venue and its workflow has not settled it yet: soon it counts no more. */
  readonly ending: boolean;
}

/** The strategy's unfinished orders in the symbol that have something left to fill, locked. */
async function lockOpenOrders(
  trx: Transaction<Database>,
  signal: Signal,
): Promise<readonly LockedOrder[]> {
  const orders = await trx
    .selectFrom('orders')
    .selectAll()
    .where('strategy_id', '=', signal.strategyId)
    .where('symbol', '=', signal.symbol)
    .where('finished_at', 'is', null)
    .orderBy('order_id')
    .forNoKeyUpdate()
    .execute();
  if (orders.length === 0) return [];
  // A statement of its own after the locks: it sees every claim that was made before them.
  const legs = await trx
    .selectFrom('legs')
    .select(['order_id', 'state', 'send_state'])
    .where(
      'order_id',
      'in',
      orders.map((order) => order.order_id),
    )
    .execute();
  return orders.flatMap((order) => {
    const remaining = remainingQuantity(order.quantity, order.filled_quantity);
    if (remaining.isZero()) return [];
    const own = legs.filter((leg) => leg.order_id === order.order_id);
    return {
      orderId: order.order_id,
      runId: order.run_id,
      sequence: order.sequence,
      side: order.side,
      type: order.type,
      remaining: toDecimalString(remaining),
      sent: own.some((leg) => leg.send_state !== 'new'),
      guardStop: order.source_kind === 'guard' && order.type === 'stop',
      ending: own.length > 0 && own.every((leg) => ENDED_UNFILLED.has(leg.state)),
    };
  });
}

const ENDED_UNFILLED: ReadonlySet<string> = new Set(['cancelled', 'expired', 'rejected']);

async function newestSequence(trx: Transaction<Database>, signal: Signal): Promise<number> {
  const row = await trx
    .selectFrom('orders')
    .select((eb) => eb.fn.max('sequence').as('newest'))
    .where('strategy_id', '=', signal.strategyId)
    .where('symbol', '=', signal.symbol)
    .where('run_id', '=', signal.runId)
    .executeTakeFirst();
  // Kysely's type forgets that the maximum of nothing is null.
  return (row?.newest as number | null | undefined) ?? 0;
}

/** Ends orders that were not sent; their legs can no longer be claimed. */
async function supersede(
  trx: Transaction<Database>,
  orderIds: readonly string[],
  by: Signal,
  now: number,
): Promise<void> {
  if (orderIds.length === 0) return;
  await trx
    .updateTable('orders')
    .set({
      state: 'superseded',
      status: 'superseded',
      reason_code: 'SIGNAL_SUPERSEDED',
      reason: `signal ${by.id} took its place before it was sent`,
      reserved_quote: '0',
      updated_at: now,
      finished_at: now,
    })
    .where('order_id', 'in', orderIds)
    .execute();
}

async function insertOrder(
  trx: Transaction<Database>,
  input: AdmitInput,
  decision: Exclude<AdmissionDecision, { verdict: 'blocked' }>,
  now: number,
): Promise<void> {
  const { signal, workflowRunId, marketTime } = input;
  const verdict: Pick<
    OrderRow,
    'state' | 'reason_code' | 'reason' | 'reserved_quote' | 'reserve_price' | 'finished_at'
  > =
    decision.verdict === 'admitted'
      ? {
          state: 'admitted',
          reason_code: null,
          reason: null,
          reserved_quote: decision.reserveQuote,
          reserve_price: decision.reservePrice,
          finished_at: null,
        }
      : {
          state: decision.state,
          reason_code: decision.code,
          reason: decision.reason,
          reserved_quote: '0',
          reserve_price: '0',
          finished_at: now,
        };
  await trx
    .insertInto('orders')
    .values({
      ...verdict,
      order_id: signal.id,
      workflow_run_id: workflowRunId,
      strategy_id: signal.strategyId,
      strategy_type: signal.strategyType,
      run_id: signal.runId,
      source_kind: signal.source.kind,
      source_name: signal.source.name,
      account_id: signal.accountId,
      exchange: signal.exchange,
      symbol: signal.symbol,
      sequence: signal.sequence,
      side: decision.side,
      type: signal.type,
      price: decision.price,
      quantity: decision.quantity,
      reducing: decision.reducing,
      status: 'pending',
      signal: JSON.stringify(signal),
      tag: signal.tag,
      event_time: signal.eventTime,
      valid_until: signal.validUntil,
      trading_day: sql<string>`${tradingDay(marketTime)}::date`,
      created_at: now,
      updated_at: now,
    })
    .execute();
}
