/**
 * Paper trading over OKX by the real order workflow: its public market data and instruments, without a key; orders are
 * filled by ourselves, and none reaches the venue.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { ensureSignalTopics, publishSignal } from '../activities/publish-signals.ts';
import type { TradeAdapter } from '../adapters/trade-adapter.ts';
import { parseConfig } from '../config/load.ts';
import { isFinalIntent } from '../core/intent-machine.ts';
import { decimal, Decimal, toDecimalString } from '../core/money.ts';
import type { OrderView } from '../core/order.ts';
import { signalId, type Signal } from '../core/signal.ts';
import type { Simulator } from '../simulator/options.ts';
import { startSimulator } from '../simulator/server.ts';
import { startCollector } from '../workers/collector.ts';
import { startDispatcher } from '../workers/dispatcher.ts';
import { buildHouse, type House } from '../workers/house.ts';
import { startOrders } from '../workers/orders.ts';
import type { Running } from '../workers/run-process.ts';
import { testDatabase, type TestDatabase } from './database.ts';
import { createSignal, storeRunningStrategy, SYMBOL } from './factories/stored-world.ts';
import { testNamespace } from './namespace.ts';
import { describeWith } from './servers.ts';

const ACCOUNT = 'okx-paper';
const STRATEGY = 'okx-paper-1';
const OPENING = { USDT: '50000' };

describeWith(['postgres', 'temporal'], 'paper trading over OKX', () => {
  let database: TestDatabase;
  let simulator: Simulator;
  let house: House;
  let workers: Running[] = [];
  let sequence = 0;

  async function start(): Promise<void> {
    house = await buildHouse(
      'orders',
      parseConfig({
        mode: 'paper',
        postgresUrl: database.url,
        temporal: await testNamespace(),
        venues: [
          {
            ...{ adapter: 'okx', accountId: ACCOUNT, symbols: [SYMBOL], openingBalances: OPENING },
            ...{ restUrl: simulator.httpUrl, wsUrl: simulator.wsUrl },
          },
        ],
        log: { level: 'silent' },
      }),
    );
    await ensureSignalTopics(house.bus, 'sma-cross');
    workers = [await startOrders(house), await startDispatcher(house), await startCollector(house)];
  }
  async function stop(): Promise<void> {
    for (const worker of workers.toReversed()) await worker.stop();
    await house.close();
  }

  beforeAll(async () => {
    database = await testDatabase();
    simulator = await startSimulator({
      venue: 'okx',
      recordings: [{ file: 'data/BTCUSDT-binance-1m-2024-12-10.csv' }],
      warmupBars: 60,
      balances: {},
    });
    await start();
    const at = { accountId: ACCOUNT, exchange: 'okx' };
    await storeRunningStrategy(house.repositories, STRATEGY, { allocation: '50000' }, at);
  });
  afterAll(async () => {
    await stop();
    await simulator.close();
    await database.drop();
  });

  const price = (): number => Number(simulator.state().prices[SYMBOL]);
  const paper = (): TradeAdapter => house.adapters.get(ACCOUNT)!;

  async function send(change: Partial<Signal>): Promise<string> {
    sequence += 1;
    const { marketTime } = simulator.state();
    const signal = createSignal({
      ...{ strategyId: STRATEGY, accountId: ACCOUNT, exchange: 'okx', sequence },
      eventTime: marketTime,
      validUntil: marketTime + 3_600_000,
      referencePrice: String(price()),
      ...change,
    });
    const id = signalId({ ...signal, runId: `${signal.runId}:${database.url}` });
    await publishSignal(house.bus, { ...signal, id });
    return id;
  }
  async function until(id: string, ready: (order: OrderView) => boolean): Promise<OrderView> {
    for (;;) {
      const order = await house.repositories.orders.getOrder(id).catch(() => undefined);
      if (order !== undefined && ready(order)) return order;
      await sleep(50);
    }
  }
  const ended = (id: string) => until(id, ({ state }) => isFinalIntent(state));
  const order = (side: 'buy' | 'sell', quantity: string): Partial<Signal> => ({
    wanted: { kind: 'order', side, quantity },
  });

  it("buys at the market in OKX's steps, for OKX's fee", async () => {
    // Finer than Binance's step.
    const bought = await ended(await send(order('buy', '0.01234567')));
    expect(bought).toMatchObject({ status: 'filled', filledQuantity: '0.01234567' });
    const [fill] = await house.repositories.orders.orderFills(bought.orderId);
    // 0.1 %, rounded up to the eighth place.
    expect(fill).toMatchObject({ feeAsset: 'BTC', liquidity: 'taker', feeAmount: '0.00001235' });
  });

  it('fills what rests by the bars that OKX streams, as maker, also over a restart', async () => {
    const limitPrice = decimal(String(price())).mul('0.9995').toFixed(1, Decimal.ROUND_DOWN);
    const id = await send({ ...order('buy', '0.02'), type: 'limit', limitPrice });
    await until(id, ({ status }) => status === 'open');
    await stop();
    await start();
    const low = simulator.state().prices[SYMBOL];
    for (let bars = 0; bars < 600; bars += 1) {
      simulator.advance(1);
      if (price() < Number(limitPrice)) break;
    }
    const filled = await ended(id);
    expect([low, filled]).toEqual([
      expect.any(String),
      expect.objectContaining({ status: 'filled', averagePrice: limitPrice }),
    ]);
    const [fill] = await house.repositories.orders.orderFills(id);
    // OKX's standard maker fee, 0.08 %.
    expect(fill).toMatchObject({ liquidity: 'maker', feeAmount: '0.000016' });
  });

  it('works plans, and cancels', async () => {
    const twap = {
      kind: 'twap',
      durationMs: 4_000,
      slices: 2,
      jitter: 0,
      catchUp: 'burst',
    } as const;
    const sliced = await ended(await send({ ...order('buy', '0.01'), execution: twap }));
    expect(sliced).toMatchObject({ status: 'filled', filledQuantity: '0.01' });
    expect(sliced.legs).toHaveLength(2);
    const far = decimal(String(price())).mul('0.9').toFixed(1);
    const id = await send({ ...order('buy', '0.01'), type: 'limit', limitPrice: far });
    await until(id, ({ status }) => status === 'open');
    const { client } = await house.temporal();
    await client.workflow.getHandle(id).signal('cancel', { by: 'ada' });
    expect(await ended(id)).toMatchObject({ status: 'cancelled', filledQuantity: '0' });
  });

  it('denies what OKX would not take, and ends with a ledger that is the paper venue’s', async () => {
    expect(await ended(await send(order('buy', '0.000001')))).toMatchObject({
      status: 'denied',
      reasonCode: 'FILTER_LOT_SIZE',
    });
    await ended(await send({ wanted: { kind: 'target', quantity: '0' } }));
    const ledger = await database.db
      .selectFrom('ledger_entries')
      .select(['asset', 'amount'])
      .where('account_id', '=', ACCOUNT)
      .execute();
    const totals = new Map<string, Decimal>([['USDT', decimal(OPENING.USDT)]]);
    for (const { asset, amount } of ledger) {
      totals.set(asset, (totals.get(asset) ?? new Decimal(0)).plus(amount));
    }
    for (const [asset, total] of totals) {
      const { free, locked } = await paper().getBalance(asset);
      expect([asset, free, locked]).toEqual([asset, toDecimalString(total), '0']);
    }
    expect(simulator.orders().orders).toEqual([]);
  });
});
