import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { sql, type Kysely } from 'kysely';
import { testDatabase, type TestDatabase } from '../../test/database.ts';
import { describeWith } from '../../test/servers.ts';
import { openDatabase, type Database } from './database.ts';
import { createDutyRepository } from './duties.ts';

describeWith('postgres', 'a duty', () => {
  let database: TestDatabase;
  let one: Kysely<Database>;
  let other: Kysely<Database>;

  beforeAll(async () => {
    database = await testDatabase();
    one = openDatabase(database.url);
    other = openDatabase(database.url);
  });
  afterAll(async () => {
    await one.destroy();
    await other.destroy();
    await database.drop();
  });

  it('is of one at a time, until it is given up', async () => {
    const duty = await createDutyRepository(one).take('watch');
    expect(await duty?.isOurs()).toBe(true);
    expect(await createDutyRepository(other).take('watch')).toBeNull();
    expect(await createDutyRepository(one).take('watch')).toBeNull();
    const another = await createDutyRepository(other).take('cook');
    expect(another).not.toBeNull();
    await another?.giveUp();
    await duty?.giveUp();
    const next = await createDutyRepository(other).take('watch');
    expect(next).not.toBeNull();
    await next?.giveUp();
  });

  it('is lost with the connection, as of a process that died, and free for the next', async () => {
    const duty = await createDutyRepository(one).take('watch');
    await sql`
      select pg_terminate_backend(pid) from pg_locks
      where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())
    `.execute(other);
    expect(await duty?.isOurs()).toBe(false);
    const next = await createDutyRepository(other).take('watch');
    expect(await next?.isOurs()).toBe(true);
    await next?.giveUp();
    // Giving up what is lost changes nothing.
    await duty?.giveUp();
  });

  it('is not asked for where PostgreSQL is away', async () => {
    const nowhere = openDatabase('postgres://keel@127.0.0.1:1/keel');
    await expect(createDutyRepository(nowhere).take('watch')).rejects.toThrow('ECONNREFUSED');
    await nowhere.destroy();
  });
});
