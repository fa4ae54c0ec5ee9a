/**
 * Paper trading, the default mode: the same house and strategies, orders filled by ourselves against the
 * collected market data. No key is configured, and no order reaches the venue.
 */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { createApiClient } from '../../cli/api-client.ts';
import { allOrders } from '../../cli/demo/audit.ts';
import { demoConfig, RECORDED_MARKET } from '../../cli/demo/config.ts';
import { replay } from '../../cli/demo/replay.ts';
import { startDemoStrategies, stopDemoStrategies } from '../../cli/demo/strategies.ts';
import { parseConfig } from '../../config/load.ts';
import { decimal, toDecimalString } from '../../core/money.ts';
import { startSimulator } from '../../simulator/server.ts';
import { startStack } from '../../stack/stack.ts';
import { startAll } from '../../workers/all.ts';
import { describeWith } from '../servers.ts';

const ACCOUNT = 'binance-paper';
const BARS = 240;
const OPENING = { USDT: '50000' };

describeWith(['postgres', 'temporal'], 'a house in paper mode', () => {
  it('trades recorded minutes without a key, and its ledger agrees with the paper venue', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'keel-paper-'));
    // PostgreSQL, run as another user where we are root, must be able to walk in.
    chmodSync(dataDir, 0o755);
    const stack = await startStack({ mode: 'embedded', dataDir, environment: {} });
    const simulator = await startSimulator({ ...RECORDED_MARKET, pace: 'stepped', balances: {} });
    const sandbox = demoConfig(stack, simulator, dataDir);
    const config = parseConfig({
      ...sandbox,
      mode: 'paper',
      venues: sandbox.venues.map((venue) => ({
        ...venue,
        accountId: ACCOUNT,
        apiKey: '',
        secret: '',
        openingBalances: OPENING,
      })),
    });
    const workers = await startAll(config);
    try {
      const { adapters, repositories } = workers.house;
      const token = await workers.api.tokens.issue({ name: 'admin', role: 'admin' });
      const api = createApiClient(workers.api.url, token);
      await startDemoStrategies(api, ACCOUNT);
      const played = await replay({
        simulatorUrl: simulator.httpUrl,
        strategies: repositories.strategies,
        bars: BARS,
        quietTimeoutMs: 60_000,
        pauseMs: 0,
        signal: new AbortController().signal,
        onBar: () => undefined,
      });
      await stopDemoStrategies(api);

      expect(played).toBe(BARS);
      const orders = await allOrders(repositories);
      expect(orders.filter(({ status }) => status === 'filled').length).toBeGreaterThan(2);
      expect(simulator.orders().orders).toEqual([]);
      const paper = (await adapters.get(ACCOUNT)?.getBalances()) ?? [];
      const ledger = await repositories.accounts.balances(ACCOUNT);
      expect(new Map(ledger.map(({ asset, total }) => [asset, total]))).toEqual(
        new Map(
          paper.map(({ asset, free, locked }) => [
            asset,
            toDecimalString(decimal(free).plus(locked)),
          ]),
        ),
      );
    } finally {
      await workers.stop();
      await simulator.close();
      await stack.stop();
      rmSync(dataDir, { recursive: true, force: true });
    }
  }, 300_000);
});
