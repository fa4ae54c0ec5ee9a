/**
 * A runner's memory and its outbox. The epoch is the fence: whoever claimed last holds the instance, and a
 * commit with an older epoch changes nothing.
 */
import { sql } from 'kysely';
import { KeelError } from '../../core/errors.ts';
import type { Signal } from '../../core/signal.ts';
import type { Checkpoint } from '../strategy-repository.ts';
import type { Queryable } from './database.ts';
import { inTransaction } from './postgres-errors.ts';

/** Takes the instance with the next epoch; only the run's first claim fixes the anchor. Throws FENCED. */
export async function claim(
  db: Queryable,
  strategyId: string,
  runId: string,
  anchorAt: number,
  now: number,
): Promise<Checkpoint> {
  const row = await db
    .updateTable('strategy_checkpoints')
    .from('strategies')
    .set((eb) => ({
      epoch: eb('strategy_checkpoints.epoch', '+', 1),
      anchor_at: eb.fn.coalesce('strategy_checkpoints.anchor_at', eb.val(anchorAt)),
      updated_at: now,
    }))
    .whereRef('strategies.id', '=', 'strategy_checkpoints.strategy_id')
    .where('strategy_checkpoints.strategy_id', '=', strategyId)
    .where('strategy_checkpoints.run_id', '=', runId)
    .where('strategies.run_id', '=', runId)
    .where('strategies.status', 'in', ['running', 'paused'])
    .returningAll('strategy_checkpoints')
    .executeTakeFirst();
  if (row === undefined) {
    throw new KeelError('FENCED', `run ${runId} of strategy "${strategyId}" is over`);
  }
  return {
    strategyId: row.strategy_id,
    runId: row.run_id,
    epoch: row.epoch,
    anchorAt: row.anchor_at,
    offsets: row.offsets,
    sequences: row.sequences,
    state: row.state,
    snapshot: row.snapshot,
  };
}

/** Stores the checkpoint and its signals together. The anchor stays as the first claim set it. Throws FENCED. */
export async function commit(
  db: Queryable,
  checkpoint: Checkpoint,
  signals: readonly Signal[],
  now: number,
): Promise<void> {
  await inTransaction(db, async (trx) => {
    const held = await trx
      .updateTable('strategy_checkpoints')
      .set({
        offsets: JSON.stringify(checkpoint.offsets),
        sequences: JSON.stringify(checkpoint.sequences),
        state: JSON.stringify(checkpoint.state),
        snapshot: JSON.stringify(checkpoint.snapshot),
        updated_at: now,
      })
      .where('strategy_id', '=', checkpoint.strategyId)
      .where('run_id', '=', checkpoint.runId)
      .where('epoch', '=', checkpoint.epoch)
      .returning('strategy_id')
      .executeTakeFirst();
    if (held === undefined) {
      throw new KeelError(
        'FENCED',
        `epoch ${String(checkpoint.epoch)} of run ${checkpoint.runId} no longer holds strategy ` +
          `"${checkpoint.strategyId}": another runner took it, or a new run began`,
      );
    }
    if (signals.length === 0) return;
    await trx
      .insertInto('outbox')
      .values(
        signals.map((signal) => ({
          signal_id: signal.id,
          strategy_id: signal.strategyId,
          run_id: signal.runId,
          symbol: signal.symbol,
          sequence: signal.sequence,
          signal: JSON.stringify(signal),
          created_at: now,
        })),
      )
      // A bar handled twice makes the same signals; the stored ones stand.
      .onConflict((conflict) => conflict.column('signal_id').doNothing())
      .execute();
  });
}

/** Signals stored but not yet known to be on the bus, oldest first. */
export async function unpublished(db: Queryable, strategyId?: string): Promise<readonly Signal[]> {
  let query = db
    .selectFrom('outbox')
    .select('signal')
    .where('published_at', 'is', null)
    .orderBy('created_at')
    .orderBy('strategy_id')
    .orderBy('symbol')
    .orderBy('sequence');
  if (strategyId !== undefined) query = query.where('strategy_id', '=', strategyId);
  return (await query.execute()).map((row) => row.signal);
}

/** Ids of all signals that a run committed, oldest first. */
export async function signalIds(db: Queryable, runId: string): Promise<readonly string[]> {
  const rows = await db
    .selectFrom('outbox')
    .select('signal_id')
    .where('run_id', '=', runId)
    .orderBy('created_at')
    .orderBy('sequence')
    .execute();
  return rows.map((row) => row.signal_id);
}

export async function markPublished(
  db: Queryable,
  signalIds: readonly string[],
  now: number,
): Promise<void> {
  await db
    .updateTable('outbox')
    .set({ published_at: now })
    .where('signal_id', '=', sql<string>`any(${[...signalIds]}::text[])`)
    .where('published_at', 'is', null)
    .execute();
}
