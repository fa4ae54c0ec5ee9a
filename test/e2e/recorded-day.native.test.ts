/**
 * A recorded day through the whole pipeline on real servers, every worker a process of its own: once
 * undisturbed, once with the orders worker killed (SIGKILL) five times while an order is in its hands.
 * The two must not differ by a digit, and each must agree with the venue.
 */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from '@jest/globals';
import { openSession, tradeDay, type Day, type Session } from '../../cli/demo/session.ts';
import { startStack } from '../../stack/stack.ts';
import { describeWith } from '../servers.ts';

const DAY_BARS = 1440;
const KILLS = 5;
const TEST_TIMEOUT_MS = 20 * 60_000;

/** Runs `work` on a native stack of its own and leaves nothing behind. */
async function onNativeStack<T>(work: (session: Session) => Promise<T>): Promise<T> {
  const dataDir = mkdtempSync(join(tmpdir(), 'keel-e2e-'));
  // PostgreSQL, run as another user where we are root, must be able to walk in.
  chmodSync(dataDir, 0o755);
  const stack = await startStack({ mode: 'native', dataDir, environment: {} });
  try {
    const session = await openSession({ mode: 'native', stack, dataDir, onStep: () => undefined });
    try {
      return await work(session);
    } finally {
      await session.close();
    }
  } finally {
    await stack.stop();
    rmSync(dataDir, { recursive: true, force: true });
  }
}

/**
 * Kills and restarts the orders worker each time an order is in flight, `kills` times, leaving a few bars
 * between; resolves with the number of kills done once told to end.
 */
async function killOrdersWorker(
  session: Session,
  kills: number,
  end: AbortSignal,
): Promise<number> {
  const hit = new Set<string>();
  while (hit.size < kills && !end.aborted) {
    const [order] = await session.repositories.orders.listOrders({ open: true, limit: 1 });
    if (order === undefined || hit.has(order.orderId)) {
      await sleep(2, undefined, { ref: false });
      continue;
    }
    // Later in the order's life each time: at admission first, in the middle of the send later.
    await sleep(hit.size * 15);
    hit.add(order.orderId);
    await session.kill('orders');
    await session.restart('orders');
  }
  return hit.size;
}

function trade(session: Session): Promise<Day> {
  return tradeDay(session, {
    bars: DAY_BARS,
    pauseMs: 0,
    signal: new AbortController().signal,
    onBar: () => undefined,
  });
}

/** What must be the same on every run of the day. */
function figures(day: Day): unknown {
  return day.summaries.map(
    ({ strategyId, signals, ordersByStatus, fills, fees, roundTrips, equity, positions }) => ({
      strategyId,
      signals,
      ordersByStatus,
      fills,
      fees,
      roundTrips,
      realisedPnl: equity?.realisedPnl,
      positions: positions.map(({ symbol, quantity, cost }) => ({ symbol, quantity, cost })),
    }),
  );
}

describeWith(
  ['postgres', 'temporal', 'kafka', 'redis'],
  'a recorded day on the native stack',
  () => {
    let undisturbed: Day | undefined;

    it(
      'ends with books that agree with the venue',
      async () => {
        const day = await onNativeStack(trade);
        undisturbed = day;
        expect(day.played).toBe(DAY_BARS);
        expect(day.audit.differences).toEqual([]);
        expect(day.summaries).toHaveLength(2);
        for (const summary of day.summaries) expect(summary.fills).toBeGreaterThan(0);
        const signals = day.summaries.reduce((sum, summary) => sum + summary.signals, 0);
        expect(day.audit.orders).toBe(signals);
      },
      TEST_TIMEOUT_MS,
    );

    it(
      `is the same, to the last digit, when the orders worker is killed ${String(KILLS)} times`,
      async () => {
        const { day, kills } = await onNativeStack(async (session) => {
          const over = new AbortController();
          const killing = killOrdersWorker(session, KILLS, over.signal);
          const traded = await trade(session);
          over.abort();
          return { day: traded, kills: await killing };
        });
        expect(kills).toBe(KILLS);
        expect(day.audit.differences).toEqual([]);
        expect(undisturbed).toBeDefined();
        expect(figures(day)).toEqual(undisturbed && figures(undisturbed));
      },
      TEST_TIMEOUT_MS,
    );
  },
);
