/** Rows a second into the klines table, against a bare COPY of the same rows into a bare copy of it. */
import { once } from 'node:events';
import { Client } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import type { KlineRepository } from '../../adapters/repositories.ts';
import type { Kline } from '../../core/kline.ts';
import type { Ratio } from './ratio.ts';

const ROWS = 100_000;
const CHUNK_ROWS = 1_000;
const MINUTE_MS = 60_000;

function bars(symbol: string): Kline[] {
  return Array.from({ length: ROWS }, (_, index) => {
    const openAt = index * MINUTE_MS;
    return {
      exchange: 'bench',
      symbol,
      interval: '1m',
      openAt,
      closeAt: openAt + MINUTE_MS,
      open: '96466.11',
      high: '96495.52',
      low: '96440.01',
      close: '96440.02',
      volume: '6.6158',
    };
  });
}

async function bareCopy(url: string, rows: readonly Kline[]): Promise<number> {
  const client = new Client({ connectionString: url });
  await client.connect();
  await client.query('create temporary table bare_klines (like klines including all)');
  const startedAt = performance.now();
  const stream = client.query(copyFrom('copy bare_klines from stdin'));
  for (let start = 0; start < rows.length; start += CHUNK_ROWS) {
    const lines = rows.slice(start, start + CHUNK_ROWS).map((bar) => Object.values(bar).join('\t'));
    if (!stream.write(`${lines.join('\n')}\n`)) await once(stream, 'drain');
  }
  stream.end();
  await once(stream, 'finish');
  const seconds = (performance.now() - startedAt) / 1000;
  await client.end();
  return rows.length / seconds;
}

/** Through the repository: validated shapes, idempotent by key. */
async function upsert(klines: KlineRepository, rows: readonly Kline[]): Promise<number> {
  const startedAt = performance.now();
  await klines.upsert(rows);
  return rows.length / ((performance.now() - startedAt) / 1000);
}

export async function benchKlines(url: string, klines: KlineRepository): Promise<Ratio> {
  const keel: number[] = [];
  const baseline: number[] = [];
  for (let round = 0; round < 3; round += 1) {
    const rows = bars(`B${String(round)}/USDT`);
    baseline.push(await bareCopy(url, rows));
    keel.push(await upsert(klines, rows));
  }
  return { name: 'kline load against bare COPY', unit: 'rows/s', keel, baseline };
}
