import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dropDatabase, freshDatabaseUrl } from '../../test/database.ts';
import { describeWith, testServers } from '../../test/servers.ts';
import { openDatabase } from './database.ts';
import { migrate, readMigrations } from './migrate.ts';

describeWith('postgres', 'migrations', () => {
  let url: string;
  let folder: string;

  beforeEach(async () => {
    url = freshDatabaseUrl(testServers().postgresUrl ?? '');
    folder = await mkdtemp(join(tmpdir(), 'keel-migrations-'));
    await writeFile(join(folder, '0001-first.sql'), 'create table first (id int);');
  });
  afterEach(async () => {
    await dropDatabase(url);
    await rm(folder, { recursive: true });
  });

  const add = (name: string, text: string) => writeFile(join(folder, name), text);

  it('creates the database and applies the real ones once', async () => {
    const names = (await readMigrations()).map(({ name }) => name);
    expect(await migrate(url)).toEqual(names);
    expect(await migrate(url)).toEqual([]);
  });

  it('lets four processes race', async () => {
    const applied = await Promise.all([1, 2, 3, 4].map(() => migrate(url)));
    expect(applied.flat()).toEqual((await readMigrations()).map(({ name }) => name));
  });

  it('applies what is new', async () => {
    expect(await migrate(url, folder)).toEqual(['0001-first.sql']);
    await add('0002-second.sql', 'create table second (id int);');
    expect(await migrate(url, folder)).toEqual(['0002-second.sql']);
  });

  it('says which applied migration was edited', async () => {
    await migrate(url, folder);
    await add('0001-first.sql', 'create table first (id bigint);');
    await expect(migrate(url, folder)).rejects.toMatchObject({
      code: 'CONFLICT',
      message: expect.stringMatching(
        /"0001-first.sql" was edited after it was applied.*new migration/,
      ),
    });
  });

  it('takes other line ends for no edit', async () => {
    await add('0001-first.sql', 'create table first (\n  id int);\n');
    await migrate(url, folder);
    await add('0001-first.sql', 'create table first (\r\n  id int);\r\n');
    expect(await migrate(url, folder)).toEqual([]);
  });

  it('refuses code older than the database, and a number that comes too late', async () => {
    await add('0003-third.sql', 'select 1;');
    await migrate(url, folder);
    await add('0002-late.sql', 'select 1;');
    await expect(migrate(url, folder)).rejects.toThrow(/"0002-late.sql" comes before "0003-third/);
    await rm(join(folder, '0002-late.sql'));
    await rm(join(folder, '0003-third.sql'));
    await expect(migrate(url, folder)).rejects.toThrow(/run the newer code/);
  });

  it('leaves nothing of one that fails', async () => {
    await add('0002-broken.sql', 'create table half (id int); select nonsense;');
    await expect(migrate(url, folder)).rejects.toThrow(/"0002-broken.sql" failed.*nonsense/);
    const db = openDatabase(url);
    const tables = await db.introspection.getTables();
    await db.destroy();
    expect(tables.map(({ name }) => name).sort()).toEqual(['first', 'schema_migrations']);
  });

  it('refuses a misnamed file, and a number used twice', async () => {
    await add('2-second.sql', 'select 1;');
    await expect(migrate(url, folder)).rejects.toMatchObject({ code: 'INVALID_INPUT' });
    await rm(join(folder, '2-second.sql'));
    await add('0001-twin.sql', 'select 1;');
    await expect(migrate(url, folder)).rejects.toMatchObject({ code: 'INVALID_INPUT' });
    await rm(join(folder, '0001-twin.sql'));
    await migrate(url, folder);
  });

  it('says so when PostgreSQL does not answer', async () => {
    await expect(migrate('postgres://keel@127.0.0.1:1/keel', folder)).rejects.toMatchObject({
      code: 'UNAVAILABLE',
    });
    await migrate(url, folder);
  });
});
