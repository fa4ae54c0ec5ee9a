/** Auxiliary data: funding rates and whatever else is told to strategies beside the market. */
import type { AuxRepository } from '../repositories.ts';
import { canonical } from './amounts.ts';
import type { Queryable } from './database.ts';

export function createAuxRepository(db: Queryable): AuxRepository {
  return {
    async add(values) {
      if (values.length === 0) return;
      await db
        .insertInto('aux_values')
        .values(
          values.map(({ name, publishedAt, value }) => ({
            ...{ name, value },
            published_at: publishedAt,
          })),
        )
        .onConflict((conflict) => conflict.doNothing())
        .execute();
    },
    async after(name, publishedAt) {
      const rows = await db
        .selectFrom('aux_values')
        .selectAll()
        .where('name', '=', name)
        .where('published_at', '>', publishedAt)
        .orderBy('published_at')
        .execute();
      return rows.map((row) => ({
        name: row.name,
        publishedAt: row.published_at,
        value: canonical(row.value),
      }));
    },
    async newestAt(name) {
      const row = await db
        .selectFrom('aux_values')
        .select((of) => of.fn.max<number | null>('published_at').as('at'))
        .where('name', '=', name)
        .executeTakeFirst();
      return row?.at ?? null;
    },
  };
}
