import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { sql } from 'kysely';
import { describeWith } from '../../test/servers.ts';
import { testDatabase, type TestDatabase } from '../../test/database.ts';
import type { Queryable } from './database.ts';
import { inTransaction, toKeelError } from './postgres-errors.ts';

describeWith('postgres', 'prepared statements', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    // One connection: what one statement prepares the next one finds.
    database = await testDatabase({ poolSize: 1 });
    await sql`create table things (id int primary key)`.execute(database.db);
    await sql`insert into things values (1)`.execute(database.db);
  });
  afterAll(() => database.drop());

  const thing = async (db: Queryable): Promise<unknown> =>
    (await sql`select * from things where id = ${1}`.execute(db)).rows[0];
  const addColumn = (name: string): Promise<unknown> =>
    sql`alter table things add column ${sql.ref(name)} int`.execute(database.db);

  it('a statement is prepared once, however often it is asked', async () => {
    for (let times = 0; times < 3; times += 1) await thing(database.db);
    const { rows } = await sql`
      select generic_plans + custom_plans as plans from pg_prepared_statements
      where statement like 'select * from things%'`.execute(database.db);
    expect(rows).toEqual([{ plans: 3 }]);
  });

  it('a migration under a running process fails one statement, which may be sent again', async () => {
    await thing(database.db);
    await addColumn('colour');
    const error: unknown = await thing(database.db).catch((thrown: unknown) => thrown);
    expect(toKeelError(error)).toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringContaining('the same again will work'),
    });
    expect(await thing(database.db)).toEqual({ id: 1, colour: null });
  });

  it('a transaction is run again by itself', async () => {
    await thing(database.db);
    await addColumn('weight');
    expect(await inTransaction(database.db, thing)).toEqual({ id: 1, colour: null, weight: null });
  });
});
