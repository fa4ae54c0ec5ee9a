/** Equity of a strategy: its allocation, what flowed through its trades, and what it holds at a mark. */
import type { Selectable } from 'kysely';
import { KeelError } from '../../core/errors.ts';
import { initialMargin } from '../../core/contract.ts';
import { applyFill, applyFunding, emptyPosition, unrealisedPnl } from '../../core/ledger.ts';
import { type Decimal, decimal, toDecimalString } from '../../core/money.ts';
import type { Position } from '../../core/position.ts';
import { isContract } from '../../core/symbol.ts';
import type { EquityPoint } from '../repositories.ts';
import { canonical } from './amounts.ts';
import type { Queryable } from './database.ts';
import { newestKline } from './klines.ts';
import { toPosition } from './positions.ts';
import type { EquitySnapshotsTable } from './book-tables.ts';
import { readTaggedFills } from './trades.ts';

const UTILISATION_PLACES = 8;

/**
 * Writes the point of market time `at`, counting only fills executed by then, so a late call gives the same
 * point as an early one.
 * - Spot: cash = allocation + Σ quote flow, positionValue = Σ quantity × mark. A contract adds its realised P&L
 *   to cash and its unrealised P&L to positionValue. equity = cash + positionValue.
 * - A symbol without a given price is marked at the newest stored 1m close by `at`.
 * - utilisation = (spot value + margin that contracts hold) / equity, 8 places; 0 where nothing is left.
 *
 * Throws NOT_FOUND for an unknown strategy, and for a held symbol that has neither price nor bar.
 */
export async function writeEquity(
  db: Queryable,
  strategyId: string,
  at: number,
  prices: Readonly<Record<string, string>>,
): Promise<EquityPoint> {
  return db
    .transaction()
    .setIsolationLevel('repeatable read')
    .execute(async (trx) => {
      const strategy = await trx
        .selectFrom('strategies')
        .innerJoin('strategy_quotas', 'strategy_quotas.strategy_id', 'strategies.id')
        .select(['exchange', 'allocation'])
        .where('id', '=', strategyId)
        .executeTakeFirst();
      if (strategy === undefined) {
        throw new KeelError('NOT_FOUND', `there is no strategy "${strategyId}"`);
      }
      let cash = decimal(strategy.allocation);
      let value = decimal('0');
      let realised = decimal('0');
      let unrealised = decimal('0');
      let used = decimal('0');
      for (const { leverage, ...position } of await positionsAt(trx, strategyId, at)) {
        const contract = isContract(position.symbol);
        cash = cash.plus(contract ? position.realisedPnl : position.quoteFlow);
        realised = realised.plus(position.realisedPnl);
        if (decimal(position.quantity).isZero()) continue;
        const given = prices[position.symbol];
        const mark = given ?? (await closeBy(trx, strategy.exchange, position.symbol, at));
        const gain = unrealisedPnl(position, mark);
        const worth = contract ? gain : decimal(position.quantity).mul(mark);
        value = value.plus(worth);
        used = used.plus(contract ? initialMargin(position.cost, leverage) : worth);
        unrealised = unrealised.plus(gain);
      }
      return insertPoint(trx, strategyId, at, { cash, value, used, realised, unrealised });
    });
}

interface Parts {
  readonly cash: Decimal;
  readonly value: Decimal;
  readonly used: Decimal;
  readonly realised: Decimal;
  readonly unrealised: Decimal;
}

async function insertPoint(
  db: Queryable,
  strategyId: string,
  at: number,
  { cash, value, used, realised, unrealised }: Parts,
): Promise<EquityPoint> {
  const equity = cash.plus(value);
  const utilisation = equity.gt(0)
    ? used.div(equity).toDecimalPlaces(UTILISATION_PLACES)
    : decimal('0');
  const amounts = {
    equity: toDecimalString(equity),
    cash: toDecimalString(cash),
    position_value: toDecimalString(value),
    realised_pnl: toDecimalString(realised),
    unrealised_pnl: toDecimalString(unrealised),
    utilisation: toDecimalString(utilisation),
  };
  const row = await db
    .insertInto('equity_snapshots')
    .values({ strategy_id: strategyId, at, ...amounts })
    .onConflict((conflict) => conflict.columns(['strategy_id', 'at']).doUpdateSet(amounts))
    .returningAll()
    .executeTakeFirstOrThrow();
  return toEquityPoint(row);
}

