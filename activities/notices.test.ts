import { afterEach, describe, expect, it, jest } from '@jest/globals';
import type { OrderNotice } from '../adapters/trade-adapter.ts';
import { createLogger } from '../observability/logger.ts';
import { createNotices, type Notices } from './notices.ts';

const LONG_MS = 60_000;

/** An account's user stream; `failures` openings fail first. */
function world(failures = 0) {
  let opened = 0;
  let closed = 0;
  let say: (notice: OrderNotice) => void = () => undefined;
  const watchOrders = jest.fn(async (onNotice: (notice: OrderNotice) => void) => {
    opened += 1;
    if (opened <= failures) throw new Error('no stream today');
    say = onNotice;
    return {
      close: async () => {
        closed += 1;
      },
    };
  });
  const notices: Notices = createNotices(
    new Map([['main', { watchOrders }]]),
    createLogger('test', 'silent'),
  );
  return {
    notices,
    say: (clientOrderId: string) => {
      say({ clientOrderId, symbol: 'BTC/USDT' });
    },
    counts: () => ({ opened, closed }),
  };
}

/** True when it is done within a few turns, without the clock. */
async function isDone(promise: Promise<void>): Promise<boolean> {
  let done = false;
  void promise.then(() => (done = true));
  for (let turns = 0; turns < 10; turns += 1) await Promise.resolve();
  return done;
}

afterEach(() => {
  jest.useRealTimers();
});

describe('notices', () => {
  it('wake whoever follows the order, and nobody else', async () => {
    const { notices, say } = world();
    const [mine, same, other] = [
      notices.watch('main', 'a'),
      notices.watch('main', 'a'),
      notices.watch('main', 'b'),
    ];
    const waiting = [mine, same, other].map((watch) => watch.changed(LONG_MS));
    say('a');
    expect(await Promise.all(waiting.map(isDone))).toEqual([true, true, false]);
    other.close();
    expect(await isDone(waiting[2]!)).toBe(true);
  });

  it('that came between two waits are not lost, and count once', async () => {
    const { notices, say } = world();
    const watch = notices.watch('main', 'a');
    say('a');
    say('a');
    expect(await isDone(watch.changed(LONG_MS))).toBe(true);
    const next = watch.changed(LONG_MS);
    expect(await isDone(next)).toBe(false);
    watch.close();
    await next;
  });

  it('that never come cost the time given, no more', async () => {
    jest.useFakeTimers();
    const watch = world().notices.watch('main', 'a');
    const waiting = watch.changed(2_000);
    await jest.advanceTimersByTimeAsync(1_999);
    expect(await isDone(waiting)).toBe(false);
    await jest.advanceTimersByTimeAsync(1);
    await waiting;
  });

  it('of an order nobody follows any more are dropped', () => {
    const { notices, say } = world();
    notices.watch('main', 'a').close();
    expect(() => {
      say('a');
    }).not.toThrow();
  });

  it('come over one stream an account, closed in the end', async () => {
    const { notices, counts } = world();
    notices.watch('main', 'a');
    notices.watch('main', 'b');
    await notices.close();
    expect(counts()).toEqual({ opened: 1, closed: 1 });
  });

  it('survive a stream that fails: the next order watched opens it', async () => {
    const { notices, say, counts } = world(1);
    notices.watch('main', 'a').close();
    await new Promise(setImmediate);
    const watch = notices.watch('main', 'b');
    await new Promise(setImmediate);
    say('b');
    await watch.changed(LONG_MS);
    expect(counts().opened).toBe(2);
  });

  it('of an account that is not here do not come: its trackers poll', async () => {
    const { notices } = world();
    const watch = notices.watch('elsewhere', 'a');
    await watch.changed(1);
    await notices.close();
  });
});
