/** The risk monitor for real: prices of the replayed market reach guards' levels, and a guard that was killed comes back. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { MARKET } from '../adapters/bus/messages.ts';
import { marketTopic } from '../adapters/bus/topics.ts';
import type { GuardView } from '../adapters/guard-repository.ts';
import { guardWorkflowId } from '../core/guard-signal.ts';
import type { Signal } from '../core/signal.ts';
import type { StopSpec } from '../core/stops.ts';
import { startRiskMonitor } from '../workers/risk-monitor.ts';
import type { Running } from '../workers/run-process.ts';
import { testDatabase, type TestDatabase } from './database.ts';
import { openOrderStage, type OrderStage } from './factories/order-stage.ts';
import { createMarketData } from './factories/market.ts';
import { testNamespace } from './namespace.ts';
import { describeWith } from './servers.ts';

describeWith(['postgres', 'temporal'], 'the risk monitor', () => {
  let database: TestDatabase;
  let stage: OrderStage;
  let monitor: Running;

  beforeAll(async () => {
    database = await testDatabase();
    stage = await openOrderStage({
      postgresUrl: database.url,
      temporal: await testNamespace(),
    });
    await stage.house.bus.ensureTopics([marketTopic('binance', 'BTC/USDT')]);
    monitor = await startRiskMonitor(stage.house);
  });
  afterAll(async () => {
    await monitor.stop();
    await stage.close();
    await database.drop();
  });

  const guardOf = ({ strategyId, symbol }: Signal): Promise<GuardView> =>
    stage.house.repositories.guards.getGuard({ strategyId, symbol });

  async function enter(stops: StopSpec): Promise<Signal> {
    const entry = await stage.signal({ stops });
    await (await stage.send(entry)).result();
    while ((await guardOf(entry)).state !== 'armed') await sleep(50);
    return entry;
  }

  /** Tells the price of the moment, as the collector does. */
  async function tell({ symbol }: Signal, told?: string): Promise<void> {
    const { marketTime, prices } = stage.simulator.state();
    const price = told ?? prices[symbol] ?? '';
    const tick = createMarketData({ timestamp: marketTime, price });
    await stage.house.bus.publish(marketTopic('binance', symbol), MARKET, [
      {
        id: `${String(marketTime)} ${price}`,
        key: symbol,
        time: marketTime,
        data: { kind: 'tick', tick },
      },
    ]);
  }

  /** Advances the recorded market and tells its price until the guard has ended. */
  async function playOut(entry: Signal): Promise<GuardView> {
    for (;;) {
      stage.simulator.advance(1);
      await tell(entry);
      // So long as a guard is on its way the market waits for it.
      await sleep(400);
      const guard = await guardOf(entry);
      if (guard.state === 'ended') return guard;
    }
  }

  async function soldBy({ strategyId }: Signal): Promise<readonly string[]> {
    const orders = await stage.house.repositories.orders.listOrders({ strategyId, limit: 50 });
    return orders.filter(({ side }) => side === 'sell').map((order) => order.filledQuantity);
  }

  it('takes a profit that the market reached, once', async () => {
    const entry = await enter({
      stopLoss: { fraction: '0.2' },
      takeProfit: { fraction: '0.0008' },
    });
    expect(await playOut(entry)).toMatchObject({ ending: 'flat', exit: 'take-profit' });
    expect((await soldBy(entry)).filter((quantity) => quantity !== '0')).toEqual(['0.00999']);
  });

  it('lets a trailing stop follow the best price, and the venue close', async () => {
    const entry = await enter({ trailing: { fraction: '0.003' } });
    const first = await guardOf(entry);
    const done = await playOut(entry);
    expect(done).toMatchObject({ ending: 'flat', exit: 'trailing' });
    expect(Number(done.bestPrice)).toBeGreaterThan(Number(first.bestPrice));
    expect(Number(done.levels.stop)).toBeGreaterThan(Number(first.levels.stop));
    expect((await soldBy(entry)).filter((quantity) => quantity !== '0')).toEqual(['0.00999']);
  });

  it('hands over to one that stood by: a price that came in between is acted on, once', async () => {
    const entry = await enter({ takeProfit: { fraction: '0.01' } });
    const { takeProfit } = (await guardOf(entry)).levels;
    await monitor.stop();
    const second = startRiskMonitor(stage.house);
    const third = startRiskMonitor(stage.house);
    monitor = {
      stop: async () => {
        await (await second).stop();
        await (await third).stop();
      },
    };
    stage.simulator.advance(1);
    await tell(entry, takeProfit ?? '');
    await Promise.all([second, third]);
    await tell(entry, takeProfit ?? '');
    while ((await guardOf(entry)).state !== 'ended') await sleep(50);
    await (await second).stop();
    // Whoever has it now is told the price again, of a guard that has acted.
    await tell(entry, takeProfit ?? '');
    expect(await guardOf(entry)).toMatchObject({ ending: 'flat', exit: 'take-profit' });
    expect((await soldBy(entry)).filter((quantity) => quantity !== '0')).toEqual(['0.00999']);
  });

  it('starts a guard again whose workflow was terminated by hand', async () => {
    const entry = await enter({ stopLoss: { fraction: '0.2' } });
    const { client } = await stage.house.temporal();
    const handle = client.workflow.getHandle(guardWorkflowId(entry.strategyId, entry.symbol));
    await handle.terminate('by hand');
    while ((await handle.describe()).status.name !== 'RUNNING') await sleep(100);
    expect(await guardOf(entry)).toMatchObject({ state: 'armed' });
  });
});
