/** Bars that Keel itself collected, from its database. */
import { describe } from '../adapters/bars/bar-library.ts';
import { openDatabase } from '../adapters/storage/database.ts';
import { readKlineSeries } from '../adapters/storage/kline-series.ts';
import { withKeelErrors } from '../adapters/storage/postgres-errors.ts';
import type { BarSeries, SeriesKey } from '../core/bar-series.ts';
import type { TimeRange } from '../core/time-range.ts';
import { CliError, EXIT } from './api-client.ts';

/** Throws UNAVAILABLE, and NOT_FOUND where the database has no such bars. */
export async function readStoredSeries(
  postgresUrl: string,
  key: SeriesKey,
  range: TimeRange | undefined,
): Promise<BarSeries> {
  const db = openDatabase(postgresUrl, { poolSize: 1 });
  try {
    const { read } = withKeelErrors({ read: () => readKlineSeries(db, key, range) });
    const series = await read();
    if (series.length > 0) return series;
  } finally {
    await db.destroy();
  }
  throw new CliError(
    EXIT.notFound,
    'NOT_FOUND',
    `the database has no bars of ${describe(key)}${range === undefined ? '' : ' in that time'}: the collector stores those of 1m of the symbols it is configured for`,
  );
}
