/** Closed bars. Written in bulk, since a back-fill brings hundreds of thousands. */
import { sql, type Selectable } from 'kysely';
import type { Kline } from '../../core/kline.ts';
import type { KlineRepository } from '../repositories.ts';
import { canonical } from './amounts.ts';
import type { Queryable } from './database.ts';
import { inTransaction } from './postgres-errors.ts';
import type { KlinesTable } from './tables.ts';

const ROWS_PER_STATEMENT = 5_000;

function toKline(row: Selectable<KlinesTable>): Kline {
  return {
    exchange: row.exchange,
    symbol: row.symbol,
    interval: row.interval,
    openAt: row.open_at,
    closeAt: row.close_at,
    open: canonical(row.open),
    high: canonical(row.high),
    low: canonical(row.low),
    close: canonical(row.close),
    volume: canonical(row.volume),
  };
}

/** Stores bars; of two of one open time the later in the list, or the newer call, stands. All or nothing. */
async function upsertKlines(db: Queryable, klines: readonly Kline[]): Promise<void> {
  if (klines.length === 0) return;
  const byKey = new Map(
    klines.map((bar) => [
      `${bar.exchange}|${bar.symbol}|${bar.interval}|${String(bar.openAt)}`,
      bar,
    ]),
  );
  // In key order: two writers of the same bars lock them in the same order.
  const bars = [...byKey].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, bar]) => bar);
  await inTransaction(db, async (trx) => {
    for (let from = 0; from < bars.length; from += ROWS_PER_STATEMENT) {
      await upsertChunk(trx, bars.slice(from, from + ROWS_PER_STATEMENT));
    }
  });
}

async function upsertChunk(db: Queryable, bars: readonly Kline[]): Promise<void> {
  // One array a column: a parameter a value would meet PostgreSQL's limit of 65535 and parse slowly.
  const column = (pick: (bar: Kline) => string | number, type: string) =>
    sql`${bars.map(pick)}::${sql.raw(type)}[]`;
  await sql`
    insert into klines (exchange, symbol, interval, open_at, close_at, open, high, low, close, volume)
    select * from unnest(
      ${column((bar) => bar.exchange, 'text')}, ${column((bar) => bar.symbol, 'text')},
      ${column((bar) => bar.interval, 'text')}, ${column((bar) => bar.openAt, 'bigint')},
      ${column((bar) => bar.closeAt, 'bigint')}, ${column((bar) => bar.open, 'numeric')},
      ${column((bar) => bar.high, 'numeric')}, ${column((bar) => bar.low, 'numeric')},
      ${column((bar) => bar.close, 'numeric')}, ${column((bar) => bar.volume, 'numeric')})
    on conflict (exchange, symbol, interval, open_at) do update set
      close_at = excluded.close_at, open = excluded.open, high = excluded.high, low = excluded.low,
      close = excluded.close, volume = excluded.volume
    where (klines.close_at, klines.open, klines.high, klines.low, klines.close, klines.volume)
      is distinct from (excluded.close_at, excluded.open, excluded.high, excluded.low, excluded.close,
        excluded.volume)`.execute(db);
}

type Series = Pick<Kline, 'exchange' | 'symbol' | 'interval'>;

function selectSeries(db: Queryable, { exchange, symbol, interval }: Series) {
  return db
    .selectFrom('klines')
    .selectAll()
    .where('exchange', '=', exchange)
    .where('symbol', '=', symbol)
    .where('interval', '=', interval);
}

/** The newest bar closed by `to`, or of all. */
export async function newestKline(
  db: Queryable,
  series: Series,
  to = Number.MAX_SAFE_INTEGER,
): Promise<Kline | null> {
  // By open_at, which the key leads with; close_at is open_at plus the interval.
  const row = await selectSeries(db, series)
    .where('close_at', '<=', to)
    .orderBy('open_at', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row === undefined ? null : toKline(row);
}

/** Bars with `from < closeAt <= to`, oldest first. */
export async function klinesBetween(
  db: Queryable,
  series: Series,
  from: number,
  to: number,
): Promise<readonly Kline[]> {
  const rows = await selectSeries(db, series)
    .where('open_at', '<', to)
    .where('open_at', '>=', from - MAX_INTERVAL_MS)
    .where('close_at', '>', from)
    .where('close_at', '<=', to)
    .orderBy('open_at')
    .execute();
  return rows.map(toKline);
}

/** Longest bar: bounds the index range by open time. */
const MAX_INTERVAL_MS = 86_400_000;

export function createKlineRepository(db: Queryable): KlineRepository {
  return {
    upsert: (klines) => upsertKlines(db, klines),
    newest: (exchange, symbol, interval) => newestKline(db, { exchange, symbol, interval }),
    range: (query) => klinesBetween(db, query, query.from, query.to),
    last: async (query) => {
      const rows = await selectSeries(db, query)
        .where('open_at', '<', query.to)
        .where('close_at', '<=', query.to)
        .orderBy('open_at', 'desc')
        .limit(query.count)
        .execute();
      return rows.map(toKline).reverse();
    },
  };
}
