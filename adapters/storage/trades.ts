/** Round trips, derived from fills: what a person calls a trade. */
import { sql, type Selectable, type Transaction } from 'kysely';
import { roundTrips, type TaggedFill } from '../../core/trade.ts';
import type { TradeRecord } from '../repositories.ts';
import { canonical, canonicalOrNull } from './amounts.ts';
import type { Queryable } from './database.ts';
import { klinesBetween } from './klines.ts';
import { toFill } from './order-views.ts';
import { inTransaction } from './postgres-errors.ts';
import type { TradesTable } from './book-tables.ts';
import type { Database } from './tables.ts';

const FINEST_STEP = '0.00000001';

/** Writes a strategy's round trips in a symbol anew, from its fills and the stored 1m bars. */
export async function rebuildTrades(
  db: Queryable,
  strategyId: string,
  symbol: string,
): Promise<void> {
  await inTransaction(db, async (trx) => {
    // One at a time. Not by the position's row: admission and booking must not wait for this.
    const key = `trades|${strategyId}|${symbol}`;
    await sql`select pg_advisory_xact_lock(hashtextextended(${key}, 0))`.execute(trx);
    const fills = await readTaggedFills(trx, strategyId, symbol);
    const [first, last] = [fills[0], fills.at(-1)];
    const bars =
      first === undefined || last === undefined
        ? []
        : await klinesBetween(
            trx,
            { exchange: first.exchange, symbol, interval: '1m' },
            first.executedAt,
            await newestCloseAt(trx, first.exchange, symbol, last.executedAt),
          );
    const step = await newestStep(trx, strategyId, symbol);
    const trades = roundTrips(fills, step, bars);
    await trx
      .deleteFrom('trades')
      .where('strategy_id', '=', strategyId)
      .where('symbol', '=', symbol)
      .execute();
    if (trades.length === 0) return;
    await trx
      .insertInto('trades')
      .values(
        trades.map((trade) => ({
          strategy_id: strategyId,
          symbol,
          trade_number: trade.tradeNumber,
          side: trade.side,
          entry_at: trade.entryAt,
          exit_at: trade.exitAt,
          entry_tag: trade.entryTag,
          exit_tag: trade.exitTag,
          quantity: trade.quantity,
          entry_price: trade.entryPrice,
          exit_price: trade.exitPrice,
          pnl: trade.pnl,
          fees: trade.fees,
          mae: trade.mae,
          mfe: trade.mfe,
        })),
      )
      .execute();
  });
}

/** The symbol's step as the strategy's newest order was admitted with it; before any told it, the finest there is. */
async function newestStep(
  trx: Transaction<Database>,
  strategyId: string,
  symbol: string,
): Promise<string> {
  const row = await trx
    .selectFrom('orders')
    .select(sql<string>`admission -> 'input' -> 'instrument' ->> 'quantityStep'`.as('step'))
    .where('strategy_id', '=', strategyId)
    .where('symbol', '=', symbol)
    .where('admission', 'is not', null)
    .orderBy('created_at', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row?.step ?? FINEST_STEP;
}

/** End of the bar in which the last fill happened. */
async function newestCloseAt(
  trx: Transaction<Database>,
  exchange: string,
  symbol: string,
  at: number,
): Promise<number> {
  const bar = await trx
    .selectFrom('klines')
    .select('close_at')
    .where('exchange', '=', exchange)
    .where('symbol', '=', symbol)
    .where('interval', '=', '1m')
    .where('open_at', '<=', at)
    .orderBy('open_at', 'desc')
    .limit(1)
    .executeTakeFirst();
  return bar?.close_at ?? at;
}

/** A strategy's fills in a symbol (on one account, where it is given) as they happened, with their orders' tags. */
export async function readTaggedFills(
  db: Queryable,
  strategyId: string,
  symbol: string,
  accountId?: string,
): Promise<readonly TaggedFill[]> {
  let query = db
    .selectFrom('fills')
    .innerJoin('orders', 'orders.order_id', 'fills.order_id')
    .selectAll('fills')
    .select('orders.tag')
    .where('fills.strategy_id', '=', strategyId)
    .where('fills.symbol', '=', symbol)
    .orderBy('executed_at')
    .orderBy(sql`length(venue_trade_id)`)
    .orderBy('venue_trade_id')
    .orderBy('fills.account_id');
  if (accountId !== undefined) query = query.where('fills.account_id', '=', accountId);
  const rows = await query.execute();
  return rows.map((row) => ({ ...toFill(row), tag: row.tag }));
}

function toTrade(row: Selectable<TradesTable>): TradeRecord {
  return {
    strategyId: row.strategy_id,
    symbol: row.symbol,
    tradeNumber: row.trade_number,
    side: row.side,
    entryAt: row.entry_at,
    exitAt: row.exit_at,
    entryTag: row.entry_tag,
    exitTag: row.exit_tag,
    quantity: canonical(row.quantity),
    entryPrice: canonical(row.entry_price),
    exitPrice: canonicalOrNull(row.exit_price),
    pnl: canonicalOrNull(row.pnl),
    fees: canonical(row.fees),
    mae: canonicalOrNull(row.mae),
    mfe: canonicalOrNull(row.mfe),
  };
}

export async function readTrades(
  db: Queryable,
  strategyId?: string,
): Promise<readonly TradeRecord[]> {
  let query = db
    .selectFrom('trades')
    .selectAll()
    .orderBy('strategy_id')
    .orderBy('symbol')
    .orderBy('trade_number');
  if (strategyId !== undefined) query = query.where('strategy_id', '=', strategyId);
  return (await query.execute()).map(toTrade);
}
