/**
 * What every EventBus promises. `memory.test.ts` and `kafka.integration.test.ts` run it against theirs:
 * `describeEventBus('memory', { create, writeRaw, sameTopicIsSerial })`.
 */
import { randomUUID } from 'node:crypto';
import { afterEach, describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { pause } from '../back-off.ts';
import {
  PoisonMessageError,
  type BusMessage,
  type EventBus,
  type NewMessage,
} from '../event-bus.ts';
import { deadLetterTopic } from './envelope.ts';
import { DEAD_LETTER } from './messages.ts';

export interface BusHarness {
  /** A bus of its own; of one world with the others (the same broker), where there is such a thing. */
  create(): EventBus;
  /** Writes text as a broken producer would. */
  writeRaw(bus: EventBus, topic: string, text: string): Promise<void>;
}

export const COUNT = {
  type: 'count',
  schemaVersion: 1,
  schema: z.strictObject({ n: z.int() }),
} as const;

export function count(n: number, key = 'k'): NewMessage<{ n: number }> {
  return { id: `${key}-${String(n)}`, key, time: 1_700_000_000_000 + n, data: { n } };
}

export async function until(
  condition: () => boolean | Promise<boolean>,
  timeoutMs = 60_000,
): Promise<void> {
  const end = Date.now() + timeoutMs;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`it did not happen within ${String(timeoutMs)} ms`);
    await pause(20);
  }
}

