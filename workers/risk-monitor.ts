/**
 * The risk monitor: holds the prices of market.* against the levels of the guards and tells a guard that one
 * was reached; and looks that every guard that lives has its workflow. One is at work, any other stands by: two
 * would share the prices, and each would tell people of those it does not see. What one was telling when it died
 * the next one tells again, and a guard acts once, by the generation of its levels.
 */
import { MARKET, ORDER } from '../adapters/bus/messages.ts';
import { ALERT_TOPICS, ALL_MARKETS, ALL_ORDERS } from '../adapters/bus/topics.ts';
import type { Subscription } from '../adapters/event-bus.ts';
import { createGuardDoor } from '../adapters/temporal/guard-door.ts';
import { createGuardMonitor } from './guard-monitor.ts';
import type { House } from './house.ts';
import { runProcess, type Running } from './run-process.ts';
import { standBy } from './stand-by.ts';

const REFRESH_MS = 1_000;
const SWEEP_MS = 5_000;

export function startRiskMonitor(house: House): Promise<Running> {
  const { logger, repositories } = house;
  return standBy('risk-monitor', () => watchGuards(house), { duties: repositories.duties, logger });
}

async function watchGuards(house: House): Promise<Running> {
  const { adapters, bus, logger, repositories } = house;
  await bus.ensureTopics(ALERT_TOPICS);
  const { client } = await house.temporal();
  const monitor = createGuardMonitor({
    guards: repositories.guards,
    door: createGuardDoor(client),
    bus,
    adapters,
    logger,
    now: Date.now,
  });
  const refreshing = again(() => monitor.refresh(), REFRESH_MS, 'guards_not_refreshed');
  const sweeping = again(() => monitor.sweep(), SWEEP_MS, 'guards_not_swept');
  const subscriptions: Subscription[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(subscriptions.map((one) => one.close()));
    await Promise.all([refreshing.stop(), sweeping.stop()]);
  };
  try {
    subscriptions.push(
      await bus.subscribe({
        group: 'risk-monitor',
        topics: ALL_MARKETS,
        kind: MARKET,
        handle: ({ message }) => monitor.onMarket(message.data),
      }),
    );
    subscriptions.push(
      await bus.subscribe({
        group: 'risk-monitor-orders',
        topics: ALL_ORDERS,
        kind: ORDER,
        handle() {
          refreshing.soon();
          return Promise.resolve();
        },
      }),
    );
  } catch (error) {
    await stop();
    throw error;
  }

  /** Does `round` now, every so often, and when told; never twice at once. A failure is logged, and tried again. */
  function again(round: () => Promise<void>, everyMs: number, failure: string) {
    let waiting = false;
    const once = async (): Promise<void> => {
      waiting = false;
      try {
        await round();
      } catch (error) {
        logger.warn({ err: error }, failure);
      }
    };
    let running = once();
    const soon = (): void => {
      if (waiting) return;
      waiting = true;
      running = running.then(once);
    };
    const timer = setInterval(soon, everyMs);
    return {
      soon,
      async stop(): Promise<void> {
        clearInterval(timer);
        await running;
      },
    };
  }

  return { stop };
}

if (import.meta.main) await runProcess('risk-monitor', startRiskMonitor);
