/**
 * The bus on Kafka. At-least-once: idempotent producer, acknowledgement by all in-sync replicas, offsets
 * committed after handling. See kafka-reader.ts for how a group reads and kafka-writer.ts for how we write.
 */
import { Kafka, logLevel, type Admin, type KafkaJSProtocolError } from 'kafkajs';
import type { z } from 'zod';
import { KeelError } from '../../core/errors.ts';
import type { Logger } from '../../observability/logger.ts';
import { pause, type BackOff } from '../back-off.ts';
import type { EventBus, SubscribeOptions, Subscription } from '../event-bus.ts';
import { deliver, published, type DeadLetter } from './delivery.ts';
import { deadLetterTopic, encodeMessage, groupName } from './envelope.ts';
import { KafkaReader } from './kafka-reader.ts';
import { KafkaWriter } from './kafka-writer.ts';
import { DEAD_LETTER } from './messages.ts';

export interface KafkaBusOptions {
  /** host:port each. */
  readonly brokers: readonly string[];
  /** Names this process in the messages it writes and at the broker. */
  readonly source: string;
  readonly logger?: Logger;
  /** Of topics that `ensureTopics` creates. Messages of one key share a partition. Default 3. */
  readonly partitions?: number;
  /** A member that is silent for this long is dead. At least the broker's minimum (6000 unless set). Default 6000. */
  readonly sessionTimeoutMs?: number;
  /** How often pattern subscriptions look for new topics. Default 3000. */
  readonly topicRefreshMs?: number;
  /** Between the tries of a throwing handler. Default 200 ms to 30 s. */
  readonly backoff?: BackOff;
  /** Partitions a subscription handles side by side. Default 8. */
  readonly partitionsAtOnce?: number;
  /** Of a request that failed for a passing reason. Default kafkajs's 5, about 10 s in all. */
  readonly retries?: number;
  /** A consumer that cannot go on by itself. Default: logs and ends the process, so that it is restarted. */
  readonly onFatal?: (error: Error) => void;
}

const LEADER_TIMEOUT_MS = 30_000;
const LEADER_POLL_MS = 100;
const NOT_LED_YET = new Set(['UNKNOWN_TOPIC_OR_PARTITION', 'LEADER_NOT_AVAILABLE']);

/** Connects at first use. */
export function createKafkaBus(options: KafkaBusOptions): EventBus {
  return new KafkaBus(options);
}

class KafkaBus implements EventBus {
  private readonly options: KafkaBusOptions;
  private readonly kafka: Kafka;
  private readonly writer: KafkaWriter;
  private admin: Promise<Admin> | undefined;
  private known = new Set<string>();
  private readonly readers = new Map<KafkaReader, string>();
  private closed = false;

  constructor(options: KafkaBusOptions) {
    this.options = options;
    const { logger } = options;
    this.kafka = new Kafka({
      clientId: options.source,
      brokers: [...options.brokers],
      ...(options.retries === undefined ? {} : { retry: { retries: options.retries } }),
      logLevel: logger === undefined ? logLevel.NOTHING : logLevel.WARN,
      logCreator: () => (entry) => {
        const { message, ...rest } = entry.log;
        logger?.debug({ kafkajs: entry.namespace, ...rest }, message);
      },
    });
    this.writer = new KafkaWriter(this.kafka, logger);
  }

  async ensureTopics(topics: readonly string[]): Promise<void> {
    const wanted = topics.filter((topic) => !this.known.has(topic));
    if (wanted.length === 0) return;
    const present = new Set(await this.listTopics());
    const missing = [...new Set(wanted)].filter((topic) => !present.has(topic));
    if (missing.length > 0) {
      const { partitions = 3 } = this.options;
      await this.ask((admin) =>
        admin.createTopics({
          waitForLeaders: false,
          topics: missing.map((topic) => ({
            topic,
            numPartitions: partitions,
          })),
        }),
      );
      await this.untilLed(missing);
    }
    for (const topic of topics) this.known.add(topic);
  }

  /**
   * A new topic can be used once every partition has a leader that all brokers know of. kafkajs's own wait
   * takes a KRaft broker's first "no such topic" for an error.
   */
  private async untilLed(topics: readonly string[]): Promise<void> {
    const deadline = Date.now() + LEADER_TIMEOUT_MS;
    for (;;) {
      try {
        await this.ask((admin) => admin.fetchTopicMetadata({ topics: [...topics] }));
        return;
      } catch (error) {
        // kafkajs is CommonJS: Node finds no error class among its exports to test against.
        const { type } = (error as { cause?: Partial<KafkaJSProtocolError> }).cause ?? {};
        if (type === undefined || !NOT_LED_YET.has(type) || Date.now() > deadline) throw error;
        await pause(LEADER_POLL_MS);
      }
    }
  }

