/** Halts: a row without `lifted_at` stops every order it covers, whatever else runs or does not. */
import { sql, type RawBuilder, type Selectable } from 'kysely';
import { KeelError } from '../../core/errors.ts';
import type { Halt, HaltRepository } from '../repositories.ts';
import type { Queryable } from './database.ts';
import type { HaltsTable } from './order-tables.ts';

/**
 * SQL condition: the halt row `h` is in force and covers the order of this strategy, exchange and symbol
 * (column references).
 */
export function haltCovers(order: {
  readonly strategy: string;
  readonly exchange: string;
  readonly symbol: string;
}): RawBuilder<boolean> {
  return sql<boolean>`(h.lifted_at is null and (
    h.scope = 'all'
    or (h.scope = 'strategy' and h.target = ${sql.ref(order.strategy)})
    or (h.scope = 'exchange' and h.target = ${sql.ref(order.exchange)})
    or (h.scope = 'symbol' and h.target = ${sql.ref(order.symbol)})))`;
}

/**
 * SQL condition: the order may pass a halt. It only reduces (reckoned at admission, never claimed), and a
 * person, a guard or a flatten sent it.
 */
export function passesHalt(order: {
  readonly reducing: string;
  readonly sourceKind: string;
}): RawBuilder<boolean> {
  return sql<boolean>`(${sql.ref(order.reducing)}
    and ${sql.ref(order.sourceKind)} in ('person', 'guard', 'flatten'))`;
}

function toHalt(row: Selectable<HaltsTable>): Halt {
  return {
    id: row.id,
    scope: row.scope,
    target: row.target,
    reason: row.reason,
    setBy: row.set_by,
    setAt: row.set_at,
    flatten: row.flatten,
    cleanedAt: row.cleaned_at,
    liftedBy: row.lifted_by,
    liftedAt: row.lifted_at,
    liftReason: row.lift_reason,
  };
}

function haltNotFound(id: number): KeelError {
  return new KeelError('NOT_FOUND', `there is no halt ${String(id)}`);
}

async function activeHalts(db: Queryable): Promise<readonly Halt[]> {
  const rows = await db
    .selectFrom('halts')
    .selectAll()
    .where('lifted_at', 'is', null)
    .orderBy('id')
    .execute();
  return rows.map(toHalt);
}

/** What people read of a halt. */
export type HaltNotice = Pick<Halt, 'scope' | 'target' | 'reason'>;

/** Those of the halts that cover an order, as `scope:target: reason`. */
export function haltsOn(
  order: { readonly strategyId: string; readonly exchange: string; readonly symbol: string },
  halts: readonly HaltNotice[],
): readonly string[] {
  const targets: Readonly<Record<Halt['scope'], string | null>> = {
    all: null,
    strategy: order.strategyId,
    exchange: order.exchange,
    symbol: order.symbol,
  };
  return halts
    .filter(({ scope, target }) => targets[scope] === null || targets[scope] === target)
    .map(({ scope, target, reason }) => `${scope}:${target}: ${reason}`);
}

export function createHaltRepository(db: Queryable, now: () => number): HaltRepository {
  return {
    async set({ scope, target, reason, setBy, flatten }) {
      const row = await db
        .insertInto('halts')
        .values({ scope, target, reason, flatten, set_by: setBy, set_at: now() })
        .onConflict((conflict) =>
          conflict
            .columns(['scope', 'target'])
            .where('lifted_at', 'is', null)
            .doUpdateSet({
              flatten: sql`halts.flatten or excluded.flatten`,
              // More to do than before: it is not cleaned up any more.
              cleaned_at: sql`case when excluded.flatten and not halts.flatten then null
                else halts.cleaned_at end`,
            }),
        )
        .returningAll()
        .executeTakeFirstOrThrow();
      return toHalt(row);
    },

    async get(id) {
      const row = await db.selectFrom('halts').selectAll().where('id', '=', id).executeTakeFirst();
      if (row === undefined) throw haltNotFound(id);
      return toHalt(row);
    },

    async lift(id, by, reason) {
      const row = await db
        .updateTable('halts')
        .set((eb) => ({
          lifted_by: eb.fn.coalesce('lifted_by', eb.val(by)),
          lifted_at: eb.fn.coalesce('lifted_at', eb.val(now())),
          lift_reason: eb.fn.coalesce('lift_reason', eb.val(reason)),
        }))
        .where('id', '=', id)
        .returningAll()
        .executeTakeFirst();
      if (row === undefined) throw haltNotFound(id);
      return toHalt(row);
    },

    active: () => activeHalts(db),

    async list({ limit, after }) {
      let query = db.selectFrom('halts').selectAll().orderBy('id', 'desc').limit(limit);
      if (after !== undefined) query = query.where('id', '<', after);
      return (await query.execute()).map(toHalt);
    },

    async markCleaned({ id, flatten }) {
      await db
        .updateTable('halts')
        .set({ cleaned_at: now() })
        .where('id', '=', id)
        .where('flatten', '=', flatten)
        .where('cleaned_at', 'is', null)
        .execute();
    },
  };
}
