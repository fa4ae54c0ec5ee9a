/** What reconciliation compares, and what it books to an account itself; findings are in findings.ts. */
import { sql } from 'kysely';
import type { AccountTrade } from '../../core/fill.ts';
import { accountTradeEntries } from '../../core/ledger.ts';
import { tradeKey } from '../../core/reconciliation.ts';
import type {
  BookedLeg,
  ReconciliationRepository,
  UnfinishedOrder,
} from '../reconciliation-repository.ts';
import { canonical, canonicalOrNull } from './amounts.ts';
import type { Queryable } from './database.ts';
import { createFindings } from './findings.ts';
import { inTransaction } from './postgres-errors.ts';

const FINAL_LEGS = ['filled', 'cancelled', 'expired', 'rejected'] as const;

async function readLegs(
  db: Queryable,
  accountId: string,
  symbol: string,
  named: {
    readonly clientOrderIds: readonly string[];
    readonly venueOrderIds: readonly string[];
  },
): Promise<readonly BookedLeg[]> {
  const rows = await db
    .selectFrom('legs')
    .innerJoin('orders', 'orders.order_id', 'legs.order_id')
    .selectAll('legs')
    .select(['orders.strategy_id', 'orders.version', 'orders.finished_at'])
    .where('legs.account_id', '=', accountId)
    .where('legs.symbol', '=', symbol)
    .where((eb) =>
      eb.or([
        eb('legs.state', 'not in', FINAL_LEGS),
        eb('legs.client_order_id', '=', sql<string>`any(${named.clientOrderIds})`),
        eb('legs.venue_order_id', '=', sql<string>`any(${named.venueOrderIds})`),
      ]),
    )
    .orderBy('legs.client_order_id')
    .execute();
  return rows.map((row) => ({
    clientOrderId: row.client_order_id,
    symbol: row.symbol,
    state: row.state,
    venueOrderId: row.venue_order_id,
    filledQuantity: canonical(row.filled_quantity),
    orderId: row.order_id,
    strategyId: row.strategy_id,
    orderVersion: row.version,
    orderFinal: row.finished_at !== null,
  }));
}

async function bookAccountTrade(
  db: Queryable,
  accountId: string,
  trade: AccountTrade,
  now: number,
): Promise<boolean> {
  return inTransaction(db, async (trx) => {
    const inserted = await trx
      .insertInto('account_trades')
      .values({
        account_id: accountId,
        exchange: trade.exchange,
        symbol: trade.symbol,
        venue_trade_id: trade.venueTradeId,
        venue_order_id: trade.venueOrderId,
        client_order_id: trade.clientOrderId,
        side: trade.side,
        price: trade.price,
        quantity: trade.quantity,
        fee_amount: trade.feeAmount,
        fee_asset: trade.feeAsset,
        liquidity: trade.liquidity,
        realised_pnl: trade.realisedPnl ?? null,
        executed_at: trade.executedAt,
        booked_at: now,
      })
      .onConflict((conflict) => conflict.doNothing())
      .returning('venue_trade_id')
      .executeTakeFirst();
    if (inserted === undefined) return false;
    const entries = accountTradeEntries(trade);
    if (entries.length > 0) {
      await trx
        .insertInto('ledger_entries')
        .values(
          entries.map(({ asset, amount, kind }) => ({
            ...{ account_id: accountId, strategy_id: null, asset, amount, kind },
            ...{ symbol: trade.symbol, venue_trade_id: trade.venueTradeId, booked_at: now },
          })),
        )
        .execute();
    }
    return true;
  });
}

async function readUnfinished(
  db: Queryable,
  accountId: string,
): Promise<readonly UnfinishedOrder[]> {
  const orders = await db
    .selectFrom('orders')
    .select(['order_id', 'strategy_id', 'version', 'created_at'])
    .where('account_id', '=', accountId)
    .where('finished_at', 'is', null)
    .orderBy('order_id')
    .execute();
  if (orders.length === 0) return [];
  const legs = await db
    .selectFrom('legs')
    .selectAll()
    .where('order_id', '=', sql<string>`any(${orders.map((order) => order.order_id)})`)
    .where('state', 'not in', FINAL_LEGS)
    .orderBy('leg_number')
    .execute();
  return orders.map((order) => ({
    orderId: order.order_id,
    strategyId: order.strategy_id,
    version: order.version,
    createdAt: order.created_at,
    liveLegs: legs
      .filter((leg) => leg.order_id === order.order_id)
      .map((leg) => ({
        orderId: leg.order_id,
        legNumber: leg.leg_number,
        quantity: canonical(leg.quantity),
        type: leg.type,
        price: canonicalOrNull(leg.price),
        ...(leg.stop_price === null ? {} : { stopPrice: canonical(leg.stop_price) }),
        ...(leg.time_in_force === null ? {} : { timeInForce: leg.time_in_force }),
        reduceOnly: leg.reduce_only,
        accountId: leg.account_id,
        exchange: leg.exchange,
      })),
  }));
}