  publish: EventBus['publish'] = async (topic, kind, messages) => {
    const wire = messages.map((message) => ({
      topic,
      key: message.key,
      value: encodeMessage(kind, this.options.source, message),
    }));
    await this.requireTopics([topic]);
    await this.writer.write(wire);
    published.inc({ type: kind.type }, wire.length);
  };

  async subscribe<S extends z.ZodType>(subscription: SubscribeOptions<S>): Promise<Subscription> {
    const { group, topics } = subscription;
    if (!(topics instanceof RegExp)) await this.requireTopics(topics);
    await this.ensureTopics([deadLetterTopic(group)]);
    const { logger } = this.options;
    const reader = new KafkaReader({
      kafka: this.kafka,
      groupId: groupName(group),
      group,
      resolveTopics:
        topics instanceof RegExp
          ? async () => (await this.listTopics()).filter((topic) => topics.test(topic))
          : () => Promise.resolve(topics),
      ...(topics instanceof RegExp ? { refreshMs: this.options.topicRefreshMs ?? 3_000 } : {}),
      sessionTimeoutMs: this.options.sessionTimeoutMs ?? 6_000,
      partitionsAtOnce: this.options.partitionsAtOnce ?? 8,
      backoff: this.options.backoff ?? { minMs: 200, maxMs: 30_000 },
      deliver: (raw) => deliver(subscription, raw, logger),
      writeDeadLetter: (letter) => this.writeDeadLetter(letter),
      onFatal: (error) => {
        this.fatal(group, error);
      },
      logger,
    });
    this.readers.set(reader, group);
    try {
      await reader.start();
    } catch (error) {
      this.readers.delete(reader);
      await reader.close();
      throw unavailable(error);
    }
    return {
      close: async () => {
        await reader.close();
        this.readers.delete(reader);
      },
    };
  }

  async lag(group: string): Promise<number> {
    const groupId = groupName(group);
    return this.ask(async (admin) => {
      const committed = new Map<string, string>();
      const topics = new Set<string>();
      for (const [reader, name] of this.readers) {
        if (name === group) for (const topic of reader.reading()) topics.add(topic);
      }
      for (const { topic, partitions } of await admin.fetchOffsets({ groupId })) {
        topics.add(topic);
        for (const { partition, offset } of partitions) {
          if (offset !== '-1') committed.set(`${topic}/${String(partition)}`, offset);
        }
      }
      let lag = 0n;
      for (const topic of topics) {
        for (const { partition, high, low } of await admin.fetchTopicOffsets(topic)) {
          lag += BigInt(high) - BigInt(committed.get(`${topic}/${String(partition)}`) ?? low);
        }
      }
      return Number(lag);
    });
  }

  async close(): Promise<void> {
    if (this.closed) return;
    await Promise.all([...this.readers.keys()].map((reader) => reader.close()));
    await this.writer.close();
    this.closed = true;
    await (await this.admin)?.disconnect();
  }

  private async writeDeadLetter(letter: DeadLetter): Promise<void> {
    const value = encodeMessage(DEAD_LETTER, this.options.source, letter);
    await this.writer.write([
      { topic: deadLetterTopic(letter.data.group), key: letter.key, value },
    ]);
  }

  private async requireTopics(topics: readonly string[]): Promise<void> {
    if (topics.every((topic) => this.known.has(topic))) return;
    this.known = new Set(await this.listTopics());
    const missing = topics.filter((topic) => !this.known.has(topic));
    if (missing.length === 0) return;
    const names = missing.map((topic) => `"${topic}"`).join(', ');
    throw new KeelError(
      'NOT_FOUND',
      `the topic ${names} was never created; call ensureTopics([${names}]) first`,
    );
  }

  private listTopics(): Promise<string[]> {
    return this.ask((admin) => admin.listTopics());
  }

  private async ask<T>(question: (admin: Admin) => Promise<T>): Promise<T> {
    if (this.closed)
      throw new KeelError('UNAVAILABLE', 'the bus is closed: nothing was published or subscribed');
    try {
      this.admin ??= this.connectAdmin();
      return await question(await this.admin);
    } catch (error) {
      throw unavailable(error);
    }
  }

  private async connectAdmin(): Promise<Admin> {
    const admin = this.kafka.admin();
    try {
      await admin.connect();
      return admin;
    } catch (error) {
      this.admin = undefined;
      throw error;
    }
  }

  private fatal(group: string, error: Error): void {
    if (this.options.onFatal !== undefined) {
      this.options.onFatal(error);
      return;
    }
    this.options.logger?.fatal({ err: error, group }, 'bus_consumer_crashed');
    process.exit(1);
  }
}

function unavailable(error: unknown): KeelError {
  if (error instanceof KeelError) return error;
  return new KeelError('UNAVAILABLE', `Kafka did not answer: ${(error as Error).message}`, {
    cause: error,
  });
}