export function describeEventBus(name: string, harness: BusHarness): void {
  const buses: EventBus[] = [];
  const create = (): EventBus => {
    const bus = harness.create();
    buses.push(bus);
    return bus;
  };
  const unique = (prefix: string): string => `${prefix}.${randomUUID()}`;
  const setUp = async (): Promise<{ bus: EventBus; topic: string; group: string }> => {
    const bus = create();
    const topic = unique('test');
    await bus.ensureTopics([topic]);
    return { bus, topic, group: unique('group') };
  };
  const collect = async (
    bus: EventBus,
    topics: readonly string[] | RegExp,
    group: string,
  ): Promise<{ seen: BusMessage<{ n: number }>[]; close(): Promise<void> }> => {
    const seen: BusMessage<{ n: number }>[] = [];
    const subscription = await bus.subscribe({
      group,
      topics,
      kind: COUNT,
      handle: ({ message }) => {
        seen.push(message);
        return Promise.resolve();
      },
    });
    return { seen, close: () => subscription.close() };
  };
  const deadLetters = async (
    bus: EventBus,
    group: string,
  ): Promise<z.infer<typeof DEAD_LETTER.schema>[]> => {
    const letters: z.infer<typeof DEAD_LETTER.schema>[] = [];
    await bus.subscribe({
      group: unique('letters'),
      topics: [deadLetterTopic(group)],
      kind: DEAD_LETTER,
      handle: ({ message }) => {
        letters.push(message.data);
        return Promise.resolve();
      },
    });
    return letters;
  };

  describe(`EventBus: ${name}`, () => {
    afterEach(async () => {
      await Promise.all(buses.splice(0).map((bus) => bus.close()));
    });

    it('carries the whole envelope to every group', async () => {
      const { bus, topic, group } = await setUp();
      const one = await collect(bus, [topic], group);
      const two = await collect(bus, [topic], `${group}-two`);
      const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
      await bus.publish(topic, COUNT, [{ ...count(1), traceparent }]);
      await until(() => one.seen.length === 1 && two.seen.length === 1);
      expect(one.seen[0]).toEqual({
        id: 'k-1',
        type: 'count',
        schemaVersion: 1,
        time: 1_700_000_000_001,
        source: 'contract',
        trace: { traceparent },
        key: 'k',
        data: { n: 1 },
      });
      expect(two.seen[0]).toEqual(one.seen[0]);
    });

    it('reads a new group from the beginning', async () => {
      const { bus, topic, group } = await setUp();
      await bus.publish(topic, COUNT, [count(1), count(2)]);
      const { seen } = await collect(bus, [topic], group);
      await until(() => seen.length === 2);
      expect(seen.map(({ data }) => data.n)).toEqual([1, 2]);
      await until(async () => (await bus.lag(group)) === 0);
    });

    it('keeps the order of a key while many publish at once', async () => {
      const { bus, topic, group } = await setUp();
      const { seen } = await collect(bus, [topic], group);
      const keys = Array.from({ length: 8 }, (_, k) => `key-${String(k)}`);
      await Promise.all(
        keys.flatMap((key) =>
          Array.from({ length: 40 }, (_, n) => bus.publish(topic, COUNT, [count(n, key)])),
        ),
      );
      await until(() => seen.length >= 320);
      for (const key of keys) {
        expect(seen.filter((m) => m.key === key).map((m) => m.data.n)).toEqual(
          Array.from({ length: 40 }, (_, n) => n),
        );
      }
    });

    it('gives a message again until its handler succeeds, and keeps the order meanwhile', async () => {
      const { bus, topic, group } = await setUp();
      const calls: number[] = [];
      await bus.subscribe({
        group,
        topics: [topic],
        kind: COUNT,
        handle: ({ message }) => {
          calls.push(message.data.n);
          if (message.data.n === 1 && calls.length < 4) throw new Error('not yet');
          return Promise.resolve();
        },
      });
      await bus.publish(topic, COUNT, [count(1), count(2)]);
      await until(() => calls.includes(2));
      expect(calls).toEqual([1, 1, 1, 1, 2]);
    });

    it('sets poison aside with the reason and goes on', async () => {
      const { bus, topic, group } = await setUp();
      await bus.ensureTopics([deadLetterTopic(group)]);
      const letters = await deadLetters(bus, group);
      const seen: number[] = [];
      await bus.subscribe({
        group,
        topics: [topic],
        kind: COUNT,
        handle: ({ message }) => {
          if (message.data.n === 13) throw new PoisonMessageError('unlucky');
          seen.push(message.data.n);
          return Promise.resolve();
        },
      });
      const envelope = {
        ...{ id: 'x', type: 'count', schemaVersion: 1, time: 1, source: 's', trace: {}, key: 'k' },
        data: { n: 1 },
      };
      const poison: [string, RegExp][] = [
        ['<html>502</html>', /not JSON/],
        [JSON.stringify({ ...envelope, schemaVersion: 2 }), /wrong version: count 2.*knows 1/],
        [JSON.stringify({ ...envelope, type: 'other' }), /wrong type: "other", expected "count"/],
        [JSON.stringify({ ...envelope, data: { n: 'one' } }), /schema breach: data\.n/],
        [JSON.stringify({ ...envelope, extra: true }), /not an envelope/],
        ['x'.repeat(50_000), /not JSON/],
      ];
      for (const [text] of poison) await harness.writeRaw(bus, topic, text);
      await bus.publish(topic, COUNT, [count(13), count(14)]);
      await until(() => letters.length === poison.length + 1 && seen.length === 1);
      expect(seen).toEqual([14]);
      for (const [text, reason] of poison) {
        const letter = letters.find(
          (entry) => reason.test(entry.reason) && entry.raw[0] === text[0],
        );
        expect(letter).toMatchObject({ topic, group });
        expect(letter?.raw.slice(0, 16_000)).toBe(text.slice(0, 16_000));
      }
      expect(letters.every(({ raw }) => raw.length < 17_000)).toBe(true);
      expect(letters.some(({ reason }) => reason === 'refused: unlucky')).toBe(true);
      await until(async () => (await bus.lag(group)) === 0);
    });

    it('writes nothing when one message of a publication breaks the schema', async () => {
      const { bus, topic, group } = await setUp();
      const { seen } = await collect(bus, [topic], group);
      const wrong = { ...count(2), data: { n: 1.5 } };
      await expect(bus.publish(topic, COUNT, [count(1), wrong])).rejects.toMatchObject({
        code: 'INVALID_INPUT',
        message: expect.stringMatching(/"k-2".*data\.n/) as unknown,
      });
      await bus.publish(topic, COUNT, [count(3)]);
      await until(() => seen.length > 0);
      expect(seen.map(({ data }) => data.n)).toEqual([3]);
    });

    it('says clearly that a topic was never created', async () => {
      const bus = create();
      const topic = unique('never');
      const expected = { code: 'NOT_FOUND', message: expect.stringContaining(topic) as unknown };
      await expect(bus.publish(topic, COUNT, [count(1)])).rejects.toMatchObject(expected);
      await expect(collect(bus, [topic], unique('group'))).rejects.toMatchObject(expected);
    });

    it('lets new topics join a pattern, from their first message', async () => {
      const bus = create();
      const prefix = unique('pattern');
      await bus.ensureTopics([`${prefix}.a`]);
      const { seen } = await collect(bus, new RegExp(`^${prefix}\\.`), unique('group'));
      await bus.publish(`${prefix}.a`, COUNT, [count(1, 'a')]);
      await bus.ensureTopics([`${prefix}.b`, `other.${prefix}`]);
      await bus.publish(`${prefix}.b`, COUNT, [count(2, 'b')]);
      await bus.publish(`other.${prefix}`, COUNT, [count(3, 'c')]);
      await until(() => seen.length === 2);
      expect(seen.map(({ data }) => data.n).sort()).toEqual([1, 2]);
    });

    it('takes any group name', async () => {
      const { bus, topic } = await setUp();
      const { seen } = await collect(bus, [topic], `strategy:${randomUUID()}/BTC USDT`);
      await bus.publish(topic, COUNT, [count(1)]);
      await until(() => seen.length === 1);
    });

    it('closing a busy subscription finishes the message in hand; the group goes on after it', async () => {
      const { bus, topic, group } = await setUp();
      const first: number[] = [];
      const subscription = await bus.subscribe({
        group,
        topics: [topic],
        kind: COUNT,
        handle: async ({ message }) => {
          await pause(50);
          first.push(message.data.n);
        },
      });
      const publishing = bus.publish(
        topic,
        COUNT,
        Array.from({ length: 10 }, (_, n) => count(n)),
      );
      await until(() => first.length >= 2);
      await subscription.close();
      await publishing;
      const before = first.length;
      await pause(150);
      expect(first).toHaveLength(before);
      expect(before).toBeLessThan(10);
      expect(await bus.lag(group)).toBe(10 - before);
      const { seen } = await collect(bus, [topic], group);
      await until(() => seen.length === 10 - before);
      expect([...first, ...seen.map(({ data }) => data.n)]).toEqual(
        Array.from({ length: 10 }, (_, n) => n),
      );
    });

    it('lets a handler publish in turn, also to the topic it reads', async () => {
      const { bus, topic, group } = await setUp();
      const next = unique('next');
      await bus.ensureTopics([next]);
      const last = await collect(bus, [next], `${group}-next`);
      const seen: number[] = [];
      await bus.subscribe({
        group,
        topics: [topic],
        kind: COUNT,
        handle: async ({ message }) => {
          seen.push(message.data.n);
          await bus.publish(next, COUNT, [count(message.data.n)]);
          if (message.data.n < 3) await bus.publish(topic, COUNT, [count(message.data.n + 1)]);
        },
      });
      await bus.publish(topic, COUNT, [count(1)]);
      await until(() => last.seen.length === 3);
      expect(seen).toEqual([1, 2, 3]);
    });

    it('refuses to publish once closed', async () => {
      const { bus, topic } = await setUp();
      await bus.close();
      await bus.close();
      await expect(bus.publish(topic, COUNT, [count(1)])).rejects.toMatchObject({
        code: 'UNAVAILABLE',
      });
    });
  });
}
