/**
 * Bars a second from a gzipped CSV file, checked, and from the cache, each against the bare reading of as many
 * bytes. `node test/bench/bars.ts` prints the seconds of a million bars, without servers.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { readBarsCached } from '../../adapters/bars/bar-cache.ts';
import { readBarCsv } from '../../adapters/bars/read-bars.ts';
import { writeCsv } from '../../adapters/bars/write-csv.ts';
import { makeSeries } from '../factories/bars.ts';
import { median, type Ratio } from './ratio.ts';

const BARS = 1_000_000;
const ROUNDS = 3;

/** Bars a second. */
function rate(read: () => unknown): number {
  const startedAt = performance.now();
  read();
  return BARS / ((performance.now() - startedAt) / 1000);
}

export function benchBars(): readonly Ratio[] {
  const folder = mkdtempSync(join(tmpdir(), 'keel-bench-bars-'));
  try {
    const csv = join(folder, 'BTCUSDT-binance-1m.csv.gz');
    writeCsv(csv, makeSeries(BARS));
    readBarsCached(csv, folder);
    const cached = join(folder, 'bars', readdirSync(join(folder, 'bars'))[0] ?? '');
    const rounds = Array.from({ length: ROUNDS }, () => ({
      gunzip: rate(() => gunzipSync(readFileSync(csv))),
      csv: rate(() => readBarCsv(csv)),
      bytes: rate(() => readFileSync(cached)),
      cache: rate(() => readBarsCached(csv, folder)),
    }));
    const figure = (name: string, keel: 'csv' | 'cache', baseline: 'gunzip' | 'bytes'): Ratio => ({
      name,
      unit: 'bars/s',
      keel: rounds.map((round) => round[keel]),
      baseline: rounds.map((round) => round[baseline]),
    });
    return [
      figure('bars of gzipped CSV against gunzip', 'csv', 'gunzip'),
      figure('bars of the cache against bare bytes', 'cache', 'bytes'),
    ];
  } finally {
    rmSync(folder, { recursive: true });
  }
}

if (import.meta.main) {
  for (const { name, keel, baseline } of benchBars()) {
    const seconds = (rates: readonly number[]): string => (BARS / median(rates)).toFixed(3);
    process.stdout.write(`${name}: a million in ${seconds(keel)} s, ${seconds(baseline)} s\n`);
  }
}
