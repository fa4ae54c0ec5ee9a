import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { z } from 'zod';
import { createMemoryBus } from '../adapters/bus/memory.ts';
import { createMemoryCache } from '../adapters/storage/cache-memory.ts';
import { createMemoryRateBudget } from '../adapters/storage/rate-budget-memory.ts';
import { createRepositories } from '../adapters/storage/repositories.ts';
import { connectTemporal, type TemporalHandle } from '../adapters/temporal/client.ts';
import { createApiClient, type ApiClient } from '../cli/api-client.ts';
import { parseConfig } from '../config/load.ts';
import { createLogger } from '../observability/logger.ts';
import { defaultRegistry } from '../strategies/registry.ts';
import { testDatabase, type TestDatabase } from '../test/database.ts';
import { testNamespace } from '../test/namespace.ts';
import { describeWith } from '../test/servers.ts';
import { KEEL_STRATEGY } from '../workflows/order-names.ts';
import type { House } from '../workers/house.ts';
import { startApi, type RunningApi } from './main.ts';
import { loginAnswerSchema, pnlSchema, readySchema, strategySchema } from './schemas.ts';

describeWith(['postgres', 'temporal'], 'startApi', () => {
  let database: TestDatabase;
  let temporal: TemporalHandle;
  let house: House;
  let api: RunningApi;
  let client: ApiClient;

  beforeAll(async () => {
    database = await testDatabase();
    const config = parseConfig({
      postgresUrl: database.url,
      temporal: await testNamespace(),
      api: { port: 0 },
      venues: [{ adapter: 'binance', symbols: ['BTC/USDT'], accountId: 'binance-sandbox' }],
    });
    temporal = await connectTemporal(config.temporal);
    const repositories = createRepositories(database.db);
    house = {
      service: 'api',
      config,
      logger: createLogger('api', 'silent'),
      repositories,
      bus: createMemoryBus('api'),
      cache: createMemoryCache(),
      rateBudget: createMemoryRateBudget(),
      adapters: new Map(),
      registry: defaultRegistry(),
      temporal: async () => temporal,
      close: async () => undefined,
    };
    await repositories.accounts.ensure(
      { id: 'binance-sandbox', exchange: 'binance', mode: 'sandbox', feeIn: 'received' },
      { USDT: '10000' },
    );
    api = await startApi(house);
    client = createApiClient(api.url);
  });

  afterAll(async () => {
    await api.stop();
    await temporal.close();
    await database.drop();
  });

  it('tells the first password once, and is ready', async () => {
    expect(api.firstPassword).toBeDefined();
    const again = await startApi(house);
    expect(again.firstPassword).toBeUndefined();
    await again.stop();
    expect(await client.get('/ready', readySchema)).toMatchObject({ ready: true });
  });

  it('creates, starts and stops a strategy on a real Temporal', async () => {
    const password = api.firstPassword ?? '';
    const { token } = await client.post('/login', { name: 'admin', password }, loginAnswerSchema);
    const admin = createApiClient(api.url, token);
    const id = `sma-${String(Date.now())}`;
    const body = {
      id,
      type: 'sma-cross',
      accountId: 'binance-sandbox',
      quota: { allocation: '1000' },
    };
    await admin.post('/strategies', body, strategySchema);
    await admin.post(`/strategies/${id}/start`, {}, strategySchema);
    await expect(admin.post(`/strategies/${id}/start`, {}, strategySchema)).rejects.toMatchObject({
      code: 'CONFLICT',
    });
    const handle = temporal.client.workflow.getHandle(`strategy:${id}`);
    const { typedSearchAttributes } = await handle.describe();
    expect(typedSearchAttributes.get(KEEL_STRATEGY)).toBe(id);
    expect(await admin.post(`/strategies/${id}/stop`, {}, strategySchema)).toMatchObject({
      status: 'stopping',
    });
    await handle.terminate();
    expect(await admin.get('/pnl', pnlSchema)).toMatchObject({ total: { equity: '1000' } });
    expect(await admin.get('/orders', z.object({ orders: z.array(z.unknown()) }))).toEqual({
      orders: [],
    });
    const audit = await database.db
      .selectFrom('audit_log')
      .select('action')
      .orderBy('id')
      .execute();
    expect(audit.map(({ action }) => action)).toEqual([
      'strategy.create',
      'strategy.start',
      'strategy.start',
      'strategy.stop',
    ]);
  });
});
