/**
 * The door to the message bus. At-least-once: a handler may see a message again and must be idempotent.
 * `kafka` and `memory` pass the same suite, `adapters/bus/event-bus.contract.ts`.
 */
import type { z } from 'zod';

export interface BusMessage<T = unknown> {
  /** Unique; stable where the producer can repeat itself (a signal's id, an order's id and version). */
  readonly id: string;
  /** `market.kline`, `signal`, `order` …; with `schemaVersion` it names the schema of `data`. */
  readonly type: string;
  readonly schemaVersion: number;
  /** Market time of what it tells, ms UTC. */
  readonly time: number;
  /** The process that wrote it. */
  readonly source: string;
  /** W3C trace context. */
  readonly trace: { readonly traceparent?: string };
  /** Messages of one key keep their order. */
  readonly key: string;
  readonly data: T;
}

/** One kind of message: its name, its version and its schema. All of them are in `adapters/bus/messages.ts`. */
export interface MessageKind<S extends z.ZodType = z.ZodType> {
  readonly type: string;
  readonly schemaVersion: number;
  readonly schema: S;
}

export interface Delivery<T> {
  readonly topic: string;
  readonly message: BusMessage<T>;
}

export interface SubscribeOptions<S extends z.ZodType> {
  /** Consumer group. Members of a group share its messages; they must subscribe alike. */
  readonly group: string;
  /** Exact names, or a pattern for those that want all signals or all orders (new topics join by themselves). */
  readonly topics: readonly string[] | RegExp;
  /**
   * What this subscriber understands. A message that is no JSON, of another type or version, or that breaks
   * the schema goes to `system.dead-letter.<group>` with the reason, and the group goes on.
   */
  readonly kind: MessageKind<S>;
  /**
   * Called one message at a time per key. The offset is committed after it resolves. A throw redelivers the
   * message after a back-off, for ever; throw `PoisonMessageError` to set it aside instead.
   */
  handle(delivery: Delivery<z.infer<S>>): Promise<void>;
}

export interface Subscription {
  /** Resolves when the message in hand is done and its offset committed. */
  close(): Promise<void>;
}

/** Thrown by a handler for a message that no retry can help. */
export class PoisonMessageError extends Error {
  override readonly name = 'PoisonMessageError';
}

export interface EventBus {
  /** Creates what is missing. Publishing to, or reading from, a topic that was never created is an error. */
  ensureTopics(topics: readonly string[]): Promise<void>;
  /**
   * Resolves when the messages are safe: acknowledged by the broker, or (memory) handled by every
   * subscriber. Rejects with KeelError INVALID_INPUT when `data` breaks the kind's schema: nothing is written then.
   */
  publish<S extends z.ZodType>(
    topic: string,
    kind: MessageKind<S>,
    messages: readonly NewMessage<z.infer<S>>[],
  ): Promise<void>;
  /** Reads a new group from the beginning of its topics. */
  subscribe<S extends z.ZodType>(options: SubscribeOptions<S>): Promise<Subscription>;
  /** Messages a group has not yet handled, over all its topics. */
  lag(group: string): Promise<number>;
  /** Closes all subscriptions and the producer; loses nothing that was acknowledged. */
  close(): Promise<void>;
}

export interface NewMessage<T> {
  readonly id: string;
  readonly key: string;
  readonly time: number;
  readonly data: T;
  readonly traceparent?: string;
}
