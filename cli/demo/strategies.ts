/** The demo's two strategies, created and started over the HTTP API as an operator would. */
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { strategySchema } from '../../api/schemas.ts';
import { KeelError } from '../../core/errors.ts';
import type { ApiClient } from '../api-client.ts';
import { DEMO_ACCOUNT } from './config.ts';

const DEMO_STRATEGIES = [
  {
    id: 'sma-cross-btc',
    type: 'sma-cross',
    config: { symbol: 'BTC/USDT', fast: 10, slow: 40 },
  },
  {
    id: 'rsi-btc',
    type: 'rsi-mean-reversion',
    config: { symbol: 'BTC/USDT', period: 14, oversold: 25, overbought: 65 },
  },
] as const;

const ALLOCATION_USDT = '20000';
const SETTLE_TIMEOUT_MS = 60_000;

const strategyList = z.object({ strategies: z.array(strategySchema) });
const anything = z.unknown();

async function list(api: ApiClient): Promise<z.infer<typeof strategyList>['strategies']> {
  return (await api.get('/strategies', strategyList)).strategies;
}

/** Waits until every demo strategy has one of the states; a failed one is told with its reason. */
async function until(api: ApiClient, wanted: readonly string[]): Promise<Map<string, string>> {
  const deadline = Date.now() + SETTLE_TIMEOUT_MS;
  for (;;) {
    const mine = (await list(api)).filter(({ id }) =>
      DEMO_STRATEGIES.some((demo) => demo.id === id),
    );
    if (mine.every(({ status }) => wanted.includes(status))) {
      return new Map(mine.map(({ id, runId }) => [id, runId ?? '']));
    }
    if (Date.now() > deadline) {
      const states = mine.map(
        ({ id, status, statusReason }) =>
          `${id} is ${status}${statusReason === null ? '' : ` (${statusReason})`}`,
      );
      throw new KeelError(
        'UNAVAILABLE',
        `waited for ${wanted.join(' or ')}, but ${states.join(', ')}`,
      );
    }
    await sleep(50);
  }
}

/** Creates what is missing, stops what an earlier run left on, starts both; strategy id → new run id. */
export async function startDemoStrategies(
  api: ApiClient,
  accountId: string = DEMO_ACCOUNT,
): Promise<Map<string, string>> {
  const known = new Set((await list(api)).map(({ id }) => id));
  for (const strategy of DEMO_STRATEGIES) {
    if (known.has(strategy.id)) continue;
    await api.post(
      '/strategies',
      { ...strategy, accountId, quota: { allocation: ALLOCATION_USDT } },
      anything,
    );
  }
  await stopDemoStrategies(api);
  for (const { id } of DEMO_STRATEGIES) await api.post(`/strategies/${id}/start`, {}, anything);
  return until(api, ['running']);
}

export async function stopDemoStrategies(api: ApiClient): Promise<void> {
  for (const { id, status } of await list(api)) {
    const mine = DEMO_STRATEGIES.some((demo) => demo.id === id);
    if (mine && status === 'running') await api.post(`/strategies/${id}/stop`, {}, anything);
  }
  await until(api, ['created', 'stopped', 'failed']);
}
