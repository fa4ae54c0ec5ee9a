/** What the order that takes an amended one's place is made of. */
import { describe, expect, it } from '@jest/globals';
import { createMemoryBus } from '../adapters/bus/memory.ts';
import { SIGNAL } from '../adapters/bus/messages.ts';
import type { OrderRepository, RoutingFacts } from '../adapters/order-repository.ts';
import type { OrderView } from '../core/order.ts';
import type { Signal } from '../core/signal.ts';
import { createSignal } from '../test/factories/market.ts';
import { createAmendActivities, replacementId, type AmendStepResult } from './amend-steps.ts';

const HOUR_MS = 3_600_000;
const step = { quantity: '2', limitPrice: '90', by: 'ada', requestId: 'r1' };

/** Amends a first order that has filled 0.5 and is over, so many milliseconds after its signal. */
async function amend(
  change: Partial<Signal>,
  afterMs: number,
): Promise<{ first: Signal; result: AmendStepResult; placed: readonly Signal[] }> {
  const bus = createMemoryBus('test');
  await bus.ensureTopics(['signals.sma-cross.buy']);
  const placed: Signal[] = [];
  await bus.subscribe({
    group: 'test',
    topics: ['signals.sma-cross.buy'],
    kind: SIGNAL,
    handle: async ({ message }) => {
      placed.push(message.data);
    },
  });
  const first = createSignal({
    ...{ type: 'limit', limitPrice: '100', wanted: { kind: 'target', quantity: '1' }, ...change },
  });
  const { strategyId, strategyType, accountId, exchange, symbol } = first;
  const order: Partial<OrderView> = {
    ...{ strategyId, strategyType, accountId, exchange, symbol },
    ...{ state: 'done', side: 'buy', filledQuantity: '0.5' },
  };
  const facts: Partial<RoutingFacts> = { signal: first };
  const orders: Pick<OrderRepository, 'getOrder' | 'routingFacts'> = {
    getOrder: async () => order as OrderView,
    routingFacts: async () => facts as RoutingFacts,
  };
  const adapters = new Map([[accountId, { marketTime: async () => first.eventTime + afterMs }]]);
  const amends = createAmendActivities({ orders, adapters, bus });
  const result = await amends.replaceAmended({ ...step, orderId: first.id });
  await bus.close();
  return { first, result, placed };
}

describe('replaceAmended', () => {
  it('keeps stops and plan, and lets the new order end when the first one would have', async () => {
    const kept = {
      stops: { stopLoss: { price: '80' } },
      execution: { kind: 'iceberg', displayQuantity: '0.1' },
    } as const;
    const { first, result, placed } = await amend({ ...kept, timeoutMs: HOUR_MS }, 1_000);
    const newOrderId = replacementId({ ...step, orderId: first.id }, first.symbol);
    expect(result).toEqual({ kind: 'replaced', newOrderId, remainder: '1.5' });
    expect(placed).toEqual([
      {
        ...first,
        ...kept,
        id: newOrderId,
        runId: `amend:${first.id}:r1`,
        source: { kind: 'person', name: 'ada' },
        sequence: 1,
        eventTime: first.eventTime + 1_000,
        validUntil: first.eventTime + 61_000,
        timeoutMs: HOUR_MS - 1_000,
        wanted: { kind: 'order', side: 'buy', quantity: '1.5' },
        limitPrice: '90',
        referencePrice: '90',
        tag: `amends ${first.id}`,
      },
    ]);
  });

  it('places nothing once the time to rest is over', async () => {
    const { result, placed } = await amend({ timeoutMs: HOUR_MS }, HOUR_MS);
    expect(result).toEqual({ kind: 'timed-out' });
    expect(placed).toEqual([]);
  });

  it('gives no stops and no time-out to an order that had none', async () => {
    const { placed } = await amend({}, HOUR_MS);
    expect(placed).toHaveLength(1);
    expect(placed[0]).not.toHaveProperty('stops');
    expect(placed[0]).not.toHaveProperty('timeoutMs');
  });
});
