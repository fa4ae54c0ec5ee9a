/** The steps as Temporal runs them: what each asks, what it tells on the bus, and how it fails. */
import { afterEach, describe, expect, it } from '@jest/globals';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { KeelError } from '../core/errors.ts';
import { registry } from '../observability/metrics.ts';
import { createOrderView, createSignal } from '../test/factories/market.ts';
import { ACCOUNT, openOrderDesk, type OrderDesk } from '../test/factories/order-desk.ts';
import { ORDER } from '../test/factories/placement-world.ts';
import type { PlaceStep, SettleResult, SettleStep } from './order-activities.ts';

const { orderId } = ORDER;
const SYMBOL = 'BTC/USDT';
const STEP = { orderId, accountId: ACCOUNT, symbol: SYMBOL, version: 3 };
const PLACE: PlaceStep = { ...STEP, leg: ORDER, startedAt: Date.now() };
const LEG_ID = `keel${orderId}01`;

/** Runs a step where Temporal's context is needed. */
function run<I, O>(step: (input: I) => Promise<O>, input: I): Promise<O> {
  const logger = new DefaultLogger('ERROR');
  return new MockActivityEnvironment({}, { logger }).run(step, input);
}

function settle({ activities }: OrderDesk, step: SettleStep): Promise<SettleResult> {
  return run((input: SettleStep) => activities.settleOrder(input), step);
}

async function finished(status: string): Promise<number> {
  const metric = await registry.getSingleMetric('keel_orders_total')!.get();
  return metric.values.find(({ labels }) => labels['status'] === status)?.value ?? 0;
}

afterEach(() => {
  registry.resetMetrics();
});

describe('decide', () => {
  const signal = createSignal({ accountId: ACCOUNT });
  const step = { signal, workflowRunId: 'run', version: 1 };

  it('admits and checks the order; its event is left for the send to tell, once it is under way', async () => {
    const desk = openOrderDesk({});
    desk.admission = { verdict: 'admitted', order: desk.order, superseded: ['older'] };
    expect(await desk.activities.decide(step)).toMatchObject({
      verdict: 'admitted',
      order: { status: 'admitted' },
      terms: { reducing: false },
      wait: null,
      superseded: ['older'],
      untold: true,
    });
    expect(desk.told).toEqual([]);
    await run((input: PlaceStep) => desk.activities.placeOrder(input), { ...PLACE, untold: 1 });
    expect(desk.told[0]).toEqual({ topic: 'orders.admitted.binance', id: `${signal.id}:1` });
  });

  it('tells an order itself that several legs work', async () => {
    const desk = openOrderDesk({});
    desk.admission = {
      verdict: 'admitted',
      order: desk.order,
      superseded: [],
      heldElsewhere: true,
    };
    expect(await desk.activities.decide(step)).not.toHaveProperty('untold');
    expect(desk.told).toEqual([{ topic: 'orders.admitted.binance', id: `${signal.id}:1` }]);
  });

  it('lets an order over the limit wait for a person, no longer than the signal is valid', async () => {
    const desk = openOrderDesk({
      marketTime: async () => signal.eventTime,
      context: (context) => ({
        ...context,
        limits: { ...context.limits, approvalNotional: '50' },
      }),
    });
    desk.admission = { verdict: 'admitted', order: desk.order, superseded: [] };
    const decided = await desk.activities.decide(step);
    expect(decided).toMatchObject({
      verdict: 'awaiting',
      wait: { notional: '100', limit: '50' },
    });
    const expiresInMs = signal.validUntil - signal.eventTime;
    expect(decided).toMatchObject({ wait: { expiresInMs } });
    expect(desk.told).toEqual([
      { topic: 'orders.awaiting_approval.binance', id: `${signal.id}:1` },
    ]);
  });

  it('ends what risk denies', async () => {
    const desk = openOrderDesk({ context: (context) => ({ ...context, halts: ['all'] }) });
    desk.admission = { verdict: 'admitted', order: desk.order, superseded: [] };
    expect(await desk.activities.decide(step)).toMatchObject({
      verdict: 'ended',
      order: { status: 'denied' },
    });
    expect(desk.told).toEqual([{ topic: 'orders.denied.binance', id: `${signal.id}:1` }]);
  });

  it('a venue that does not tell its time holds nothing up', async () => {
    const desk = openOrderDesk({ marketTime: () => new Promise(() => undefined) });
    await expect(desk.activities.decide(step)).rejects.toMatchObject({ type: 'UNAVAILABLE' });
  });
});

