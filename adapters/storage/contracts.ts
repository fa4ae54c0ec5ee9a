/**
 * What only contracts have: their owner, funding, and orders that the venue made itself. Locks are taken in
 * the order all of storage keeps: strategy, position, order, leg.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import { sql, type Transaction } from 'kysely';
import { KeelError } from '../../core/errors.ts';
import { applyFunding } from '../../core/ledger.ts';
import type { Signal } from '../../core/signal.ts';
import { tradingDay } from '../../core/time.ts';
import type {
  BookedFunding,
  BookedVenueOrder,
  ContractOwner,
  ContractRepository,
} from '../contract-repository.ts';
import type { FundingPayment, VenueMadeOrder } from '../trade-adapter.ts';
import type { Queryable } from './database.ts';
import { readOrderView } from './order-views.ts';
import { lockPosition } from './positions.ts';
import { inTransaction } from './postgres-errors.ts';
import { recordLeg } from './record-leg.ts';
import type { Database } from './tables.ts';

/** Claims a contract where nobody owns it; returns its owner. The primary key decides a race. */
export async function claimContract(
  trx: Transaction<Database>,
  claim: { readonly accountId: string; readonly symbol: string; readonly strategyId: string },
  now: number,
): Promise<string> {
  await trx
    .insertInto('strategy_perpetuals')
    .values({
      account_id: claim.accountId,
      symbol: claim.symbol,
      strategy_id: claim.strategyId,
      claimed_at: now,
    })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  const owner = await ownerOf(trx, claim.accountId, claim.symbol);
  return owner ?? claim.strategyId;
}

/**
 * Claims all of a new strategy's contracts. Throws CONFLICT naming the strategy that has one of them already,
 * unless that one is stopped, flat and has nothing open: then the contract changes hands.
 */
export async function claimContracts(
  trx: Transaction<Database>,
  strategy: { readonly id: string; readonly accountId: string },
  symbols: readonly string[],
  now: number,
): Promise<void> {
  for (const symbol of symbols) {
    await releaseIdle(trx, strategy.accountId, symbol);
    const claim = { accountId: strategy.accountId, symbol, strategyId: strategy.id };
    const owner = await claimContract(trx, claim, now);
    if (owner === strategy.id) continue;
    throw new KeelError(
      'CONFLICT',
      `${symbol} of account ${strategy.accountId} is traded by strategy "${owner}": a one-way account has one ` +
        `position a contract. Stop and flatten "${owner}" first, or choose another account`,
    );
  }
}

async function releaseIdle(
  trx: Transaction<Database>,
  accountId: string,
  symbol: string,
): Promise<void> {
  await sql`
    delete from strategy_perpetuals held
    using strategies s
    where held.account_id = ${accountId} and held.symbol = ${symbol} and s.id = held.strategy_id
      and s.status in ('stopped', 'failed')
      and not exists (select from positions p where p.strategy_id = s.id and p.symbol = ${symbol} and p.quantity <> 0)
      and not exists (select from orders o
        where o.strategy_id = s.id and o.symbol = ${symbol} and o.finished_at is null)`.execute(
    trx,
  );
}

async function ownerOf(db: Queryable, accountId: string, symbol: string): Promise<string | null> {
  const row = await db
    .selectFrom('strategy_perpetuals')
    .select('strategy_id')
    .where('account_id', '=', accountId)
    .where('symbol', '=', symbol)
    .executeTakeFirst();
  return row?.strategy_id ?? null;
}

async function bookFunding(
  db: Queryable,
  accountId: string,
  symbol: string,
  payments: readonly FundingPayment[],
  now: number,
): Promise<BookedFunding> {
  return inTransaction(db, async (trx) => {
    const strategyId = await ownerOf(trx, accountId, symbol);
    if (strategyId === null || payments.length === 0) return { strategyId, booked: [] };
    const { exchange } = await trx
      .selectFrom('accounts')
      .select('exchange')
      .where('id', '=', accountId)
      .executeTakeFirstOrThrow();
    let position = await lockPosition(trx, { strategyId, accountId, exchange, symbol }, now);
    const inserted = await trx
      .insertInto('funding_payments')
      .values(
        payments.map((payment) => ({
          account_id: accountId,
          symbol,
          venue_funding_id: payment.venueFundingId,
          strategy_id: strategyId,
          asset: payment.asset,
          amount: payment.amount,
          paid_at: payment.paidAt,
          booked_at: now,
        })),
      )
      .onConflict((conflict) => conflict.doNothing())
      .returning('venue_funding_id')
      .execute();
    const fresh = new Set(inserted.map((row) => row.venue_funding_id));
    const booked = payments.filter((payment) => fresh.has(payment.venueFundingId));
    if (booked.length === 0) return { strategyId, booked: [] };
    const history = booked.map((payment) => {
      position = applyFunding(position, payment.amount);
      return {
        strategy_id: strategyId,
        account_id: accountId,
        symbol,
        venue_trade_id: fundingEntry(payment),
        quantity: position.quantity,
        cost: position.cost,
        realised_pnl: position.realisedPnl,
        at: payment.paidAt,
      };
    });
    await trx
      .updateTable('positions')
      .set({
        realised_pnl: position.realisedPnl,
        quote_flow: position.quoteFlow,
        funding: position.funding,
        updated_at: now,
      })
      .where('strategy_id', '=', strategyId)
      .where('symbol', '=', symbol)
      .where('account_id', '=', accountId)
      .execute();
    await trx.insertInto('position_history').values(history).execute();
    await trx
      .insertInto('ledger_entries')
      .values(
        booked.map((payment) => ({
          account_id: accountId,
          strategy_id: strategyId,
          asset: payment.asset,
          amount: payment.amount,
          kind: 'funding' as const,
          symbol,
          venue_trade_id: fundingEntry(payment),
          booked_at: now,
        })),
      )
      .execute();
    return { strategyId, booked: booked.map((payment) => payment.venueFundingId) };
  });
}