/** The strategy's positions, an account each, as of `at`: the booked rows, unless something happened since. */
async function positionsAt(
  db: Queryable,
  strategyId: string,
  at: number,
): Promise<readonly (Position & { readonly leverage: string })[]> {
  const rows = await db
    .selectFrom('positions')
    .selectAll('positions')
    .select((eb) =>
      eb
        .exists(
          eb
            .selectFrom('fills')
            .whereRef('fills.strategy_id', '=', 'positions.strategy_id')
            .whereRef('fills.symbol', '=', 'positions.symbol')
            .whereRef('fills.account_id', '=', 'positions.account_id')
            .where('fills.executed_at', '>', at)
            .select('fills.order_id'),
        )
        .as('moved_since'),
    )
    .select((eb) =>
      eb
        .selectFrom('funding_payments')
        .whereRef('funding_payments.strategy_id', '=', 'positions.strategy_id')
        .whereRef('funding_payments.symbol', '=', 'positions.symbol')
        .whereRef('funding_payments.account_id', '=', 'positions.account_id')
        .where('funding_payments.paid_at', '<=', at)
        .select((sum) => sum.fn.coalesce(sum.fn.sum<string>('amount'), sum.lit(0)).as('paid'))
        .as('funding_then'),
    )
    .where('positions.strategy_id', '=', strategyId)
    .orderBy('positions.symbol')
    .orderBy('positions.account_id')
    .execute();
  return Promise.all(
    rows.map(async (row) => {
      const leverage = canonical(row.leverage);
      const funding = canonical(row.funding_then ?? '0');
      const unmoved = row.moved_since !== true;
      if (unmoved && funding === canonical(row.funding)) return { ...toPosition(row), leverage };
      const fills = await readTaggedFills(db, strategyId, row.symbol, row.account_id);
      const then = fills
        .filter((fill) => fill.executedAt <= at)
        .reduce<Position>((position, fill) => applyFill(position, fill), emptyPosition(row.symbol));
      return { ...applyFunding(then, funding), leverage };
    }),
  );
}

async function closeBy(
  db: Queryable,
  exchange: string,
  symbol: string,
  at: number,
): Promise<string> {
  const bar = await newestKline(db, { exchange, symbol, interval: '1m' }, at);
  if (bar === null) {
    throw new KeelError(
      'NOT_FOUND',
      `no price to mark ${symbol} at ${String(at)}: none was given and no 1m bar of ${exchange} is stored`,
    );
  }
  return bar.close;
}

function toEquityPoint(row: Selectable<EquitySnapshotsTable>): EquityPoint {
  return {
    strategyId: row.strategy_id,
    at: row.at,
    equity: canonical(row.equity),
    cash: canonical(row.cash),
    positionValue: canonical(row.position_value),
    realisedPnl: canonical(row.realised_pnl),
    unrealisedPnl: canonical(row.unrealised_pnl),
    utilisation: canonical(row.utilisation),
  };
}

/** Newest point of each strategy. */
export async function readLatestEquity(db: Queryable): Promise<readonly EquityPoint[]> {
  const rows = await db
    .selectFrom('equity_snapshots')
    .distinctOn('strategy_id')
    .selectAll()
    .orderBy('strategy_id')
    .orderBy('at', 'desc')
    .execute();
  return rows.map(toEquityPoint);
}

/** Points with `from <= at <= to`, oldest first. */
export async function readEquityCurve(
  db: Queryable,
  strategyId: string,
  from: number,
  to: number,
): Promise<readonly EquityPoint[]> {
  const rows = await db
    .selectFrom('equity_snapshots')
    .selectAll()
    .where('strategy_id', '=', strategyId)
    .where('at', '>=', from)
    .where('at', '<=', to)
    .orderBy('at')
    .execute();
  return rows.map(toEquityPoint);
}