describe('recordApproval', () => {
  const decision = { verdict: 'approved', by: 'rita', role: 'risk', note: null } as const;

  function waiting(options: Parameters<typeof openOrderDesk>[0] = {}): OrderDesk {
    const desk = openOrderDesk(options);
    desk.order = { ...desk.order, state: 'awaiting_approval', status: 'awaiting_approval' };
    return desk;
  }
  const stepOf = (desk: OrderDesk) => ({
    orderId: desk.order.orderId,
    accountId: ACCOUNT,
    symbol: 'BTC/USDT',
    version: 2,
    decision,
  });

  it('approved: goes on, if clock and risk still let it', async () => {
    const desk = waiting();
    expect(await desk.activities.recordApproval(stepOf(desk))).toMatchObject({
      approved: true,
      order: { approval: { by: 'rita' } },
    });
  });

  it('rejected: denied in the name of who did it', async () => {
    const desk = waiting();
    const step = { ...stepOf(desk), decision: { ...decision, verdict: 'rejected' as const } };
    expect(await desk.activities.recordApproval(step)).toMatchObject({
      approved: false,
      order: { reasonCode: 'APPROVAL_REJECTED' },
    });
  });

  it('approved too late: expired', async () => {
    const desk = waiting();
    desk.order = { ...desk.order, validUntil: 0 };
    expect(await desk.activities.recordApproval(stepOf(desk))).toMatchObject({
      approved: false,
      order: { reasonCode: 'SIGNAL_EXPIRED' },
    });
  });

  it('halted meanwhile: denied', async () => {
    const desk = waiting({ context: (context) => ({ ...context, halts: ['all'] }) });
    expect((await desk.activities.recordApproval(stepOf(desk))).approved).toBe(false);
  });
});

describe('admit', () => {
  const signal = createSignal({ accountId: ACCOUNT });
  const step = { signal, workflowRunId: 'run', version: 1 };

  it('tells an admitted order under its version', async () => {
    const desk = openOrderDesk({});
    desk.admission = { verdict: 'admitted', order: desk.order, superseded: [] };
    expect(await desk.activities.admit(step)).toMatchObject({
      verdict: 'admitted',
      order: { status: 'admitted', side: 'buy', quantity: '1' },
    });
    expect(desk.told).toEqual([{ topic: 'orders.admitted.binance', id: `${signal.id}:1` }]);
  });

  it('tells and counts one that ends there', async () => {
    const desk = openOrderDesk({});
    desk.order = createOrderView({ state: 'expired', status: 'expired', reason: 'late' });
    desk.admission = { verdict: 'ended', order: desk.order };
    expect(await desk.activities.admit(step)).toMatchObject({
      verdict: 'ended',
      order: { status: 'expired', reason: 'late' },
    });
    expect(desk.told[0]?.topic).toBe('orders.expired.binance');
    expect(await finished('expired')).toBe(1);
  });

  it.each([
    { verdict: 'blocked' as const, cancelFirst: ['other'] },
    { verdict: 'refused' as const, ownerRunId: 'another' },
  ])('$verdict: nothing was written, nothing is told', async (admission) => {
    const desk = openOrderDesk({});
    desk.admission = admission;
    expect(await desk.activities.admit(step)).toEqual(admission);
    expect(desk.told).toEqual([]);
  });

  it('refuses for good what is no signal; for an account it lacks another worker may come', async () => {
    const { activities } = openOrderDesk({});
    await expect(
      activities.admit({ ...step, signal: { ...signal, referencePrice: '-1' } }),
    ).rejects.toMatchObject({
      type: 'INVALID_INPUT',
      nonRetryable: true,
      message: expect.stringContaining('referencePrice'),
    });
    await expect(
      activities.admit({ ...step, signal: { ...signal, accountId: 'gone' } }),
    ).rejects.toMatchObject({
      type: 'UNAVAILABLE',
      nonRetryable: false,
      message: 'no account "gone" is configured in this worker; known accounts: test',
    });
  });
});

