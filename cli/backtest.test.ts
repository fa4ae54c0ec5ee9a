import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from './keel.ts';
import type { Io } from './session.ts';

const CHECK = 'data/checks/sma-100k.csv.gz';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'keel-backtest-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

async function keel(...line: string[]) {
  const out: string[] = [];
  const err: string[] = [];
  const io: Io = {
    environment: { KEEL_DATA_DIR: folder, KEEL_CACHE_DIR: join(folder, 'cache') },
    out: (text) => out.push(text),
    err: (text) => err.push(text),
    askSecret: async () => '',
  };
  const code = await run(line, io);
  return { code, out, err: err.join('\n') };
}

describe('keel backtest', () => {
  // Figures of independent engines.
  it('has the figures of the check, as one JSON document', async () => {
    const settings = ['fast=10', 'slow=30', 'quantity=10'].flatMap((text) => ['--set', text]);
    const { code, out, err } = await keel(
      ...['backtest', '--data', CHECK, '-s', 'sma-cross', ...settings],
      ...['--fee', '0.001', '--wallet', '1000000', '--json'],
    );
    expect([code, err, out.length]).toEqual([0, '', 1]);
    expect(JSON.parse(out[0]!)).toMatchObject({
      summary: { roundTrips: 1962, finalEquity: '995940.9659889' },
      result: { run: { symbols: ['BTC/USDT'], interval: '1m', exchange: 'binance' } },
    });
  });
});
