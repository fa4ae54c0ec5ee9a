/**
 * Admission: the one transaction in which a signal becomes an order row with its reservation, or its final
 * verdict. It holds the strategy's and the position's row, so admissions of a strategy are serial and no
 * booking can pass between what is read and what is reserved. What is due is decided by core/admission.ts.
 */
import { sql, type Transaction } from 'kysely';
import { decideAdmission, type OpenOrder } from '../../core/admission.ts';
import type { RecordedAdmission } from '../../core/decision.ts';
import { KeelError } from '../../core/errors.ts';
import { accountsOf } from '../../core/execution/plan.ts';
import type { Instrument } from '../../core/instrument.ts';
import { isFinalIntent } from '../../core/intent-machine.ts';
import { decimal, toDecimalString } from '../../core/money.ts';
import type { OrderView } from '../../core/order.ts';
import type { Signal } from '../../core/signal.ts';
import { tradingDay } from '../../core/time.ts';
import type { Admission, AdmitInput } from '../order-repository.ts';
import { claimContract } from './contracts.ts';
import type { Queryable } from './database.ts';
import { remainingQuantity, statusOf } from './order-status.ts';
import { ORDER_COLUMNS, readOrderView, toOrderView, type OrderRow } from './order-views.ts';
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

    await lockPosition(trx, signal, now);
    const open = await lockOpenOrders(trx, signal);
    const ending = open
      .filter((order) => order.ending && !order.guardStop)
      .map((order) => order.orderId);
    if (signal.wanted.kind === 'target' && ending.length > 0) {
      return { verdict: 'blocked', cancelFirst: ending };
    }
    const { holdings, newestSequence } = await readStanding(trx, signal);
    const standing = {
      // A person may trade a strategy that does not run; its entries are theirs to answer for.
      strategyStatus: signal.source.kind === 'person' ? 'running' : strategy.status,
      currentRunId: strategy.run_id,
      marketTime: input.marketTime,
      position: toDecimalString(
        holdings.reduce((sum, held) => sum.plus(held.quantity), decimal('0')),
      ),
      openOrders: open,
      newestSequence,
      ...(await knownAccounts(trx, signal)),
      instrument: input.instrument,
      ...(await contractOwner(trx, input, now)),
      buffer: options.marketBuyBuffer,
    };
    const decision = decideAdmission({ signal, ...standing });
    if (decision.verdict === 'blocked') return decision;
    await supersede(trx, decision.supersede, signal, now);
    await keepLeverage(trx, signal, input.instrument);
    const order = await insertOrder(trx, input, { input: standing, decision }, now);
    if (decision.verdict === 'ended') return { verdict: 'ended', order };
    const { supersede: superseded } = decision;
    return { verdict: 'admitted', order, superseded, ...heldElsewhere(order, holdings) };
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
  for (const account of [accountId, ...accountsOf(signal.execution)]) {
    const owner = await claimContract(trx, { accountId: account, symbol, strategyId }, now);
    if (owner !== strategyId) return { contractOwner: owner };
  }
  return { contractOwner: strategyId };
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

/** Only of a plan that names accounts: one that Keel does not have denies an entry. */
async function knownAccounts(
  trx: Transaction<Database>,
  signal: Signal,
): Promise<{ knownAccounts?: readonly string[] }> {
  if (accountsOf(signal.execution).length === 0) return {};
  const rows = await trx.selectFrom('accounts').select('id').orderBy('id').execute();
  return { knownAccounts: rows.map(({ id }) => id) };
}

function heldElsewhere(
  order: OrderView,
  holdings: Standing['holdings'],
): { readonly heldElsewhere?: true } {
  const elsewhere = holdings.some(({ accountId }) => accountId !== order.accountId);
  return order.reducing && elsewhere ? { heldElsewhere: true } : {};
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
  if (isFinalIntent(stored.state)) return { verdict: 'ended', order };
  const { holdings } = await readStanding(trx, input.signal);
  return { verdict: 'admitted', order, superseded: [], ...heldElsewhere(order, holdings) };
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
    .select(ORDER_COLUMNS)
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
    // One statement, however many orders are open.
    .where(sql<boolean>`order_id = any(${orders.map((order) => order.order_id)}::text[])`)
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
      ending:
        !order.more_legs && own.length > 0 && own.every((leg) => ENDED_UNFILLED.has(leg.state)),
    };
  });
}

/** Whether one leg after another serves it. */
function isWorkedInLegs({ execution }: Signal): boolean {
  return execution !== undefined && execution.kind !== 'best-venue';
}

const ENDED_UNFILLED: ReadonlySet<string> = new Set(['cancelled', 'expired', 'rejected']);

interface Standing {
  /** The parts of the position by account, those that hold something. */
  readonly holdings: readonly { readonly accountId: string; readonly quantity: string }[];
  /** Of the run's signals in the symbol; 0 where there is none. */
  readonly newestSequence: number;
}

/**
 * A statement after the locks. What is held on other accounts has no lock of its own: whoever books there
 * holds the home account's part first.
 */
async function readStanding(trx: Transaction<Database>, signal: Signal): Promise<Standing> {
  const { rows } = await sql<{ newest: number | null; holdings: Standing['holdings'] }>`
    select
      (select max(sequence) from orders where strategy_id = ${signal.strategyId}
         and symbol = ${signal.symbol} and run_id = ${signal.runId}) as newest,
      (select coalesce(json_agg(json_build_object('accountId', account_id, 'quantity', quantity::text)
           order by account_id), '[]')
         from positions where strategy_id = ${signal.strategyId} and symbol = ${signal.symbol}
           and quantity <> 0) as holdings`.execute(trx);
  const [row] = rows;
  return { holdings: row?.holdings ?? [], newestSequence: row?.newest ?? 0 };
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
  admission: RecordedAdmission,
  now: number,
): Promise<OrderView> {
  const { signal, workflowRunId, marketTime } = input;
  const { decision } = admission;
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
  const { quantity } = decision;
  const moreLegs = isWorkedInLegs(signal);
  const row = await trx
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
      quantity,
      reducing: decision.reducing,
      status: statusOf(
        { state: verdict.state, quantity, filled_quantity: '0', more_legs: moreLegs },
        [],
      ),
      signal: JSON.stringify(signal),
      admission: JSON.stringify(admission),
      tag: signal.tag,
      more_legs: moreLegs,
      event_time: signal.eventTime,
      valid_until: signal.validUntil,
      trading_day: sql<string>`${tradingDay(marketTime)}::date`,
      created_at: now,
      updated_at: now,
    })
    .returning(ORDER_COLUMNS)
    .executeTakeFirstOrThrow();
  return toOrderView({ ...row, legs: [], fees: {} });
}
