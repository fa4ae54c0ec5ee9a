/**
 * The writing half of the Kafka bus: one idempotent producer, one request in flight. What is published
 * meanwhile goes out together in the next request, in the order of the calls.
 */
import { CompressionTypes, type Kafka, type Producer } from 'kafkajs';
import { KeelError } from '../../core/errors.ts';
import type { Logger } from '../../observability/logger.ts';

export interface WireMessage {
  readonly topic: string;
  readonly key: string;
  readonly value: string;
}

interface Pending {
  readonly messages: readonly WireMessage[];
  readonly bytes: number;
  readonly done: PromiseWithResolvers<void>;
}

/** Of one request; a single larger message goes alone and the broker judges it. */
const REQUEST_BYTES = 512 * 1024;

export class KafkaWriter {
  private readonly kafka: Kafka;
  private readonly logger: Logger | undefined;
  private producer: Producer | undefined;
  private pending: Pending[] = [];
  private flushing: Promise<void> | undefined;
  private closed = false;

  constructor(kafka: Kafka, logger: Logger | undefined) {
    this.kafka = kafka;
    this.logger = logger;
  }

  /** Resolves when all in-sync replicas have the messages. Throws UNAVAILABLE: they may or may not be there. */
  async write(messages: readonly WireMessage[]): Promise<void> {
    if (this.closed) throw new KeelError('UNAVAILABLE', 'the bus is closed: nothing was published');
    if (messages.length === 0) return;
    const bytes = messages.reduce((sum, { value }) => sum + Buffer.byteLength(value), 0);
    const done: PromiseWithResolvers<void> = Promise.withResolvers();
    this.pending.push({ messages, bytes, done });
    this.flushing ??= this.flush();
    return done.promise;
  }

  /** What was handed in before is still sent. */
  async close(): Promise<void> {
    this.closed = true;
    await this.flushing;
    await this.producer?.disconnect();
  }

  private async flush(): Promise<void> {
    // Let the callers of this very moment come along.
    await Promise.resolve();
    while (this.pending.length > 0) {
      const batch = this.takeBatch();
      try {
        const producer = await this.connect();
        await producer.sendBatch({
          acks: -1,
          compression: CompressionTypes.None,
          topicMessages: byTopic(batch.flatMap(({ messages }) => messages)),
        });
        for (const { done } of batch) done.resolve();
      } catch (error) {
        // Its sequence numbers may be out of step with the broker's now: start a new one.
        const broken = this.producer;
        this.producer = undefined;
        const reason = new KeelError(
          'UNAVAILABLE',
          `Kafka did not take ${String(batch.length)} publication(s), which may or may not be written: ${(error as Error).message}`,
          { cause: error },
        );
        for (const { done } of batch) done.reject(reason);
        broken?.disconnect().catch((cause: unknown) => {
          this.logger?.debug({ err: cause }, 'bus_producer_disconnect_failed');
        });
      }
    }
    this.flushing = undefined;
  }

  private takeBatch(): Pending[] {
    let bytes = 0;
    let count = 0;
    for (const entry of this.pending) {
      bytes += entry.bytes;
      if (count > 0 && bytes > REQUEST_BYTES) break;
      count += 1;
    }
    return this.pending.splice(0, count);
  }

  private async connect(): Promise<Producer> {
    if (this.producer !== undefined) return this.producer;
    const producer = this.kafka.producer({
      idempotent: true,
      maxInFlightRequests: 1,
      allowAutoTopicCreation: false,
    });
    await producer.connect();
    this.producer = producer;
    return producer;
  }
}

function byTopic(
  messages: readonly WireMessage[],
): { topic: string; messages: { key: string; value: string }[] }[] {
  const topics = new Map<string, { key: string; value: string }[]>();
  for (const { topic, key, value } of messages) {
    const list = topics.get(topic) ?? [];
    list.push({ key, value });
    topics.set(topic, list);
  }
  return [...topics].map(([topic, list]) => ({ topic, messages: list }));
}