/** One snapshot, so that an order that is sent meanwhile is seen as in flight or not at all. */
async function readHoldings(
  db: Queryable,
  accountId: string,
): Promise<Awaited<ReturnType<ReconciliationRepository['holdings']>>> {
  const { rows } = await sql<{
    balances: Record<string, string>;
    positions: Record<string, string>;
    others: Record<string, string>;
    in_flight: boolean;
  }>`
    select
      (select coalesce(json_object_agg(asset, total), '{}') from (
        select asset, sum(amount)::text as total from (
          select asset, amount from opening_balances where account_id = ${accountId}
          union all
          select asset, amount from ledger_entries where account_id = ${accountId}) all_amounts
        group by asset) b) as balances,
      (select coalesce(json_object_agg(symbol, total), '{}') from (
        select symbol, sum(quantity)::text as total from positions where account_id = ${accountId}
        group by symbol) p) as positions,
      (select coalesce(json_object_agg(symbol, total), '{}') from (
        select symbol, sum(case side when 'buy' then quantity else -quantity end)::text as total
        from account_trades where account_id = ${accountId}
        group by symbol) o) as others,
      exists (
        select from legs l where l.account_id = ${accountId} and (
          (l.state not in ('filled', 'cancelled', 'expired', 'rejected')
            and (l.send_state = 'sending' or l.state in ('unknown', 'cancel_pending')))
          or l.filled_quantity > (
            select coalesce(sum(quantity), 0) from fills where fills.client_order_id = l.client_order_id))
      ) as in_flight`.execute(db);
  const row = rows[0];
  const canonicalAll = (amounts: Record<string, string> | undefined): Record<string, string> =>
    Object.fromEntries(
      Object.entries(amounts ?? {}).map(([name, amount]) => [name, canonical(amount)]),
    );
  return {
    balances: canonicalAll(row?.balances),
    positions: canonicalAll(row?.positions),
    others: canonicalAll(row?.others),
    inFlight: row?.in_flight ?? true,
  };
}

export function createReconciliationRepository(
  db: Queryable,
  now: () => number,
): ReconciliationRepository {
  return {
    async symbols(accountId) {
      const rows = await db
        .selectFrom('legs')
        .select('symbol')
        .distinct()
        .where('account_id', '=', accountId)
        .orderBy('symbol')
        .execute();
      return rows.map(({ symbol }) => symbol);
    },
    async compareFrom(accountId, symbol, overlapMs) {
      // greatest() passes nulls over.
      const { rows } = await sql<{ since: number | null }>`
        select greatest(m.through - ${overlapMs}::bigint, a.opened_at) as since
        from accounts a
        left join reconciliation_marks m on m.account_id = a.id and m.symbol = ${symbol}
        where a.id = ${accountId}`.execute(db);
      return rows[0]?.since ?? null;
    },
    async setMark(accountId, symbol, through) {
      await db
        .insertInto('reconciliation_marks')
        .values({ account_id: accountId, symbol, through })
        .onConflict((conflict) =>
          conflict.columns(['account_id', 'symbol']).doUpdateSet({ through }),
        )
        .execute();
    },
    legs: (accountId, symbol, named) => readLegs(db, accountId, symbol, named),
    async bookedTrades(accountId, symbol, venueTradeIds) {
      const { rows } = await sql<{ venue_trade_id: string }>`
        select venue_trade_id from fills
        where account_id = ${accountId} and symbol = ${symbol} and venue_trade_id = any(${venueTradeIds})
        union
        select venue_trade_id from account_trades
        where account_id = ${accountId} and symbol = ${symbol} and venue_trade_id = any(${venueTradeIds})
        `.execute(db);
      return new Set(rows.map((row) => tradeKey({ symbol, venueTradeId: row.venue_trade_id })));
    },
    bookAccountTrade: (accountId, trade) => bookAccountTrade(db, accountId, trade, now()),
    unfinishedOrders: (accountId) => readUnfinished(db, accountId),
    holdings: (accountId) => readHoldings(db, accountId),
    ...createFindings(db, now),
    async ran(accountId) {
      const ran_at = now();
      await db
        .insertInto('reconciliation_runs')
        .values({ account_id: accountId, ran_at })
        .onConflict((conflict) => conflict.column('account_id').doUpdateSet({ ran_at }))
        .execute();
    },
    async lastRuns() {
      const rows = await db.selectFrom('reconciliation_runs').selectAll().execute();
      return Object.fromEntries(rows.map((row) => [row.account_id, row.ran_at]));
    },
  };
}
