/**
 * The orders worker: order workflows and their steps on the queue `orders`, and on `order-trackers` one held
 * activity per open order. Any number of such processes share the work. Before the first order an account is
 * set to trade as configured: position mode, margin, leverage.
 */
import { createAmendActivities } from '../activities/amend-steps.ts';
import { createCloseDownActivities } from '../activities/close-down.ts';
import { createGuardActivities } from '../activities/guard-activities.ts';
import { tellingGuards } from '../activities/guard-news.ts';
import { createNotices } from '../activities/notices.ts';
import { createOrderActivities } from '../activities/order-activities.ts';
import { createReconcileActivities } from '../activities/reconcile-activities.ts';
import { ALERT_TOPICS, orderTopics, systemTopic } from '../adapters/bus/topics.ts';
import { createGuardDoor, createOrderDoor } from '../adapters/temporal/guard-door.ts';
import { scheduleReconciliation, triggerReconciliation } from '../adapters/temporal/schedules.ts';
import { createWorker } from '../adapters/temporal/worker.ts';
import { createWorkflows } from '../adapters/temporal/workflows.ts';
import { ORDER_TASK_QUEUE, TRACKER_TASK_QUEUE } from '../workflows/order-names.ts';
import { watchForeignTrades } from './foreign-trades.ts';
import type { House } from './house.ts';
import { latestPrice } from './latest-price.ts';
import { patiently } from './patience.ts';
import { failureOf, runProcess, type Running } from './run-process.ts';
import { superviseHalts } from './supervise-halts.ts';

/** Open orders one process follows at once. */
const TRACKER_SLOTS = 2_000;

export async function startOrders(house: House): Promise<Running> {
  const { adapters, bus, logger, repositories } = house;
  for (const { exchange, accountId } of adapters.values()) {
    await bus.ensureTopics([...orderTopics(exchange), systemTopic('account', accountId)]);
  }
  await bus.ensureTopics(ALERT_TOPICS);
  for (const { accountId, symbols } of house.config.venues) {
    await patiently('account', async () => adapters.get(accountId)?.prepareAccount(symbols), {
      logger,
    });
  }
  const notices = createNotices(adapters, logger);
  const server = await house.temporal();
  const door = createGuardDoor(server.client);
  const { guards } = repositories;
  const orders = tellingGuards({ orders: repositories.orders, guards, door, logger });
  const price = (exchange: string, symbol: string): Promise<string> =>
    latestPrice(house.cache, repositories.klines, exchange, symbol);
  const activities = createOrderActivities({
    orders,
    adapters,
    bus,
    notices,
    logger,
    policy: house.config.risk,
  });
  const guardActivities = createGuardActivities({
    guards,
    adapters,
    door,
    orders: createOrderDoor(server.client),
    bus,
    price,
    logger,
  });
  const amends = createAmendActivities({ orders: repositories.orders, adapters, bus });
  const closeDown = createCloseDownActivities({
    ...repositories,
    adapters,
    bus,
    price,
  });
  const reconcile = createReconcileActivities({
    adapters,
    symbols: new Map(house.config.venues.map((venue) => [venue.accountId, venue.symbols])),
    reconciliation: repositories.reconciliation,
    contracts: repositories.contracts,
    orders,
    steps: activities,
    workflowRuns: (id) => createWorkflows(server.client).runs(id),
    bus,
    logger,
  });
  for (const accountId of adapters.keys()) {
    await scheduleReconciliation(server.client, accountId, house.config.reconciliation.everyMs);
  }
  const workers = [
    await createWorker(server, {
      taskQueue: ORDER_TASK_QUEUE,
      activities: { ...activities, ...guardActivities, ...amends, ...closeDown, ...reconcile },
      workflows: true,
    }),
    await createWorker(server, {
      taskQueue: TRACKER_TASK_QUEUE,
      activities: { trackOrder: activities.trackOrder },
      activitySlots: TRACKER_SLOTS,
    }),
  ];
  const stopped = Promise.all(workers.map((worker) => worker.run()));
  const foreignTrades = watchForeignTrades(
    adapters.values(),
    (accountId) => triggerReconciliation(server.client, accountId),
    logger,
  );
  const halts = superviseHalts(repositories.halts, createWorkflows(server.client), logger);
  return {
    failed: failureOf(stopped),
    async stop() {
      await halts.stop();
      await foreignTrades.stop();
      for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
      await stopped;
      await notices.close();
    },
  };
}

if (import.meta.main) await runProcess('orders', startOrders);
