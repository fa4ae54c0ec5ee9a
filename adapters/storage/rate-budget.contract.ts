/** What every rate budget must do. `rateBudgetContract(open)` inside a `describe`. */
import { beforeEach, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Bucket, Purpose, RateBudget } from '../rate-budget.ts';

const MINUTE_MS = 60_000;
/** Begins a minute. */
const T0 = 1_800_000_000_000;

/** `open` gives budgets over the same counts, each as a process of its own would have it. */
export function rateBudgetContract(
  open: (now: () => number) => Promise<readonly RateBudget[]>,
): void {
  let now = T0;
  let prefix = '';
  let count = 0;
  let one: RateBudget;
  let other: RateBudget;

  beforeEach(async () => {
    now = T0;
    prefix = `k${String((count += 1))}:`;
    const budgets = await open(() => now);
    [one, other] = [budgets[0], budgets.at(-1)] as [RateBudget, RateBudget];
  });

  const bucket = (cost: number, change: Partial<Bucket> = {}): Bucket => ({
    ...{ key: `${prefix}weight`, limit: 100, windowMs: MINUTE_MS, window: 'aligned' },
    cost,
    ...change,
  });
  const limited = (why: RegExp) =>
    expect.objectContaining({ code: 'VENUE_RATE_LIMITED', message: expect.stringMatching(why) });

  it('stops reads first, then sends, and lets cancels use it all', async () => {
    await one.take('read', [bucket(80)]);
    await expect(other.take('read', [bucket(1)])).rejects.toEqual(limited(/80 of 100/));
    await other.take('send', [bucket(15)]);
    await expect(one.take('send', [bucket(1)])).rejects.toEqual(limited(/95 of 100/));
    await one.take('cancel', [bucket(5)]);
    now += 10_000;
    await expect(other.take('cancel', [bucket(1)])).rejects.toMatchObject({
      code: 'VENUE_RATE_LIMITED',
      retryAfterMs: 50_000,
    });
  });

  it('is whole again in the next window', async () => {
    now = T0 + MINUTE_MS - 1;
    await one.take('cancel', [bucket(100)]);
    now = T0 + MINUTE_MS;
    await other.take('read', [bucket(80)]);
    now = T0 + 5 * MINUTE_MS;
    await one.take('read', [bucket(80)]);
  });

  it('keeps a rolling limit over any stretch of its length', async () => {
    const rolling = (cost: number): Bucket => bucket(cost, { windowMs: 2_000, window: 'rolling' });
    now = T0 + 1_999;
    await one.take('cancel', [rolling(60)]);
    now = T0 + 2_000;
    await expect(other.take('cancel', [rolling(41)])).rejects.toEqual(limited(/60 of 100/));
    await other.take('cancel', [rolling(40)]);
    now = T0 + 4_000;
    await one.take('cancel', [rolling(60)]);
    now = T0 + 8_000;
    await one.take('cancel', [rolling(100)]);
  });

  it('takes from all buckets or from none', async () => {
    const orders = (cost: number): Bucket =>
      bucket(cost, { key: `${prefix}orders`, limit: 10, windowMs: 10_000 });
    await one.take('send', [bucket(1), orders(9)]);
    await expect(other.take('send', [bucket(50), orders(1)])).rejects.toEqual(limited(/orders/));
    // Nothing of the 50 was counted.
    await other.take('read', [bucket(79)]);
  });

  it('takes the venue’s count where it is higher than its own', async () => {
    const ticket = await one.take('read', [bucket(1)]);
    await ticket.heard({ used: { [bucket(0).key]: 80 } });
    await expect(other.take('read', [bucket(1)])).rejects.toEqual(limited(/80 of 100/));
    await (await other.take('send', [bucket(10)])).heard({ used: { [bucket(0).key]: 3 } });
    await expect(one.take('send', [bucket(6)])).rejects.toEqual(limited(/90 of 100/));
  });

  it('leaves a new window alone when an answer of the old one comes late', async () => {
    now = T0 + MINUTE_MS - 1;
    const ticket = await one.take('read', [bucket(1)]);
    now = T0 + MINUTE_MS;
    await ticket.heard({ used: { [bucket(0).key]: 99 } });
    await other.take('read', [bucket(80)]);
  });

  it('silences everyone, cancels too, until a ban is over', async () => {
    const { key } = bucket(0);
    const ticket = await one.take('read', [bucket(1)]);
    await ticket.heard({ silence: { key, forMs: 120_000, banned: true } });
    // A shorter silence that is heard later does not shorten it.
    await ticket.heard({ silence: { key, forMs: 1_000, banned: false } });
    for (const budget of [one, other]) {
      await expect(budget.take('cancel', [bucket(1)])).rejects.toMatchObject({
        code: 'VENUE_BANNED',
        retryAfterMs: 120_000,
      });
    }
    now = T0 + 119_999;
    await expect(other.take('cancel', [bucket(1)])).rejects.toMatchObject({ retryAfterMs: 1 });
    now = T0 + 120_000;
    await other.take('cancel', [bucket(1)]);
    await one.take('read', [bucket(1)]);
  });

  it('silences only the bucket that was meant', async () => {
    const orders = bucket(1, { key: `${prefix}orders`, limit: 10, windowMs: 10_000 });
    const ticket = await one.take('send', [bucket(1), orders]);
    await ticket.heard({ silence: { key: orders.key, forMs: 10_000, banned: false } });
    await expect(other.take('send', [bucket(1), orders])).rejects.toEqual(limited(/silence/));
    await other.take('cancel', [bucket(1)]);
  });

  it('refuses what could never be taken', async () => {
    await expect(one.take('read', [bucket(81)])).rejects.toMatchObject({ code: 'INVALID_INPUT' });
    await expect(one.take('send', [bucket(1), bucket(1)])).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      message: expect.stringMatching(/twice/),
    });
    await expect(one.take('send', [bucket(-1)])).rejects.toMatchObject({ code: 'INVALID_INPUT' });
  });

  it('never passes a limit, however requests fall together', async () => {
    const request = fc.record({
      purpose: fc.constantFrom<Purpose>('read', 'send', 'cancel'),
      weight: fc.integer({ min: 0, max: 9 }),
      orders: fc.integer({ min: 0, max: 3 }),
      who: fc.boolean(),
    });
    let run = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(request, { minLength: 10, maxLength: 40 }), async (requests) => {
        const key = `${prefix}${String((run += 1))}`;
        const taken = { weight: 0, orders: 0, reads: 0 };
        const settled = await Promise.allSettled(
          requests.map(async ({ purpose, weight, orders, who }) => {
            await (who ? one : other).take(purpose, [
              bucket(weight, { key: `${key}:weight`, limit: 60 }),
              bucket(orders, { key: `${key}:orders`, limit: 20, windowMs: 10_000 }),
            ]);
            taken.weight += weight;
            taken.orders += orders;
            taken.reads += purpose === 'read' ? weight : 0;
          }),
        );
        expect(taken.weight).toBeLessThanOrEqual(60);
        expect(taken.orders).toBeLessThanOrEqual(20);
        expect(taken.reads).toBeLessThanOrEqual(48);
        for (const result of settled) {
          if (result.status === 'rejected') {
            expect(result.reason).toMatchObject({ code: 'VENUE_RATE_LIMITED' });
          }
        }
        // What was refused took nothing: a cancel for the exact rest still goes.
        await one.take('cancel', [
          bucket(60 - taken.weight, { key: `${key}:weight`, limit: 60 }),
          bucket(20 - taken.orders, { key: `${key}:orders`, limit: 20, windowMs: 10_000 }),
        ]);
      }),
      { numRuns: 25 },
    );
  });
}
