/** Position rows: one a strategy, symbol and account, changed only by booking, locked by admission and booking. */
import type { Selectable, Transaction } from 'kysely';
import type { Position } from '../../core/position.ts';
import { canonical, canonicalRecord } from './amounts.ts';
import type { PositionsTable } from './book-tables.ts';
import type { Database } from './tables.ts';

export function toPosition(row: Selectable<PositionsTable>): Position {
  return {
    symbol: row.symbol,
    quantity: canonical(row.quantity),
    cost: canonical(row.cost),
    realisedPnl: canonical(row.realised_pnl),
    quoteFlow: canonical(row.quote_flow),
    fees: canonicalRecord(row.fees),
    funding: canonical(row.funding),
  };
}

/** One account's part of a strategy's position in a symbol. */
export interface PositionKey {
  readonly strategyId: string;
  readonly accountId: string;
  readonly exchange: string;
  readonly symbol: string;
}

/**
 * Locks an account's part of a position, as an empty row where there was none. Admission and every booking
 * lock the home account's part first, so that it stands for the whole position.
 */
export async function lockPosition(
  trx: Transaction<Database>,
  { strategyId, accountId, exchange, symbol }: PositionKey,
  now: number,
): Promise<Position> {
  const locked = () =>
    trx
      .selectFrom('positions')
      .selectAll()
      .where('strategy_id', '=', strategyId)
      .where('symbol', '=', symbol)
      .where('account_id', '=', accountId)
      .forNoKeyUpdate();
  const there = await locked().executeTakeFirst();
  if (there !== undefined) return toPosition(there);
  await trx
    .insertInto('positions')
    .values({ strategy_id: strategyId, account_id: accountId, exchange, symbol, updated_at: now })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  return toPosition(await locked().executeTakeFirstOrThrow());
}
