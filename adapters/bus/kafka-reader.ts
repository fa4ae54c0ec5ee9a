/**
 * The reading half of the Kafka bus: one member of a consumer group.
 *
 * - A partition's messages are handled one after another; partitions side by side. kafkajs fetches again
 *   only when every partition of the last fetch has drained, so what a slow handler does not take stays at
 *   the broker. A partition gives way after a second, so that a long backlog does not starve the others.
 * - Heartbeats go on while a handler works, so a slow one is not taken for a dead one.
 * - A throwing handler pauses its partition for the back-off and is given the same message again, for ever:
 *   order is kept, the other partitions and the membership go on.
 * - Offsets are committed after handling: when a batch ends, and at least every half second within it.
 */
import type { Consumer, EachBatchPayload, Kafka } from 'kafkajs';
import type { Logger } from '../../observability/logger.ts';
import { backOffMs, type BackOff } from '../back-off.ts';
import type { Subscription } from '../event-bus.ts';
import { lagGauge, type DeadLetter, type Outcome, type RawMessage } from './delivery.ts';

export interface ReaderOptions {
  readonly kafka: Kafka;
  /** As the broker knows it. */
  readonly groupId: string;
  /** In metrics and logs. */
  readonly group: string;
  /** What it wants to read now; a longer list than last time makes the reader subscribe again. */
  readonly resolveTopics: () => Promise<readonly string[]>;
  /** How often to ask again; absent: never. */
  readonly refreshMs?: number;
  readonly sessionTimeoutMs: number;
  readonly partitionsAtOnce: number;
  readonly backoff: BackOff;
  readonly deliver: (raw: RawMessage) => Promise<Outcome>;
  readonly writeDeadLetter: (letter: DeadLetter) => Promise<void>;
  readonly onFatal: (error: Error) => void;
  readonly logger: Logger | undefined;
}

/** Longest time a partition keeps others waiting, and longest time between commits. */
const TURN_MS = 1_000;
const COMMIT_MS = 500;

export class KafkaReader implements Subscription {
  private readonly options: ReaderOptions;
  private readonly consumer: Consumer;
  private topics: readonly string[] = [];
  private refreshTimer: NodeJS.Timeout | undefined;
  private changing: Promise<void> = Promise.resolve();
  private closed = false;
  /** Partition → how often the message at its head was tried. */
  private readonly attempts = new Map<string, number>();
  private readonly resumeTimers = new Set<NodeJS.Timeout>();

  constructor(options: ReaderOptions) {
    this.options = options;
    this.consumer = options.kafka.consumer({
      groupId: options.groupId,
      sessionTimeout: options.sessionTimeoutMs,
      rebalanceTimeout: options.sessionTimeoutMs,
      heartbeatInterval: this.heartbeatMs(),
      // Above the rebalance time-out it would get the member evicted over and over.
      maxWaitTimeInMs: 300,
      allowAutoTopicCreation: false,
    });
    this.consumer.on(this.consumer.events.CRASH, ({ payload }) => {
      if (payload.restart) {
        options.logger?.warn({ err: payload.error, group: options.group }, 'bus_consumer_restarts');
      } else if (!this.closed) options.onFatal(payload.error);
    });
  }

  /** The topics it reads now. */
  reading(): readonly string[] {
    return this.topics;
  }

