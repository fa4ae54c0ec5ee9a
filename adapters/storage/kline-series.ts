/**
 * Stored bars in columns, for backtests. The server packs each column of a page into one value of doubles, so a
 * million bars are read without a million rows.
 */
import { sql } from 'kysely';
import {
  BAR_COLUMNS,
  type BarColumn,
  type BarSeries,
  type SeriesKey,
} from '../../core/bar-series.ts';
import type { TimeRange } from '../../core/time-range.ts';
import type { Queryable } from './database.ts';

/** Bars of one question: some megabytes. */
const PAGE = 100_000;
const DOUBLE_BYTES = 8;

/** Each column as big-endian doubles; null where there are no bars. */
type Page = Readonly<Record<BarColumn, Buffer | null>> & { readonly last: number | null };

/** The stored bars of a market and interval that open within the range; empty where there are none. */
export async function readKlineSeries(
  db: Queryable,
  key: SeriesKey,
  range: TimeRange = { from: -Infinity, to: Infinity },
): Promise<BarSeries> {
  const pages: Page[] = [];
  const to = Math.min(range.to, Number.MAX_SAFE_INTEGER);
  for (let next = Math.max(range.from, 0), full = true; full;) {
    const page = await readPage(db, key, next, to);
    pages.push(page);
    full = page.openAt?.length === PAGE * DOUBLE_BYTES;
    next = (page.last ?? next) + 1;
  }
  const column = (name: BarColumn): Float64Array => doublesOf(pages.map((page) => page[name]));
  const openAt = column('openAt');
  return {
    ...{ exchange: key.exchange, symbol: key.symbol, interval: key.interval },
    ...{ length: openAt.length, openAt },
    ...{ open: column('open'), high: column('high'), low: column('low'), close: column('close') },
    volume: column('volume'),
  };
}

async function readPage(db: Queryable, key: SeriesKey, from: number, to: number): Promise<Page> {
  const packed = BAR_COLUMNS.map(
    (name) =>
      sql`string_agg(float8send(${sql.ref(name)}::float8), ''::bytea order by "openAt") as ${sql.ref(name)}`,
  );
  const { rows } = await sql<Page>`
    select max("openAt") as last, ${sql.join(packed)}
    from (
      select open_at as "openAt", open, high, low, close, volume from klines
      where exchange = ${key.exchange} and symbol = ${key.symbol} and interval = ${key.interval}
        and open_at >= ${from} and open_at < ${to}
      order by open_at
      limit ${PAGE}
    ) page`.execute(db);
  const [page] = rows;
  if (page === undefined) throw new RangeError('an aggregate without a row');
  return page;
}

function doublesOf(parts: readonly (Buffer | null)[]): Float64Array {
  const filled = parts.filter((part) => part !== null);
  const bytes = Buffer.concat(filled).swap64();
  return new Float64Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
}
