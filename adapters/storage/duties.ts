/** Duties that one process has at a time, as session locks of PostgreSQL: they end with the connection. */
import { sql, type Kysely } from 'kysely';
import type { Duty, DutyRepository } from '../repositories.ts';
import type { Database } from './database.ts';

export function createDutyRepository(db: Kysely<Database>): DutyRepository {
  return {
    take(name) {
      return new Promise<Duty | null>((resolve, reject) => {
        // The connection is kept out of the pool for as long as this callback runs.
        db.connection()
          .execute(async (connection) => {
            const key = sql`hashtextextended(${`duty:${name}`}, 0)`;
            const { rows } = await sql<{
              taken: boolean;
            }>`select pg_try_advisory_lock(${key}) as taken`.execute(connection);
            if (rows[0]?.taken !== true) {
              resolve(null);
              return;
            }
            const over = Promise.withResolvers<undefined>();
            resolve({
              async isOurs() {
                try {
                  await sql`select 1`.execute(connection);
                  return true;
                } catch {
                  return false;
                }
              },
              async giveUp() {
                // Fails where the connection is lost, and the lock with it.
                await sql`select pg_advisory_unlock(${key})`.execute(connection).catch(() => null);
                over.resolve(undefined);
              },
            });
            await over.promise;
          })
          .catch(reject);
      });
    },
  };
}
