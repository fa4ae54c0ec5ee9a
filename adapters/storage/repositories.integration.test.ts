import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { sql } from 'kysely';
import { testDatabase, type TestDatabase } from '../../test/database.ts';
import { storeAccount } from '../../test/factories/stored-world.ts';
import { describeWith } from '../../test/servers.ts';
import type { Json } from '../../core/json.ts';
import type { Repositories } from '../repositories.ts';
import { openDatabase } from './database.ts';
import { toKeelError } from './postgres-errors.ts';
import { createRepositories } from './repositories.ts';

describeWith('postgres', 'the small repositories', () => {
  let database: TestDatabase;
  let repositories: Repositories;

  beforeAll(async () => {
    database = await testDatabase({ poolSize: 8 });
    repositories = createRepositories(database.db);
  });
  afterAll(() => database.drop());

  it('keeps an account and its opening balances as first told', async () => {
    await storeAccount(repositories, { USDT: '100.50' });
    await storeAccount(repositories, { USDT: '7', BTC: '1' });
    expect(await repositories.accounts.balances('binance-sandbox')).toMatchObject([
      { asset: 'USDT', total: '100.5', reserved: '0' },
    ]);
  });

  it('sets and lifts halts', async () => {
    const halt = await repositories.halts.set({
      scope: 'all',
      target: '',
      reason: 'test',
      setBy: 'ada',
      flatten: false,
    });
    expect(await repositories.halts.active()).toEqual([halt]);
    await repositories.halts.lift(halt.id, 'bob', 'over');
    await repositories.halts.lift(halt.id, 'eve', 'over');
    expect(await repositories.halts.active()).toEqual([]);
    const other = await repositories.halts.set({ ...halt, scope: 'symbol', target: 'BTC/USDT' });
    const ids = async (after?: number): Promise<number[]> =>
      (await repositories.halts.list({ limit: 9, after })).map(({ id }) => id);
    expect([await ids(), await ids(other.id), await ids(halt.id)]).toEqual([
      [other.id, halt.id],
      [halt.id],
      [],
    ]);
    expect(await repositories.halts.list({ limit: 1 })).toHaveLength(1);
    await repositories.halts.lift(other.id, 'bob', 'over');
    const row = await database.db
      .selectFrom('halts')
      .select('lifted_by')
      .where('id', '=', halt.id)
      .executeTakeFirstOrThrow();
    expect(row.lifted_by).toBe('bob');
    await expect(repositories.halts.lift(999, 'bob', 'over')).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
  });

  it('adds a user once', async () => {
    const user = { name: 'ada', role: 'admin', passwordHash: 'x', createdAt: 1 } as const;
    expect(await repositories.users.count()).toBe(0);
    expect(await repositories.users.add(user)).toBe(true);
    expect(await repositories.users.add({ ...user, role: 'viewer' })).toBe(false);
    expect(await repositories.users.find('ada')).toEqual(user);
    expect(await repositories.users.find('bob')).toBeNull();
    expect(await repositories.users.count()).toBe(1);
  });

  it('gives every caller the setting that was first', async () => {
    const made = await Promise.all(
      ['a', 'b', 'c', 'd'].map((value) => repositories.settings.getOrCreate('secret', () => value)),
    );
    expect(new Set(made).size).toBe(1);
  });

  it('writes the audit log', async () => {
    await repositories.audit.write({ actor: 'ada', action: 'halt.set', target: 'all' });
    await repositories.audit.write({ actor: 'ada', action: 'x', target: 'y', detail: ['z'] });
    const rows = await database.db.selectFrom('audit_log').select('detail').orderBy('id').execute();
    expect(rows).toEqual([{ detail: {} }, { detail: ['z'] }]);
  });

  it('changes the paper books under a lock, all or nothing', async () => {
    const { paper } = repositories;
    await Promise.all(
      Array.from({ length: 10 }, (_, i) =>
        paper.transact('p', ({ orders, balances }) => {
          balances.set('USDT', String(Number(balances.get('USDT') ?? '0') + 1));
          orders.set(`o${String(i)}`, { state: 'open', fills: [] });
        }),
      ),
    );
    await expect(
      paper.transact('p', ({ balances }) => {
        balances.set('USDT', '0');
        throw new RangeError('no');
      }),
    ).rejects.toMatchObject({ code: 'INTERNAL' });
    const read = await paper.transact('p', ({ orders, balances }) => {
      // A change inside a value counts too.
      (orders.get('o1') as { state: Json }).state = 'filled';
      orders.delete('o2');
      return balances.get('USDT');
    });
    expect(read).toBe('10');
    expect(await paper.load('p', 'o1')).toEqual({ state: 'filled', fills: [] });
    expect(await paper.load('p', 'o2')).toBeNull();
    expect(await paper.list('p')).toHaveLength(9);
    expect(await paper.list('q')).toEqual([]);
  });

  it('survives connections that are cut, also inside a transaction', async () => {
    const heard: Error[] = [];
    const db = openDatabase(database.url, { onConnectionError: (error) => heard.push(error) });
    const cut = createRepositories(db);
    await cut.ping();
    const broken = db.transaction().execute(async (trx) => {
      const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(trx);
      await sql`select pg_terminate_backend(${rows[0]?.pid ?? 0})`.execute(database.db);
      await sql`select 1`.execute(trx);
    });
    const failure = toKeelError(await broken.catch((error: unknown) => error));
    expect(failure.code).toBe('UNAVAILABLE');
    await cut.ping();
    await cut.close();
    await expect(cut.ping()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(heard.length).toBeGreaterThan(0);
  });
});

describe('without PostgreSQL', () => {
  it('every call fails with UNAVAILABLE and says what to do', async () => {
    const repositories = createRepositories(openDatabase('postgres://keel@127.0.0.1:1/keel'));
    await expect(repositories.ping()).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringContaining('check that it runs'),
    });
    await expect(repositories.halts.active()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await repositories.close();
  });
});
