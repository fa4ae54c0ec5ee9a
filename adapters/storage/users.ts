/** People who may log in. Passwords come hashed. */
import type { UserRepository } from '../repositories.ts';
import type { Queryable } from './database.ts';

export function createUserRepository(db: Queryable): UserRepository {
  return {
    async count() {
      const row = await db
        .selectFrom('users')
        .select((eb) => eb.fn.countAll<number>().as('count'))
        .executeTakeFirstOrThrow();
      return row.count;
    },

    async add(user) {
      const row = await db
        .insertInto('users')
        .values({
          name: user.name,
          role: user.role,
          password_hash: user.passwordHash,
          created_at: user.createdAt,
        })
        .onConflict((conflict) => conflict.column('name').doNothing())
        .returning('name')
        .executeTakeFirst();
      return row !== undefined;
    },

    async find(name) {
      const row = await db
        .selectFrom('users')
        .selectAll()
        .where('name', '=', name)
        .executeTakeFirst();
      if (row === undefined) return null;
      return {
        name: row.name,
        role: row.role,
        passwordHash: row.password_hash,
        createdAt: row.created_at,
      };
    },
  };
}
