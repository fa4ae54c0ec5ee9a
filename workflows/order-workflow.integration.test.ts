/** Every way an order can go, by the real workflow over fake steps. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { tsToMs } from '@temporalio/common/lib/time.js';
import {
  gate,
  OPEN,
  openOrderRuns,
  UNKNOWN,
  type OrderRuns,
} from '../test/factories/order-runs.ts';
import {
  CANCELLED,
  facts,
  failure,
  fakeSteps,
  FILLED,
  legView,
  testSignal,
} from '../test/factories/order-steps.ts';
import type { Progress } from './order-messages.ts';

describe('orderWorkflow', () => {
  let orders: OrderRuns;

  beforeAll(async () => {
    orders = await openOrderRuns();
  }, 120_000);
  afterAll(async () => {
    await orders.close();
  });

  it('filled at once: admit, check, place, settle, and versions that count up', async () => {
    const steps = fakeSteps();
    const result = await orders.run(steps);
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
    expect(await orders.run(steps)).toMatchObject({ status: 'denied', reason: 'halt' });
    expect(steps.calls).toEqual(['admit']);
  });

  it('denied by risk: nothing is sent', async () => {
    const steps = fakeSteps({
      checkRisk: () =>
        Promise.resolve({ approved: false, order: facts({ state: 'denied', status: 'denied' }) }),
    });
    expect((await orders.run(steps)).status).toBe('denied');
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
    await orders.run(steps);
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
    expect((await orders.run(steps)).status).toBe(state);
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
    await orders.run(steps);
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
    await orders.run(steps, signal);
    const { events } = await orders.environment.client.workflow.getHandle(signal.id).fetchHistory();
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
    await expect(orders.run(steps)).rejects.toMatchObject({ cause: { type: 'CONFLICT' } });
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
    const result = await orders.run(steps);
    expect(asked).toBe(5);
    expect(result.status).toBe('filled');
    expect(steps.settled).toHaveLength(1);
  });

  it('an outcome that stays unknown is told to people after two minutes, and is never taken for a refusal', async () => {
    const rounds: number[] = [];
    let until = Infinity;
    const steps = fakeSteps({
      placeOrder: () => Promise.resolve(UNKNOWN),
      resolveOrder: async () => {
        const now = await orders.environment.currentTimeMs();
        if (until === Infinity) until = now + 5 * 60_000;
        return now < until ? UNKNOWN : { ...OPEN, leg: FILLED, finished: true };
      },
      escalateUnknown: ({ round }) => {
        rounds.push(round);
        return Promise.resolve();
      },
    });
    expect((await orders.run(steps)).status).toBe('filled');
    expect(rounds).toEqual([1]);
    expect(steps.settled[0]?.final).toEqual({ state: 'done' });
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
    expect((await orders.run(steps)).status).toBe('filled');
    expect(asked).toBe(3);
  });

  it('a step that fails for good settles the order as failed', async () => {
    const steps = fakeSteps({ checkRisk: () => Promise.reject(failure('NOT_FOUND', true)) });
    expect((await orders.run(steps)).status).toBe('failed');
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
    expect((await orders.run(steps)).status).toBe('cancelled');
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
    expect((await orders.run(steps)).status).toBe('filled');
    expect(settles).toBe(4);
  });

  it('a signal that got no row at all fails its workflow with the reason', async () => {
    const steps = fakeSteps({
      admit: () => Promise.reject(failure('STRATEGY_UNKNOWN', true)),
      settleOrder: () => Promise.reject(failure('NOT_FOUND', true)),
    });
    await expect(orders.run(steps)).rejects.toMatchObject({ cause: { type: 'STRATEGY_UNKNOWN' } });
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
    await orders.run(steps, testSignal(), async (handle) => {
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
