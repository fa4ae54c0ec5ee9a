import { describe, expect, it } from '@jest/globals';
import { pause } from '../back-off.ts';
import type { EventBus } from '../event-bus.ts';
import { COUNT, count, describeEventBus, until } from './event-bus.contract.ts';
import { createMemoryBus, type MemoryBus } from './memory.ts';

const backoff = { minMs: 5, maxMs: 20 };
const create = (): MemoryBus => createMemoryBus('contract', { backoff });

describeEventBus('memory', {
  create,
  writeRaw: (bus: EventBus, topic, text) => (bus as MemoryBus).publishRaw(topic, text),
});

describe('memory bus', () => {
  it('resolves publish only when every subscriber has handled it, nested publications included', async () => {
    const bus = create();
    await bus.ensureTopics(['a', 'b']);
    const done: string[] = [];
    await bus.subscribe({
      ...{ group: 'a', topics: ['a'], kind: COUNT },
      handle: async ({ message }) => {
        await bus.publish('b', COUNT, [count(message.data.n)]);
        done.push('a');
      },
    });
    await bus.subscribe({
      ...{ group: 'b', topics: ['b'], kind: COUNT },
      handle: async () => {
        await pause(30);
        done.push('b');
      },
    });
    await bus.publish('a', COUNT, [count(1)]);
    expect(done).toEqual(['b', 'a']);
    await bus.close();
  });

  it('does not hang where handlers publish to each other in a ring', async () => {
    const bus = create();
    await bus.ensureTopics(['a', 'b']);
    const seen: string[] = [];
    for (const [from, to] of [
      ['a', 'b'],
      ['b', 'a'],
    ] as const) {
      await bus.subscribe({
        ...{ group: from, topics: [from], kind: COUNT },
        handle: async ({ message }) => {
          await pause(5);
          seen.push(`${from}${String(message.data.n)}`);
          if (message.data.n > 0) await bus.publish(to, COUNT, [count(message.data.n - 1)]);
        },
      });
    }
    await Promise.all([bus.publish('a', COUNT, [count(4)]), bus.publish('b', COUNT, [count(4)])]);
    await until(() => seen.length === 10);
    expect(seen.filter((entry) => entry.endsWith('0'))).toHaveLength(2);
    await bus.close();
  });

  it('keeps the publisher of a message that always fails waiting, until close rejects it', async () => {
    const bus = create();
    await bus.ensureTopics(['a']);
    let tries = 0;
    await bus.subscribe({
      ...{ group: 'g', topics: ['a'], kind: COUNT },
      handle: () => {
        tries += 1;
        return Promise.reject(new Error('always'));
      },
    });
    const rejected = expect(bus.publish('a', COUNT, [count(1)])).rejects.toMatchObject({
      code: 'UNAVAILABLE',
    });
    await until(() => tries >= 5);
    await bus.close();
    await rejected;
  });

  it('frees that publisher when the subscription is closed instead', async () => {
    const bus = create();
    await bus.ensureTopics(['a']);
    const subscription = await bus.subscribe({
      ...{ group: 'g', topics: ['a'], kind: COUNT },
      handle: () => Promise.reject(new Error('always')),
    });
    const publishing = bus.publish('a', COUNT, [count(1)]);
    await pause(20);
    await subscription.close();
    await publishing;
    expect(await bus.lag('g')).toBe(1);
    await bus.close();
  });

  it('keeps a bounded log: a late group starts at the oldest message kept', async () => {
    const bus = createMemoryBus('contract', { backoff, keep: 3 });
    await bus.ensureTopics(['a']);
    for (let n = 0; n < 10; n += 1) await bus.publish('a', COUNT, [count(n)]);
    const seen: number[] = [];
    await bus.subscribe({
      ...{ group: 'g', topics: ['a'], kind: COUNT },
      handle: ({ message }) => {
        seen.push(message.data.n);
        return Promise.resolve();
      },
    });
    await until(() => seen.length === 3);
    expect(seen).toEqual([7, 8, 9]);
    await bus.close();
  });
});
