/** Small facts the stack keeps for itself. */
import type { SettingRepository } from '../repositories.ts';
import type { Queryable } from './database.ts';

export function createSettingRepository(db: Queryable): SettingRepository {
  return {
    async getOrCreate(key, value) {
      const find = () =>
        db.selectFrom('settings').select('value').where('key', '=', key).executeTakeFirst();
      const known = await find();
      if (known !== undefined) return known.value;
      const made = value();
      await db
        .insertInto('settings')
        .values({ key, value: made })
        .onConflict((conflict) => conflict.column('key').doNothing())
        .execute();
      // Another process may have been first: all of them must get the one that is there.
      return (await find())?.value ?? made;
    },
  };
}
