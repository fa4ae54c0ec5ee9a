/** A trade of somebody else, from the venue's user stream to the books and the alert: nobody reconciles by hand. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { RISK_ALERT } from '../adapters/bus/messages.ts';
import { ALERT_TOPICS } from '../adapters/bus/topics.ts';
import type { Alert } from '../core/risk/alert.ts';
import { reconcileId } from '../temporal-config/schedules.ts';
import { testDatabase, type TestDatabase } from './database.ts';
import { openOrderStage, type OrderStage } from './factories/order-stage.ts';
import { openStranger } from './factories/stranger.ts';
import { testNamespace } from './namespace.ts';
import { describeWith } from './servers.ts';

describeWith(['postgres', 'temporal'], 'a trade of somebody else', () => {
  let database: TestDatabase;
  let stage: OrderStage | undefined;
  const alerts = new Map<string, Alert>();

  beforeEach(async () => {
    database = await testDatabase();
    alerts.clear();
  });
  afterEach(async () => {
    await stage?.close();
    await database.drop();
  });

  async function openStage(venue: 'binance' | 'okx'): Promise<OrderStage> {
    stage = await openOrderStage({
      ...{ venue, postgresUrl: database.url },
      temporal: await testNamespace(),
    });
    await stage.house.bus.subscribe({
      ...{ group: 'test-alerts', topics: ALERT_TOPICS, kind: RISK_ALERT },
      handle: async ({ message }) => {
        alerts.set(message.id, message.data);
      },
    });
    return stage;
  }

  async function booked(): Promise<[string, number][]> {
    const rows = await database.db
      .selectFrom('account_trades')
      .select(['side', 'quantity'])
      .orderBy('executed_at')
      .orderBy('side')
      .execute();
    return rows.map(({ side, quantity }) => [side, Number(quantity)]);
  }

  describe.each([
    ['binance', 'BTCUSDT'],
    ['okx', 'BTC-USDT'],
  ] as const)('at %s', (venue, venueSymbol) => {
    it('is booked to the account and told at once', async () => {
      const { house, simulator } = await openStage(venue);
      const accountId = `${venue}-sandbox`;
      const { client } = await house.temporal();
      const schedule = client.schedule.getHandle(reconcileId(accountId));
      // Its own time is not to do it: a paused schedule acts only when it is asked.
      await schedule.pause();
      while ((await schedule.describe()).info.recentActions.length === 0) await pause();

      const trade = await openStranger(venue, simulator);
      await trade({ venueSymbol, side: 'buy', quantity: '0.02', clientOrderId: 'web1' });
      while (alerts.size === 0) await pause();
      expect([...alerts.values()]).toMatchObject([
        { level: 'warning', rule: 'foreign-trade', accountId, symbol: 'BTC/USDT', value: '0.02' },
      ]);

      // What is traded while the stream is down is asked for once it is up again.
      simulator.cutStreams('user');
      await trade({ venueSymbol, side: 'sell', quantity: '0.01', clientOrderId: 'web2' });
      // An alert of another rule may come between.
      while ((await booked()).length === 1) await pause();
      expect(await booked()).toEqual([
        ['buy', 0.02],
        ['sell', 0.01],
      ]);
      const told = () => [...alerts.values()].filter(({ rule }) => rule === 'foreign-trade');
      while (told().length === 1) await pause();
      expect(await house.repositories.portfolio.positions()).toEqual([]);
    });
  });
});

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 50));
}
