/** The steps as Temporal runs them: what each asks, what it tells on the bus, and how it fails. */
import { afterEach, describe, expect, it } from '@jest/globals';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
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

describe('admit', () => {
  const signal = createSignal({ accountId: ACCOUNT });
  const step = { signal, workflowRunId: 'run', version: 1 };

  it('tells an admitted order under its version', async () => {
    const desk = openOrderDesk({});
    desk.admission = { verdict: 'admitted', order: desk.order };
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
      message: 'no account "gone" is configured in this worker; known accounts: main',
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
