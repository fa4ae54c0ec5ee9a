/** Short chaos runs with fixed seeds, and one whose books and venue are tampered with: the verdict must tell. */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { SIMULATOR_KEYS } from '../../cli/demo/config.ts';
import { sign } from '../../simulator/binance/signature.ts';
import { describeWith } from '../servers.ts';
import type { ChaosHouse } from './chaos-house.ts';
import { runChaos, type ChaosOptions, type ChaosResult } from './chaos-run.ts';
import { MARKET_BUY } from './order-kinds.ts';
import { faultedPercent } from './report.ts';

const TEST_TIMEOUT_MS = 10 * 60_000;

async function run(options: Partial<ChaosOptions>): Promise<ChaosResult> {
  const dataDir = mkdtempSync(join(tmpdir(), 'keel-chaos-'));
  // PostgreSQL, run as another user where we are root, must be able to walk in.
  chmodSync(dataDir, 0o755);
  try {
    return await runChaos({
      orders: 30,
      seed: 1,
      spanMs: 30_000,
      kills: 5,
      intensity: 0.4,
      quietTimeoutMs: 4 * 60_000,
      dataDir,
      onProgress: () => undefined,
      ...options,
    });
  } finally {
    rmSync(dataDir, { recursive: true, force: true });
  }
}

/** Sends the first filled order once more under its client id, and takes a booked fill away. */
async function tamper(house: ChaosHouse): Promise<void> {
  const { order_id: orderId, client_order_id: clientOrderId } = await house.db
    .selectFrom('fills')
    .select(['order_id', 'client_order_id'])
    .where('exchange', '=', 'binance')
    .orderBy('booked_at')
    .executeTakeFirstOrThrow();
  const query = new URLSearchParams({
    symbol: 'BTCUSDT',
    side: 'BUY',
    type: 'MARKET',
    quantity: '0.001',
    newClientOrderId: clientOrderId,
    timestamp: String(Date.now()),
  }).toString();
  const [binance] = house.venues;
  const answer = await fetch(
    `${binance?.simulator.httpUrl ?? ''}/api/v3/order?${query}&signature=${sign(query, SIMULATOR_KEYS.secret)}`,
    { method: 'POST', headers: { 'x-mbx-apikey': SIMULATOR_KEYS.apiKey } },
  );
  expect(answer.status).toBe(200);
  await house.db.deleteFrom('fills').where('order_id', '=', orderId).execute();
}

describeWith(['postgres', 'temporal', 'kafka', 'redis'], 'a chaos run', () => {
  it.each([11, 12])(
    'keeps the promise with seed %i',
    async (seed) => {
      const result = await run({ seed });
      expect(result.wrong).toEqual([]);
      // And the exits of some that entered with a stop.
      expect(result.orders).toBeGreaterThanOrEqual(30);
      expect(faultedPercent(result)).toBeGreaterThan(25);
      expect(Object.values(result.kills).reduce((sum, count) => sum + count, 0)).toBeGreaterThan(2);
    },
    TEST_TIMEOUT_MS,
  );

  it(
    'fails where an order was sent twice and a fill is missing',
    async () => {
      const result = await run({
        orders: 10,
        // A halt, a newer target or the market's clock may end all orders of other kinds without a fill.
        kinds: [{ ...MARKET_BUY, markets: ['binance'] }],
        halts: 0,
        spanMs: 5_000,
        kills: 0,
        intensity: 0,
        beforeVerdict: tamper,
      });
      const told = result.wrong.join('\n');
      expect(told).toMatch(/the venue has two orders with the client id keel/);
      expect(told).toMatch(/the venue's trade \d+ is not booked/);
      expect(told).toMatch(/BTC: the venue holds/);
    },
    TEST_TIMEOUT_MS,
  );
});