describe('checkRisk', () => {
  it('approves without a word: the next step tells', async () => {
    const desk = openOrderDesk({});
    expect(await desk.activities.checkRisk(STEP)).toMatchObject({ approved: true });
    expect(desk.told).toEqual([]);
  });

  it('a denial is final, told and counted', async () => {
    const desk = openOrderDesk({ context: (context) => ({ ...context, halts: ['system: test'] }) });
    expect(await desk.activities.checkRisk(STEP)).toMatchObject({
      approved: false,
      order: { status: 'denied' },
    });
    expect(desk.told).toEqual([{ topic: 'orders.denied.binance', id: `${desk.order.orderId}:3` }]);
    expect(await finished('denied')).toBe(1);
  });
});

describe('placeOrder and resolveOrder', () => {
  it('filled at once: settleOrder will tell', async () => {
    const desk = openOrderDesk({});
    expect(await run(desk.activities.placeOrder, PLACE)).toMatchObject({
      finished: true,
      leg: { state: 'filled', clientOrderId: LEG_ID },
    });
    expect(desk.told).toEqual([]);
    const seconds = await registry.getSingleMetric('keel_signal_to_venue_seconds')!.get();
    expect(seconds.values.find(({ labels }) => 'exchange' in labels)).toBeDefined();
  });

  it('resting: told', async () => {
    const desk = openOrderDesk({ moods: [{ kind: 'rest' }] });
    expect(await run(desk.activities.placeOrder, PLACE)).toMatchObject({
      finished: false,
      leg: { state: 'open' },
    });
    expect(desk.told).toHaveLength(1);
  });

  it('resolves what may not be sent again to its end', async () => {
    const desk = openOrderDesk({});
    const step = { ...PLACE, resend: false };
    expect(await run(desk.activities.resolveOrder, step)).toMatchObject({
      finished: true,
      leg: { state: 'cancelled', venueOrderId: null },
    });
    expect(desk.world.requests).toBe(0);
  });

  it("hands the venue's refusal to Temporal with its code", async () => {
    const desk = openOrderDesk({ moods: [{ kind: 'refuse', code: 'VENUE_RATE_LIMITED' }] });
    await expect(run(desk.activities.placeOrder, PLACE)).rejects.toMatchObject({
      type: 'VENUE_RATE_LIMITED',
      nonRetryable: false,
    });
    const errors = await registry.getSingleMetric('keel_venue_errors_total')!.get();
    expect(errors.values).toMatchObject([{ value: 1, labels: { code: 'VENUE_RATE_LIMITED' } }]);
  });
});

describe('a look-up that fails', () => {
  it('leaves a claimed send unknown, and sends nothing', async () => {
    const desk = openOrderDesk({});
    await desk.world.ports().store.prepareLeg(ORDER);
    desk.world.leg = { ...desk.world.leg!, sendState: 'sending', sendDeadline: Date.now() };
    // The row is read first, then the venue is asked.
    desk.world.beforeCall(2, () => {
      throw new KeelError('VENUE_UNAVAILABLE', 'the venue is away');
    });
    const step = { ...PLACE, resend: true };
    expect(await run(desk.activities.resolveOrder, step)).toMatchObject({
      finished: false,
      leg: { venueOrderId: null },
    });
    expect(desk.world.requests).toBe(0);
  });
});

describe('escalateUnknown', () => {
  it('alerts people: one message a round', async () => {
    const desk = openOrderDesk({});
    const { activities, told } = desk;
    const step = { ...{ orderId, accountId: ACCOUNT, legNumber: 1, symbol: SYMBOL }, since: 1 };
    await activities.escalateUnknown({ ...step, round: 1 });
    await activities.escalateUnknown({ ...step, round: 1 });
    await activities.escalateUnknown({ ...step, round: 2 });
    const topic = 'risk.alert.critical';
    expect(told).toEqual(
      [1, 1, 2].map((round) => ({ topic, id: `unknown-outcome:${LEG_ID}:${String(round)}` })),
    );
  });
});

