/** `keel data pull`: what the collector stored is what a backtest reads. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { sql } from 'kysely';
import { BarLibrary } from '../adapters/bars/bar-library.ts';
import { createKlineRepository } from '../adapters/storage/klines.ts';
import { readKlineSeries } from '../adapters/storage/kline-series.ts';
import { createKline, T0 } from '../test/factories/market.ts';
import { testDatabase, type TestDatabase } from '../test/database.ts';
import { describeWith } from '../test/servers.ts';
import { readStoredSeries } from './stored-bars.ts';

const KEY = { exchange: 'binance', symbol: 'BTC/USDT', interval: '1m' } as const;
const MINUTE = 60_000;

describeWith('postgres', 'bars from the database', () => {
  let database: TestDatabase;
  const folder = mkdtempSync(join(tmpdir(), 'keel-pull-'));

  beforeAll(async () => {
    database = await testDatabase({ poolSize: 2 });
    const bars = [0, 1, 2, 4].map((minute) =>
      createKline({
        ...{ openAt: T0 + minute * MINUTE, closeAt: T0 + (minute + 1) * MINUTE },
        ...{ open: '97000.1', high: '97001.23', low: '96999.07', close: `9700${String(minute)}` },
        volume: '0.12345678',
      }),
    );
    await createKlineRepository(database.db).upsert([
      ...bars,
      createKline({ openAt: T0, closeAt: T0 + MINUTE, symbol: 'ETH/USDT' }),
    ]);
  });
  afterAll(async () => {
    rmSync(folder, { recursive: true });
    await database.drop();
  });

  it('are the same numbers, in order, and go into the library', async () => {
    const series = await readStoredSeries(database.url, KEY, undefined);
    expect(series).toMatchObject({ ...KEY, length: 4 });
    expect([...series.openAt].map((at) => (at - T0) / MINUTE)).toEqual([0, 1, 2, 4]);
    expect([...series.close]).toEqual([97000, 97001, 97002, 97004]);
    expect([series.open[0], series.high[0], series.low[0], series.volume[0]]).toEqual([
      ...[97000.1, 97001.23, 96999.07, 0.12345678],
    ]);
    const library = new BarLibrary(folder);
    expect(library.add(series, 'database')).toMatchObject({
      added: 4,
      entry: { bars: 4, missing: 1, sources: ['database'] },
    });
    expect(library.add(series, 'database').added).toBe(0);
  });

  it('are those that open in the time asked for', async () => {
    const range = { from: T0 + MINUTE, to: T0 + 4 * MINUTE };
    const { openAt } = await readStoredSeries(database.url, KEY, range);
    expect([...openAt]).toEqual([T0 + MINUTE, T0 + 2 * MINUTE]);
  });

  it('that are not there, and a database that is away, are told', async () => {
    await expect(
      readStoredSeries(database.url, { ...KEY, symbol: 'NO/SUCH' }, undefined),
    ).rejects.toMatchObject({ code: 'NOT_FOUND', message: expect.stringContaining('NO/SUCH') });
    await expect(
      readStoredSeries('postgres://keel@127.0.0.1:1/keel', KEY, undefined),
    ).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });

  it('are read page by page', async () => {
    const bars = 100_001;
    await sql`
      insert into klines (exchange, symbol, interval, open_at, close_at, open, high, low, close, volume)
      select 'okx', 'BTC/USDT', '1m', ${T0}::bigint + n::bigint * 60000, ${T0}::bigint + (n + 1)::bigint * 60000,
        n + 1, n + 2, n + 0.5, n + 1.25, 1 from generate_series(0, ${bars - 1}::int) n`.execute(
      database.db,
    );
    const series = await readKlineSeries(database.db, { ...KEY, exchange: 'okx' });
    expect(series.length).toBe(bars);
    expect(series.close.at(-1)).toBe(bars + 0.25);
    expect(series.openAt.every((at, index) => at === T0 + index * MINUTE)).toBe(true);
  });
});