/** Funding ids and trade ids are two counters of the venue. */
function fundingEntry({ venueFundingId }: FundingPayment): string {
  return `funding:${venueFundingId}`;
}

async function bookVenueOrder(
  db: Queryable,
  accountId: string,
  made: VenueMadeOrder,
  now: number,
): Promise<BookedVenueOrder> {
  return inTransaction(db, async (trx) => {
    const strategyId = await ownerOf(trx, accountId, made.order.symbol);
    if (strategyId === null) return { order: null, booked: [] };
    const orderId = venueOrderId(accountId, made);
    // The venue's own ids may come again (`adl_autoclose`): a leg's may not.
    const clientOrderId = `${made.order.clientOrderId}:${orderId}`;
    await insertVenueOrder(trx, { accountId, strategyId, made, orderId, clientOrderId }, now);
    const { booked } = await recordLeg(
      trx,
      {
        clientOrderId,
        venueOrder: { ...made.order, clientOrderId },
        fills: made.fills.map((fill) => ({ ...fill, clientOrderId })),
        seenBy: 'venue',
      },
      now,
    );
    return { order: await readOrderView(trx, orderId), booked };
  });
}

/** One row a venue order, for ever: its id is a hash of the venue's. */
function venueOrderId(accountId: string, { order }: VenueMadeOrder): string {
  const name = [accountId, order.symbol, order.venueOrderId].join('|');
  return bytesToHex(sha256(utf8ToBytes(name))).slice(0, 24);
}

async function insertVenueOrder(
  trx: Transaction<Database>,
  given: {
    readonly accountId: string;
    readonly strategyId: string;
    readonly made: VenueMadeOrder;
    readonly orderId: string;
    readonly clientOrderId: string;
  },
  now: number,
): Promise<void> {
  const { accountId, strategyId, made, orderId, clientOrderId } = given;
  const { order, cause } = made;
  const strategy = await trx
    .selectFrom('strategies')
    .select(['type', 'exchange'])
    .where('id', '=', strategyId)
    .forNoKeyUpdate()
    .executeTakeFirstOrThrow();
  const signal: Signal = {
    id: orderId,
    strategyId,
    strategyType: strategy.type,
    runId: 'venue',
    source: { kind: 'venue', name: cause },
    accountId,
    exchange: strategy.exchange,
    symbol: order.symbol,
    sequence: 1,
    eventTime: order.updatedAt,
    validUntil: order.updatedAt,
    wanted: { kind: 'order', side: order.side, quantity: order.quantity },
    type: 'market',
    referencePrice: made.fills[0]?.price ?? order.price ?? '1',
    tag: cause,
  };
  const own = {
    account_id: accountId,
    exchange: strategy.exchange,
    symbol: order.symbol,
    side: order.side,
    type: 'market' as const,
    price: null,
    quantity: order.quantity,
    created_at: now,
    updated_at: now,
  };
  await trx
    .insertInto('orders')
    .values({
      ...own,
      order_id: orderId,
      workflow_run_id: `venue:${order.venueOrderId}`,
      strategy_id: strategyId,
      strategy_type: strategy.type,
      run_id: signal.runId,
      source_kind: signal.source.kind,
      source_name: signal.source.name,
      sequence: signal.sequence,
      reducing: true,
      state: 'done',
      status: 'filled',
      reason_code: null,
      reason: `the venue made this order itself: ${cause}`,
      signal: JSON.stringify(signal),
      tag: signal.tag,
      event_time: order.updatedAt,
      valid_until: order.updatedAt,
      trading_day: sql<string>`${tradingDay(order.updatedAt)}::date`,
      finished_at: now,
    })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  await trx
    .insertInto('legs')
    .values({
      ...own,
      client_order_id: clientOrderId,
      order_id: orderId,
      leg_number: 1,
      venue_order_id: order.venueOrderId,
      state: 'open',
      send_state: 'sent',
      send_deadline: null,
      error_code: null,
      error_message: null,
    })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

export function createContractRepository(db: Queryable, now: () => number): ContractRepository {
  return {
    async owners(accountId): Promise<readonly ContractOwner[]> {
      const rows = await db
        .selectFrom('strategy_perpetuals')
        .select(['symbol', 'strategy_id'])
        .where('account_id', '=', accountId)
        .orderBy('symbol')
        .execute();
      return rows.map((row) => ({ symbol: row.symbol, strategyId: row.strategy_id }));
    },
    bookFunding: (accountId, symbol, payments) =>
      bookFunding(db, accountId, symbol, payments, now()),
    bookVenueOrder: (accountId, made) => bookVenueOrder(db, accountId, made, now()),
  };
}