describe('with an order that rests', () => {
  async function resting(): Promise<OrderDesk> {
    const desk = openOrderDesk({ moods: [{ kind: 'rest' }] });
    await run(desk.activities.placeOrder, PLACE);
    desk.told.length = 0;
    return desk;
  }
  const track = {
    accountId: ACCOUNT,
    clientOrderId: LEG_ID,
    symbol: SYMBOL,
    lastSeen: { state: 'open', filledQuantity: '0' },
    timeoutAt: null,
  } as const;

  it('trackOrder follows it until something is new, and beats', async () => {
    const desk = await resting();
    const environment = new MockActivityEnvironment();
    let beats = 0;
    environment.on('heartbeat', () => {
      beats += 1;
      if (beats === 3) desk.world.fillAtVenue(ORDER.quantity);
    });
    expect(await environment.run(desk.activities.trackOrder, track)).toMatchObject({
      kind: 'changed',
      finished: true,
    });
    expect(beats).toBe(3);
    expect(desk.watches).toEqual({ open: 1, closed: 1 });
  });

  it('trackOrder lets go when it is cancelled', async () => {
    const desk = await resting();
    const environment = new MockActivityEnvironment();
    const tracking = environment.run(desk.activities.trackOrder, track);
    setTimeout(() => {
      environment.cancel('CANCELLED');
    }, 20);
    await expect(tracking).rejects.toMatchObject({ name: 'CancelledFailure' });
    expect(desk.watches).toEqual({ open: 1, closed: 1 });
  });

  it('publishOrder tells what the tracker booked', async () => {
    const desk = await resting();
    desk.order = { ...desk.order, status: 'partially_filled' };
    await desk.activities.publishOrder({ orderId, version: 7 });
    expect(desk.told).toEqual([{ topic: 'orders.partially_filled.binance', id: `${orderId}:7` }]);
  });

  it('settleOrder refuses: the leg may trade', async () => {
    const desk = await resting();
    const step = { ...STEP, final: { state: 'done' as const }, startedAt: Date.now() };
    expect(await settle(desk, step)).toEqual({
      settled: false,
      clientOrderId: LEG_ID,
    });
    expect(desk.told).toEqual([]);
  });

  it('cancelOrder ends it, and then it is settled, told and counted', async () => {
    const desk = await resting();
    const cancelled = await run(desk.activities.cancelOrder, { accountId: ACCOUNT, leg: ORDER });
    expect(cancelled).toMatchObject({ finished: true, leg: { state: 'cancelled' } });
    const step = { ...STEP, final: { state: 'done' as const }, startedAt: Date.now() };
    expect(await settle(desk, step)).toMatchObject({ settled: true });
    expect(desk.told).toEqual([{ topic: 'orders.cancelled.binance', id: `${orderId}:3` }]);
    expect(await finished('cancelled')).toBe(1);
  });
});

describe('settleOrder', () => {
  const step = {
    ...STEP,
    final: { state: 'failed' as const, reasonCode: 'NOT_FOUND' as const },
    startedAt: Date.now(),
  };

  it('gives up a leg that was prepared and never sent', async () => {
    const desk = openOrderDesk({});
    await desk.world.ports().store.prepareLeg(ORDER);
    expect(await settle(desk, step)).toMatchObject({
      settled: true,
      order: { state: 'failed', reasonCode: 'NOT_FOUND' },
    });
    expect(desk.world.leg?.state).toBe('cancelled');
  });

  it('refuses when a sender claims the leg in that moment', async () => {
    const desk = openOrderDesk({ moods: [{ kind: 'rest' }] });
    const { store } = desk.world.ports();
    await store.prepareLeg(ORDER);
    // It is read as not sent, and claimed before the word that it is given up.
    desk.world.beforeCall(2, () => {
      desk.world.leg = { ...desk.world.leg!, sendState: 'sending', sendDeadline: Date.now() };
    });
    expect(await settle(desk, step)).toEqual({
      settled: false,
      clientOrderId: LEG_ID,
    });
  });
});
