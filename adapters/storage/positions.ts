/** Position rows: one a strategy and symbol, changed only by booking, locked by admission and booking. */
import type { Selectable, Transaction } from 'kysely';
import { KeelError } from '../../core/errors.ts';
import type { Position } from '../../core/position.ts';
import { canonical, canonicalRecord } from './amounts.ts';
import type { Database, PositionsTable } from './tables.ts';

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

/** Locks the strategy's position in a symbol, as an empty row where there was none. Throws NOT_FOUND. */
export async function lockPosition(
  trx: Transaction<Database>,
  strategyId: string,
  symbol: string,
  now: number,
): Promise<Position> {
  const locked = () =>
    trx
      .selectFrom('positions')
      .selectAll()
      .where('strategy_id', '=', strategyId)
      .where('symbol', '=', symbol)
      .forNoKeyUpdate()
      .executeTakeFirst();
  const there = await locked();
  if (there !== undefined) return toPosition(there);
  await trx
    .insertInto('positions')
    .columns(['strategy_id', 'account_id', 'exchange', 'symbol', 'updated_at'])
    .expression((eb) =>
      eb
        .selectFrom('strategies')
        .select([
          'id',
          'account_id',
          'exchange',
          eb.val(symbol).as('symbol'),
          eb.val(now).as('updated_at'),
        ])
        .where('id', '=', strategyId),
    )
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  const row = await locked();
  if (row === undefined) throw new KeelError('NOT_FOUND', `there is no strategy "${strategyId}"`);
  return toPosition(row);
}
