/**
 * What a contract's fill realises depends on the fills before it, and the venue's wallet moves by that. A fill that
 * is learnt only after later ones were booked is therefore put in its place: the position's cost is reckoned anew
 * in the venue's order, and the difference goes into realised P&L and the ledger. Spot has no need of it: its
 * movements are the same in any order.
 */
import { sql, type Transaction } from 'kysely';
import type { Fill } from '../../core/fill.ts';
import { applyFill, emptyPosition } from '../../core/ledger.ts';
import { decimal, toDecimalString } from '../../core/money.ts';
import type { Position } from '../../core/position.ts';
import { isContract, parseSymbol } from '../../core/symbol.ts';
import { type Booked, toFill } from './order-views.ts';
import type { Database } from './tables.ts';

/**
 * By how much the position's cost, as the venue has it, is above what booking `fills` last of all leads to.
 * `fills` are inserted already, in their order.
 */
export async function lateCost(
  trx: Transaction<Database>,
  { order, account }: Booked,
  before: Position,
  fills: readonly Fill[],
): Promise<string> {
  const [first] = fills;
  if (first === undefined || !isContract(order.symbol)) return '0';
  const ofPosition = trx
    .selectFrom('fills')
    .selectAll()
    .where('strategy_id', '=', order.strategy_id)
    .where('symbol', '=', order.symbol)
    .where('account_id', '=', account.account_id);
  const later = await ofPosition
    .where(
      'venue_trade_id',
      'not in',
      fills.map((fill) => fill.venueTradeId),
    )
    .where(
      sql<boolean>`(executed_at, length(venue_trade_id), venue_trade_id collate "C")
        > (${first.executedAt}::bigint, ${first.venueTradeId.length}::int, ${first.venueTradeId}::text)`,
    )
    .limit(1)
    .execute();
  if (later.length === 0) return '0';
  // The venue counts its trades up: of one moment, the smaller number came first.
  const all = await ofPosition
    .orderBy('executed_at')
    .orderBy(sql`length(venue_trade_id)`)
    .orderBy(sql`venue_trade_id collate "C"`)
    .execute();
  const inOrder = all.map(toFill).reduce<Position>(applyFill, emptyPosition(order.symbol));
  const asLearnt = fills.reduce<Position>(applyFill, before);
  return toDecimalString(decimal(inOrder.cost).minus(asLearnt.cost));
}

/** The position with its cost restated; what is realised moves with it. */
export function restated(position: Position, late: string): Position {
  return {
    ...position,
    cost: toDecimalString(decimal(position.cost).plus(late)),
    realisedPnl: toDecimalString(decimal(position.realisedPnl).plus(late)),
  };
}

/** What the ledger is told of it, under the trade that was late. */
export function restatement(fill: Fill, late: string) {
  const { settle, quote } = parseSymbol(fill.symbol);
  return {
    asset: settle ?? quote,
    amount: late,
    kind: 'trade' as const,
    venueTradeId: `late:${fill.venueTradeId}`,
  };
}
