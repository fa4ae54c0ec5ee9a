/**
 * The bus of the embedded stack: everything in this process's memory, as small as the contract allows.
 *
 * - `publish` resolves when every subscriber has handled the messages. A handler that keeps throwing keeps
 *   its publisher waiting; `close()` rejects that publisher with UNAVAILABLE, closing the subscription frees it.
 * - A handler may publish. Where waiting would be a deadlock (its message stands behind itself, or behind
 *   a handler that waits for it) the message is queued and publish resolves at once.
 * - A group's messages of one topic are handled one after another, topics side by side.
 * - A topic keeps its last 100 000 messages; a new group reads from the oldest kept.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { z } from 'zod';
import { KeelError } from '../../core/errors.ts';
import type { Logger } from '../../observability/logger.ts';
import type { BackOff } from '../back-off.ts';
import type { EventBus, SubscribeOptions, Subscription } from '../event-bus.ts';
import { deliver, published } from './delivery.ts';
import { deadLetterTopic, encodeMessage } from './envelope.ts';
import { Lane, type Member, type Topic } from './memory-lane.ts';
import { DEAD_LETTER } from './messages.ts';

export interface MemoryBusOptions {
  readonly logger?: Logger;
  /** Between the tries of a throwing handler. Default 100 ms to 10 s. */
  readonly backoff?: BackOff;
  /** Messages kept per topic. */
  readonly keep?: number;
}

export interface MemoryBus extends EventBus {
  /** Writes text as it is, as a foreign or broken producer would; for tests. */
  publishRaw(topic: string, text: string): Promise<void>;
}

interface Group {
  readonly members: Set<Member>;
  readonly lanes: Map<string, Lane>;
}

/** `source` names this process in the messages it writes. */
export function createMemoryBus(source: string, options: MemoryBusOptions = {}): MemoryBus {
  const topics = new Map<string, Topic>();
  const groups = new Map<string, Group>();
  const current = new AsyncLocalStorage<Lane>();
  const keep = options.keep ?? 100_000;
  let closed = false;

  const topicOf = (name: string): Topic => {
    if (closed)
      throw new KeelError('UNAVAILABLE', 'the bus is closed: nothing was published or subscribed');
    const topic = topics.get(name);
    if (topic !== undefined) return topic;
    throw new KeelError(
      'NOT_FOUND',
      `the topic "${name}" was never created; call ensureTopics(["${name}"]) first`,
    );
  };

  const join = (group: Group, name: string): void => {
    const topic = topics.get(name);
    if (topic === undefined || group.lanes.has(name)) return;
    const lane = new Lane(topic, group.members, {
      current,
      backoff: options.backoff ?? { minMs: 100, maxMs: 10_000 },
      logger: options.logger,
      onDeadLetter: (letter) => {
        append(deadLetterTopic(letter.data.group), [encodeMessage(DEAD_LETTER, source, letter)]);
      },
    });
    group.lanes.set(name, lane);
    lane.wake();
  };

  const ensureTopics = (names: readonly string[]): void => {
    for (const name of names) {
      if (topics.has(name)) continue;
      topics.set(name, { name, base: 0, log: [] });
      for (const group of groups.values()) {
        if ([...group.members].some((member) => member.reads(name))) join(group, name);
      }
    }
  };

  /** Returns the lanes that read the topic, awake, and the offset after the last message. */
  const append = (
    name: string,
    texts: readonly string[],
  ): { readonly lanes: readonly Lane[]; readonly end: number } => {
    const topic = topics.get(name);
    if (topic === undefined) return { lanes: [], end: 0 };
    topic.log.push(...texts);
    if (topic.log.length > keep) topic.base += topic.log.splice(0, topic.log.length - keep).length;
    const lanes = [...groups.values()].flatMap((group) => group.lanes.get(name) ?? []);
    for (const lane of lanes) lane.wake();
    return { lanes, end: topic.base + topic.log.length };
  };

  const write = async (name: string, texts: readonly string[]): Promise<void> => {
    topicOf(name);
    const { lanes, end } = append(name, texts);
    const from = current.getStore();
    const waits: Promise<void>[] = [];
    for (const lane of lanes) {
      if (from?.busy !== true) waits.push(lane.handledTo(end));
      else if (!lane.leadsTo(from)) waits.push(from.waitFor(lane, end));
    }
    await Promise.all(waits);
  };

  const subscribe = <S extends z.ZodType>(subscription: SubscribeOptions<S>): Subscription => {
    const wanted = subscription.topics;
    if (!(wanted instanceof RegExp)) for (const name of wanted) topicOf(name);
    ensureTopics([deadLetterTopic(subscription.group)]);
    const group: Group = groups.get(subscription.group) ?? { members: new Set(), lanes: new Map() };
    groups.set(subscription.group, group);
    const member: Member = {
      group: subscription.group,
      deliver: (raw) => deliver(subscription, raw, options.logger),
      reads: (name) => (wanted instanceof RegExp ? wanted.test(name) : wanted.includes(name)),
    };
    group.members.add(member);
    for (const name of topics.keys()) if (member.reads(name)) join(group, name);
    for (const lane of group.lanes.values()) lane.wake();
    return {
      async close() {
        group.members.delete(member);
        for (const lane of group.lanes.values()) await lane.left(member);
      },
    };
  };

  return {
    ensureTopics(names) {
      ensureTopics(names);
      return Promise.resolve();
    },

    async publish(name, kind, messages) {
      topicOf(name);
      const texts = messages.map((message) => encodeMessage(kind, source, message));
      if (texts.length === 0) return;
      await write(name, texts);
      published.inc({ type: kind.type }, texts.length);
    },

    publishRaw: (name, text) => write(name, [text]),

    subscribe: (subscription) =>
      new Promise((resolve) => {
        resolve(subscribe(subscription));
      }),

    lag(name) {
      let lag = 0;
      for (const lane of groups.get(name)?.lanes.values() ?? []) lag += lane.lag();
      return Promise.resolve(lag);
    },

    async close() {
      if (closed) return;
      closed = true;
      const lanes = [...groups.values()].flatMap((group) => [...group.lanes.values()]);
      await Promise.all(lanes.map((lane) => lane.close()));
    },
  };
}