  async start(): Promise<void> {
    await this.consumer.connect();
    await this.refresh();
    const { refreshMs } = this.options;
    if (refreshMs === undefined) return;
    this.refreshTimer = setInterval(() => {
      this.changing = this.changing
        .then(() => this.refresh())
        .catch((error: unknown) => {
          this.options.logger?.warn(
            { err: error, group: this.options.group },
            'bus_refresh_failed',
          );
        });
    }, refreshMs);
  }

  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    clearInterval(this.refreshTimer);
    await this.changing;
    for (const timer of this.resumeTimers) clearTimeout(timer);
    await this.consumer.disconnect();
  }

  private async refresh(): Promise<void> {
    if (this.closed) return;
    const topics = await this.options.resolveTopics();
    const fresh = topics.filter((topic) => !this.topics.includes(topic));
    if (fresh.length === 0) return;
    // kafkajs takes new topics only while it does not run.
    if (this.topics.length > 0) await this.consumer.stop();
    await this.consumer.subscribe({ topics: fresh, fromBeginning: true });
    await this.consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      partitionsConsumedConcurrently: this.options.partitionsAtOnce,
      eachBatch: (payload) => this.handleBatch(payload),
    });
    // Only now: where the broker died in between, the next refresh does it all again.
    this.topics = [...this.topics, ...fresh];
  }

  private heartbeatMs(): number {
    return Math.max(100, Math.floor(this.options.sessionTimeoutMs / 6));
  }

  private async handleBatch(payload: EachBatchPayload): Promise<void> {
    const { batch } = payload;
    const { topic, partition } = batch;
    const startedAt = Date.now();
    let committedAt = startedAt;
    let handledTo: string | undefined;
    const commit = async (): Promise<void> => {
      if (handledTo === undefined) return;
      const offset = handledTo;
      handledTo = undefined;
      committedAt = Date.now();
      await payload.commitOffsetsIfNecessary({
        topics: [{ topic, partitions: [{ partition, offset }] }],
      });
    };
    try {
      for (const message of batch.messages) {
        if (!payload.isRunning() || payload.isStale()) break;
        const raw: RawMessage = {
          topic,
          position: `${String(partition)}/${message.offset}`,
          text: message.value === null ? null : message.value.toString('utf8'),
        };
        if (!(await this.beating(payload, () => this.handleOne(raw)))) {
          this.retryLater(payload);
          break;
        }
        this.attempts.delete(`${topic}/${String(partition)}`);
        payload.resolveOffset(message.offset);
        handledTo = String(BigInt(message.offset) + 1n);
        lagGauge.set(
          { group: this.options.group, topic, partition: String(partition) },
          Number(BigInt(batch.highWatermark) - BigInt(handledTo)),
        );
        if (Date.now() - committedAt >= COMMIT_MS) await commit();
        await payload.heartbeat();
        if (Date.now() - startedAt >= TURN_MS) break;
      }
    } finally {
      await commit();
    }
  }

  /** False: to be tried again. */
  private async handleOne(raw: RawMessage): Promise<boolean> {
    const outcome = await this.options.deliver(raw);
    if (outcome.kind !== 'poison') return outcome.kind === 'handled';
    try {
      await this.options.writeDeadLetter(outcome.letter);
      return true;
    } catch (error) {
      this.options.logger?.error({ err: error, topic: raw.topic }, 'bus_dead_letter_failed');
      return false;
    }
  }

  private retryLater(payload: EachBatchPayload): void {
    const { batch } = payload;
    const place = `${batch.topic}/${String(batch.partition)}`;
    const attempt = this.attempts.get(place) ?? 0;
    this.attempts.set(place, attempt + 1);
    const resume = payload.pause();
    const timer = setTimeout(
      () => {
        this.resumeTimers.delete(timer);
        if (!this.closed) resume();
      },
      backOffMs(attempt, this.options.backoff),
    );
    this.resumeTimers.add(timer);
  }

  /** Runs `work` with heartbeats beside it. A failed heartbeat shows itself at the next one outside. */
  private async beating<T>(payload: EachBatchPayload, work: () => Promise<T>): Promise<T> {
    const timer = setInterval(() => {
      payload.heartbeat().catch((error: unknown) => {
        this.options.logger?.debug(
          { err: error, group: this.options.group },
          'bus_heartbeat_failed',
        );
      });
    }, this.heartbeatMs());
    try {
      return await work();
    } finally {
      clearInterval(timer);
    }
  }
}
