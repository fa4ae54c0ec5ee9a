/** Strategies and their runs: records, start and stop, and what an instance is told of its own standing. */
import type { Selectable } from 'kysely';
import { KeelError } from '../../core/errors.ts';
import { type Position, sumPositions } from '../../core/position.ts';
import { isQuiet } from './quiet.ts';
import type {
  NewStrategy,
  StrategyRecord,
  StrategyRepository,
  StrategySnapshot,
  StrategyStatus,
} from '../strategy-repository.ts';
import { canonical, canonicalOrNull } from './amounts.ts';
import { claim, commit, markPublished, signalIds, unpublished } from './checkpoints.ts';
import { claimContracts } from './contracts.ts';
import type { Queryable } from './database.ts';
import { strategyFunds } from './funds.ts';
import { selectOrderViews, toOrderView } from './order-views.ts';
import { toPosition } from './positions.ts';
import { inTransaction, isForeignKeyViolation, isUniqueViolation } from './postgres-errors.ts';
import type { StrategiesTable, StrategyQuotasTable } from './strategy-tables.ts';

function toStrategy(
  row: Selectable<StrategiesTable> & Omit<StrategyQuotasTable, 'strategy_id'>,
): StrategyRecord {
  return {
    id: row.id,
    name: row.name,
    type: row.type,
    accountId: row.account_id,
    exchange: row.exchange,
    config: row.config,
    status: row.status,
    statusReason: row.status_reason,
    runId: row.run_id,
    failurePolicy: row.failure_policy,
    quota: {
      allocation: canonical(row.allocation),
      maxPosition: canonicalOrNull(row.max_position),
      maxOrderNotional: canonicalOrNull(row.max_order_notional),
      maxOrdersPerDay: row.max_orders_per_day,
      approvalNotional: canonicalOrNull(row.approval_notional),
    },
    createdBy: row.created_by,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

function selectStrategies(db: Queryable) {
  return db
    .selectFrom('strategies')
    .innerJoin('strategy_quotas', 'strategy_quotas.strategy_id', 'strategies.id')
    .selectAll('strategies')
    .select([
      'allocation',
      'max_position',
      'max_order_notional',
      'max_orders_per_day',
      'approval_notional',
    ]);
}

function strategyNotFound(id: string): KeelError {
  return new KeelError('NOT_FOUND', `there is no strategy "${id}"`);
}

async function readStrategy(db: Queryable, id: string): Promise<StrategyRecord> {
  const row = await selectStrategies(db).where('id', '=', id).executeTakeFirst();
  if (row === undefined) throw strategyNotFound(id);
  return toStrategy(row);
}

/** Statuses of a run that has not ended. */
const ON: readonly StrategyStatus[] = ['running', 'paused', 'stopping'];

async function createStrategy(
  db: Queryable,
  strategy: NewStrategy,
  now: number,
): Promise<StrategyRecord> {
  const { id, quota } = strategy;
  try {
    return await inTransaction(db, async (trx) => {
      await trx
        .insertInto('strategies')
        .values({
          id,
          name: strategy.name,
          type: strategy.type,
          account_id: strategy.accountId,
          exchange: strategy.exchange,
          config: JSON.stringify(strategy.config),
          status: 'created',
          ...(strategy.failurePolicy === undefined
            ? {}
            : { failure_policy: JSON.stringify(strategy.failurePolicy) }),
          created_by: strategy.createdBy,
          created_at: now,
          updated_at: now,
        })
        .execute();
      await trx
        .insertInto('strategy_quotas')
        .values({
          strategy_id: id,
          allocation: quota.allocation,
          max_position: quota.maxPosition,
          max_order_notional: quota.maxOrderNotional,
          max_orders_per_day: quota.maxOrdersPerDay,
          approval_notional: quota.approvalNotional,
        })
        .execute();
      await claimContracts(trx, strategy, strategy.contracts ?? [], now);
      return readStrategy(trx, id);
    });
  } catch (error) {
    if (isUniqueViolation(error)) {
      throw new KeelError('CONFLICT', `strategy "${id}" exists already; choose another id`);
    }
    if (isForeignKeyViolation(error)) {
      throw new KeelError('NOT_FOUND', `there is no account "${strategy.accountId}"`);
    }
    throw error;
  }
}

async function beginRun(
  db: Queryable,
  id: string,
  runId: string,
  now: number,
): Promise<StrategyRecord> {
  return inTransaction(db, async (trx) => {
    const strategy = await trx
      .selectFrom('strategies')
      .select(['status', 'run_id'])
      .where('id', '=', id)
      .forNoKeyUpdate()
      .executeTakeFirst();
    if (strategy === undefined) throw strategyNotFound(id);
    if (strategy.run_id === runId) return readStrategy(trx, id);
    if (ON.includes(strategy.status)) {
      throw new KeelError(
        'CONFLICT',
        `strategy "${id}" is ${strategy.status} as run ${strategy.run_id ?? ''}; stop it first`,
      );
    }
    await trx
      .updateTable('strategies')
      .set({ status: 'running', status_reason: null, run_id: runId, updated_at: now })
      .where('id', '=', id)
      .execute();
    const fresh = {
      run_id: runId,
      anchor_at: null,
      offsets: '{}',
      sequences: '{}',
      state: null,
      snapshot: null,
      updated_at: now,
    };
    await trx
      .insertInto('strategy_checkpoints')
      .values({ ...fresh, strategy_id: id, epoch: 0 })
      // The epoch goes on counting: a runner of an earlier run can never hold a newer one.
      .onConflict((conflict) =>
        conflict
          .column('strategy_id')
          .doUpdateSet((eb) => ({ ...fresh, epoch: eb('strategy_checkpoints.epoch', '+', 1) })),
      )
      .execute();
    return readStrategy(trx, id);
  });
}

/** `stopping` only follows `running` and `paused`; an ended run stays ended; a newer run is left alone. */
async function endRun(
  db: Queryable,
  id: string,
  runId: string,
  status: 'stopping' | 'stopped' | 'failed',
  reason: string | undefined,
  now: number,
): Promise<void> {
  await db
    .updateTable('strategies')
    .set({ status, status_reason: reason ?? null, updated_at: now })
    .where('id', '=', id)
    .where('run_id', '=', runId)
    .where('status', 'in', status === 'stopping' ? ['running', 'paused'] : ON)
    .execute();
}

async function setPaused(
  db: Queryable,
  id: string,
  runId: string,
  paused: boolean,
  reason: string,
  now: number,
): Promise<void> {
  await db
    .updateTable('strategies')
    .set({
      status: paused ? 'paused' : 'running',
      status_reason: paused ? reason : null,
      updated_at: now,
    })
    .where('id', '=', id)
    .where('run_id', '=', runId)
    .where('status', '=', paused ? 'running' : 'paused')
    .execute();
}

/** Positions, open orders and funds, all of one moment. */
async function readSnapshot(db: Queryable, strategyId: string): Promise<StrategySnapshot> {
  return db
    .transaction()
    .setIsolationLevel('repeatable read')
    .setAccessMode('read only')
    .execute(async (trx) => {
      const funds = await strategyFunds(trx, strategyId);
      const positions = await trx
        .selectFrom('positions')
        .selectAll()
        .where('strategy_id', '=', strategyId)
        .orderBy('symbol')
        .execute();
      const orders = await selectOrderViews(trx)
        .where('orders.strategy_id', '=', strategyId)
        .where('orders.finished_at', 'is', null)
        .orderBy('orders.symbol')
        .orderBy('orders.sequence')
        .orderBy('orders.order_id')
        .execute();
      return {
        positions: bySymbol(positions.map(toPosition)),
        openOrders: orders.map(toOrderView),
        freeFunds: funds.free,
        allocation: funds.allocation,
      };
    });
}

export function createStrategyRepository(db: Queryable, now: () => number): StrategyRepository {
  return {
    create: (strategy) => createStrategy(db, strategy, now()),
    get: (id) => readStrategy(db, id),
    list: async () =>
      (await selectStrategies(db).orderBy('created_at').orderBy('id').execute()).map(toStrategy),
    beginRun: (id, runId) => beginRun(db, id, runId, now()),
    setPaused: (id, runId, paused, reason) => setPaused(db, id, runId, paused, reason, now()),
    endRun: (id, runId, status, reason) => endRun(db, id, runId, status, reason, now()),
    claim: (strategyId, runId, anchorAt) => claim(db, strategyId, runId, anchorAt, now()),
    commit: (checkpoint, signals) => commit(db, checkpoint, signals, now()),
    unpublished: (strategyId) => unpublished(db, strategyId),
    signalIds: (runId) => signalIds(db, runId),
    markPublished: (signalIds) => markPublished(db, signalIds, now()),
    snapshot: (strategyId) => readSnapshot(db, strategyId),
    isQuiet: (marketTime) => isQuiet(db, marketTime),
  };
}

/** A strategy sees one position a symbol, wherever its parts are held. */
function bySymbol(parts: readonly Position[]): Record<string, Position> {
  const positions: Record<string, Position> = {};
  for (const part of parts) {
    const known = positions[part.symbol];
    positions[part.symbol] = known === undefined ? part : sumPositions(known, part);
  }
  return positions;
}
