/** An order that is to be cancelled, by whom- and whenever, by the real workflow over fake steps. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ApplicationFailure } from '@temporalio/common';
import {
  gate,
  OPEN,
  openOrderRuns,
  UNKNOWN,
  type OrderRuns,
} from '../test/factories/order-runs.ts';
import { CANCELLED, facts, fakeSteps, legView, testSignal } from '../test/factories/order-steps.ts';
import type { Progress } from './order-messages.ts';

describe('orderWorkflow, to be cancelled', () => {
  let orders: OrderRuns;

  beforeAll(async () => {
    orders = await openOrderRuns();
  }, 120_000);
  afterAll(async () => {
    await orders.close();
  });

  it('timed out: cancelled, and the reason told', async () => {
    const asked: (number | null)[] = [];
    const steps = fakeSteps({
      placeOrder: () => Promise.resolve(OPEN),
      trackOrder: async ({ timeoutAt }) => {
        asked.push(timeoutAt);
        if (timeoutAt === null) await new Promise((resolve) => setTimeout(resolve, 500));
        return {
          kind: timeoutAt === null ? 'changed' : 'timeout',
          leg: timeoutAt === null ? CANCELLED : OPEN.leg,
          finished: timeoutAt === null,
        };
      },
    });
    const signal = testSignal({ timeoutMs: 30_000 });
    await orders.run(steps, signal);
    expect(asked[0]).toBe(signal.eventTime + 30_000);
    expect(steps.calls).toContain('cancelOrder');
    expect(steps.settled[0]?.final.reason).toContain('not filled within 30000 ms');
  });

  it('cancelled while risk is checked: nothing is sent', async () => {
    const door = gate();
    const steps = fakeSteps({
      checkRisk: async () => {
        door.reach();
        await door.opened;
        return { approved: true, order: facts() };
      },
    });
    await orders.run(steps, testSignal(), async (handle) => {
      await door.reached;
      await handle.signal('cancel', { by: 'ann', reason: 'changed her mind' });
      door.open();
    });
    expect(steps.calls).toEqual(['admit', 'checkRisk', 'settleOrder']);
    expect(steps.settled[0]?.final).toEqual({
      state: 'done',
      reason: 'cancelled by ann: changed her mind',
    });
  });

  it.each(['signal', 'Temporal'])(
    'cancelled by %s while it rests: beside the tracker',
    async (way) => {
      const door = gate();
      const steps = fakeSteps({
        placeOrder: () => Promise.resolve(OPEN),
        trackOrder: async () => {
          door.reach();
          await door.opened;
          return { kind: 'changed', leg: CANCELLED, finished: true };
        },
        cancelOrder: () => {
          setTimeout(door.open, 300);
          return Promise.resolve({ leg: CANCELLED, finished: true });
        },
      });
      await orders.run(steps, testSignal(), async (handle) => {
        await door.reached;
        if (way === 'signal') await handle.signal('cancel', { by: 'ann' });
        else await handle.cancel();
      });
      expect(steps.calls.filter((name) => name === 'cancelOrder')).toHaveLength(1);
      expect(steps.settled[0]?.final.reason).toContain('cancelled by');
    },
  );

  it('cancelled while it is being placed: the answer is waited for, then cancelled', async () => {
    const door = gate();
    const steps = fakeSteps({
      placeOrder: async () => {
        door.reach();
        await door.opened;
        return OPEN;
      },
      trackOrder: async () => {
        await new Promise((resolve) => setTimeout(resolve, 300));
        return { kind: 'changed', leg: CANCELLED, finished: true };
      },
    });
    await orders.run(steps, testSignal(), async (handle) => {
      await door.reached;
      await handle.signal('cancel', { by: 'ann' });
      // The test server takes no cancel of a step that completes in the same moment.
      while ((await handle.query<Progress>('state')).cancel === null) await sleep(50);
      await sleep(200);
      door.open();
    });
    expect(steps.calls).toContain('cancelOrder');
    expect(steps.calls.at(-1)).toBe('settleOrder');
  });

  it('cancelled while the venue turns it away: no more tries, and nothing is sent', async () => {
    const door = gate();
    const resend: boolean[] = [];
    const steps = fakeSteps({
      placeOrder: () => {
        door.reach();
        return Promise.reject(
          ApplicationFailure.create({ type: 'VENUE_BANNED', nextRetryDelay: '3 days' }),
        );
      },
      resolveOrder: (step) => {
        resend.push(step.resend);
        const leg = legView({ state: 'cancelled', venueOrderId: null });
        return Promise.resolve({ ...OPEN, leg, finished: true });
      },
    });
    await orders.run(steps, testSignal(), async (handle) => {
      await door.reached;
      await handle.signal('cancel', { by: 'ann' });
    });
    expect(resend).toEqual([false]);
    expect(steps.calls.filter((name) => name === 'placeOrder')).toHaveLength(1);
    expect(steps.settled[0]?.final.reason).toBe('cancelled by ann');
  });

  it('an unknown outcome with a cancel is resolved without leave to send again', async () => {
    const resend: boolean[] = [];
    const door = gate();
    const steps = fakeSteps({
      placeOrder: () => Promise.resolve(UNKNOWN),
      resolveOrder: async (step) => {
        resend.push(step.resend);
        if (resend.length === 1) {
          door.reach();
          await door.opened;
          return UNKNOWN;
        }
        return {
          ...OPEN,
          leg: legView({ state: 'cancelled', venueOrderId: null }),
          finished: true,
        };
      },
    });
    await orders.run(steps, testSignal(), async (handle) => {
      await door.reached;
      await handle.signal('cancel', { by: 'ann' });
      door.open();
    });
    expect(resend).toEqual([true, false]);
  });
});
