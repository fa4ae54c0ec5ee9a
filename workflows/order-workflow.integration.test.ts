/** Every way an order can go, by the real workflow over fake steps, on the time-skipping server. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { WorkflowHandle } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { tsToMs } from '@temporalio/common/lib/time.js';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import type { OrderActivities } from '../activities/order-activities.ts';
import type { Signal } from '../core/signal.ts';
import {
  CANCELLED,
  facts,
  failure,
  fakeSteps,
  FILLED,
  legView,
  testSignal,
  type FakeSteps,
} from '../test/factories/order-steps.ts';
import { timeSkippingEnvironment } from '../test/time-skipping.ts';
import { workflowParts } from '../test/workflow-coverage/worker-parts.ts';
import type { OrderResult, Progress } from './order-messages.ts';
import type { orderWorkflow } from './order-workflow.ts';

let environment: TestWorkflowEnvironment;
let queues = 0;

beforeAll(async () => {
  environment = await timeSkippingEnvironment();
  await workflowParts();
}, 120_000);

jest.setTimeout(20_000);

afterAll(async () => {
  await environment.teardown();
});

type Handle = WorkflowHandle<typeof orderWorkflow>;

/** Runs one order over the steps; `meanwhile` acts while it works. */
async function runOrder(
  steps: FakeSteps,
  signal: Signal = testSignal(),
  meanwhile: (handle: Handle) => Promise<void> = () => Promise.resolve(),
): Promise<OrderResult> {
  queues += 1;
  const shared = { connection: environment.nativeConnection, activities: steps.activities };
  const taskQueue = `orders-${String(queues)}`;
  const worker = await Worker.create({
    ...shared,
    taskQueue,
    ...(await workflowParts()),
  });
  const tracker = await Worker.create({ ...shared, taskQueue: 'order-trackers' });
  const start = async (): Promise<OrderResult> => {
    const handle = await environment.client.workflow.start<typeof orderWorkflow>('orderWorkflow', {
      workflowId: signal.id,
      taskQueue,
      args: [{ signal }],
    });
    await meanwhile(handle);
    return handle.result();
  };
  return tracker.runUntil(() => worker.runUntil(start));
}

/** A gate a fake step waits at, until the test opens it. */
function gate(): {
  readonly opened: Promise<void>;
  open: () => void;
  readonly reached: Promise<void>;
  reach: () => void;
} {
  let open: () => void = () => undefined;
  let reach: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  const reached = new Promise<void>((resolve) => (reach = resolve));
  return { opened, open, reached, reach };
}

const OPEN: Awaited<ReturnType<OrderActivities['placeOrder']>> = {
  leg: legView(),
  finished: false,
  order: facts({ state: 'working', status: 'open' }),
};
const UNKNOWN = {
  leg: legView({
    state: 'unknown',
    venueOrderId: null,
    errorCode: 'VENUE_UNKNOWN_OUTCOME',
    errorMessage: 'cut',
  }),
  finished: false,
  order: facts({ state: 'working', status: 'unknown' }),
};

describe('orderWorkflow', () => {
  it('filled at once: admit, check, place, settle, and versions that count up', async () => {
    const steps = fakeSteps();
    const result = await runOrder(steps);
    expect(result.status).toBe('filled');
    expect(steps.calls).toEqual(['admit', 'checkRisk', 'placeOrder', 'settleOrder']);
    expect(steps.versions).toEqual([1, 2, 3, 4]);
    expect(steps.settled[0]?.final).toEqual({ state: 'done' });
  });

  it('denied by admission: nothing more is done', async () => {
    const steps = fakeSteps({
      admit: () =>
        Promise.resolve({
          verdict: 'ended',
          order: facts({ state: 'denied', status: 'denied', reason: 'halt' }),
        }),
    });
    expect(await runOrder(steps)).toMatchObject({ status: 'denied', reason: 'halt' });
    expect(steps.calls).toEqual(['admit']);
  });

  it('denied by risk: nothing is sent', async () => {
    const steps = fakeSteps({
      checkRisk: () =>
        Promise.resolve({ approved: false, order: facts({ state: 'denied', status: 'denied' }) }),
    });
    expect((await runOrder(steps)).status).toBe('denied');
    expect(steps.calls).toEqual(['admit', 'checkRisk']);
  });

  it('rejected by the venue: settled with its code', async () => {
    const leg = legView({
      state: 'rejected',
      venueOrderId: null,
      errorCode: 'VENUE_INSUFFICIENT_BALANCE',
      errorMessage: 'too little',
    });
    const steps = fakeSteps({
      placeOrder: () => Promise.resolve({ ...OPEN, leg, finished: true }),
    });
    await runOrder(steps);
    expect(steps.settled[0]?.final).toEqual({
      state: 'done',
      reasonCode: 'VENUE_INSUFFICIENT_BALANCE',
      reason: 'too little',
    });
  });

  it.each([
    ['SIGNAL_EXPIRED', 'expired'],
    ['HALTED', 'denied'],
    ['SIGNAL_SUPERSEDED', 'superseded'],
  ] as const)('never sent because of %s: ends %s', async (errorCode, state) => {
    const leg = legView({
      state: 'expired',
      venueOrderId: null,
      errorCode,
      errorMessage: 'too late',
    });
    const steps = fakeSteps({
      placeOrder: () => Promise.resolve({ ...OPEN, leg, finished: true }),
    });
    expect((await runOrder(steps)).status).toBe(state);
    expect(steps.settled[0]?.final).toMatchObject({ state, reasonCode: errorCode });
  });

  it('partly filled, then filled: every change is published', async () => {
    const partly = legView({ state: 'partially_filled', filledQuantity: '0.004' });
    const steps = fakeSteps({
      placeOrder: () => Promise.resolve(OPEN),
      trackOrder: ({ lastSeen }) =>
        Promise.resolve(
          lastSeen.state === 'open'
            ? { kind: 'changed', leg: partly, finished: false }
            : { kind: 'changed', leg: FILLED, finished: true },
        ),
    });
    await runOrder(steps);
    expect(steps.calls).toEqual([
      'admit',
      'checkRisk',
      'placeOrder',
      'trackOrder',
      'publishOrder',
      'trackOrder',
      'settleOrder',
    ]);
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
    await runOrder(steps, signal);
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
    await runOrder(steps, testSignal(), async (handle) => {
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
      await runOrder(steps, testSignal(), async (handle) => {
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
    await runOrder(steps, testSignal(), async (handle) => {
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
    await runOrder(steps, testSignal(), async (handle) => {
      await door.reached;
      await handle.signal('cancel', { by: 'ann' });
    });
    expect(resend).toEqual([false]);
    expect(steps.calls.filter((name) => name === 'placeOrder')).toHaveLength(1);
    expect(steps.settled[0]?.final.reason).toBe('cancelled by ann');
  });

  it('a tracker that fails for good is started again, later each time', async () => {
    let failures = 0;
    const steps = fakeSteps({
      placeOrder: () => Promise.resolve(OPEN),
      trackOrder: () => {
        failures += 1;
        if (failures <= 6) return Promise.reject(failure('VENUE_AUTH', true));
        return Promise.resolve({ kind: 'changed', leg: FILLED, finished: true });
      },
    });
    const signal = testSignal();
    await runOrder(steps, signal);
    const { events } = await environment.client.workflow.getHandle(signal.id).fetchHistory();
    const pauses = (events ?? []).flatMap(({ timerStartedEventAttributes }) =>
      timerStartedEventAttributes?.startToFireTimeout === undefined
        ? []
        : [tsToMs(timerStartedEventAttributes.startToFireTimeout)],
    );
    expect(pauses).toEqual([250, 500, 1000, 2000, 4000, 8000]);
  });

  it("refused because another run owns the signal: that run's order is left alone", async () => {
    const steps = fakeSteps({
      admit: () => Promise.resolve({ verdict: 'refused', ownerRunId: 'other' }),
    });
    await expect(runOrder(steps)).rejects.toMatchObject({ cause: { type: 'CONFLICT' } });
    expect(steps.calls).toEqual(['admit']);
  });

  it('an unknown outcome is resolved for as long as it takes, and never settled before', async () => {
    let asked = 0;
    const steps = fakeSteps({
      placeOrder: () => Promise.resolve(UNKNOWN),
      resolveOrder: () => {
        asked += 1;
        if (asked === 2) return Promise.reject(failure('VENUE_AUTH', true));
        return Promise.resolve(asked < 5 ? UNKNOWN : { ...OPEN, leg: FILLED, finished: true });
      },
    });
    const result = await runOrder(steps);
    expect(asked).toBe(5);
    expect(result.status).toBe('filled');
    expect(steps.settled).toHaveLength(1);
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
    await runOrder(steps, testSignal(), async (handle) => {
      await door.reached;
      await handle.signal('cancel', { by: 'ann' });
      door.open();
    });
    expect(resend).toEqual([true, false]);
  });

  it('blocked: asks what is in the way to cancel, and is admitted later', async () => {
    let asked = 0;
    const steps = fakeSteps({
      admit: () => {
        asked += 1;
        return Promise.resolve(
          asked < 3
            ? { verdict: 'blocked', cancelFirst: ['no-such-order'] }
            : { verdict: 'admitted', order: facts() },
        );
      },
    });
    expect((await runOrder(steps)).status).toBe('filled');
    expect(asked).toBe(3);
  });

  it('a step that fails for good settles the order as failed', async () => {
    const steps = fakeSteps({ checkRisk: () => Promise.reject(failure('NOT_FOUND', true)) });
    expect((await runOrder(steps)).status).toBe('failed');
    expect(steps.settled[0]?.final).toEqual({
      state: 'failed',
      reasonCode: 'NOT_FOUND',
      reason: 'fake NOT_FOUND',
    });
  });

  it('a failure with a leg that may live: resolved and cancelled before it is settled', async () => {
    let settles = 0;
    const steps = fakeSteps({
      placeOrder: () => Promise.reject(failure('VENUE_AUTH', true)),
      resolveOrder: () => Promise.resolve({ ...OPEN, leg: CANCELLED, finished: true }),
      settleOrder: (step) => {
        settles += 1;
        return Promise.resolve(
          settles === 1
            ? { settled: false, clientOrderId: 'keel-1' }
            : { settled: true, order: facts({ state: step.final.state, status: 'cancelled' }) },
        );
      },
    });
    expect((await runOrder(steps)).status).toBe('cancelled');
    expect(steps.calls.slice(-3)).toEqual(['settleOrder', 'resolveOrder', 'settleOrder']);
  });

  it('settling is tried until it succeeds', async () => {
    let settles = 0;
    const steps = fakeSteps({
      settleOrder: () => {
        settles += 1;
        if (settles < 4)
          return Promise.reject(failure(settles === 2 ? 'CONFLICT' : 'UNAVAILABLE', settles === 2));
        return Promise.resolve({
          settled: true,
          order: facts({ state: 'done', status: 'filled' }),
        });
      },
    });
    expect((await runOrder(steps)).status).toBe('filled');
    expect(settles).toBe(4);
  });

  it('a signal that got no row at all fails its workflow with the reason', async () => {
    const steps = fakeSteps({
      admit: () => Promise.reject(failure('STRATEGY_UNKNOWN', true)),
      settleOrder: () => Promise.reject(failure('NOT_FOUND', true)),
    });
    await expect(runOrder(steps)).rejects.toMatchObject({ cause: { type: 'STRATEGY_UNKNOWN' } });
  });

  it('answers the state query and shows itself to people', async () => {
    const door = gate();
    let seen: Progress | undefined;
    let details: string | undefined;
    const steps = fakeSteps({
      placeOrder: () => Promise.resolve(OPEN),
      trackOrder: async () => {
        door.reach();
        await door.opened;
        return { kind: 'changed', leg: FILLED, finished: true };
      },
    });
    await runOrder(steps, testSignal(), async (handle) => {
      await door.reached;
      seen = await handle.query<Progress>('state');
      const metadata = await handle.query<{ currentDetails: string }>(
        '__temporal_workflow_metadata',
      );
      details = metadata.currentDetails;
      door.open();
    });
    expect(seen).toMatchObject({ leg: { state: 'open' }, order: { status: 'open' }, cancel: null });
    expect(details).toContain('buy market 0.01 BTC/USDT');
  });
});
