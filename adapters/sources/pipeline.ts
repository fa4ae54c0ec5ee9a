/**
 * A source's way to the bus: DataSource → validator → producer.
 *
 *     const pipeline = createPipeline({ source, bus, klines, subscriptions, logger });
 *     await pipeline.start();
 *     …
 *     await pipeline.stop();
 */
import { pause } from '../back-off.ts';
import { marketTopic, systemTopic } from '../bus/topics.ts';
import type { DataSource, DataSubscription, SourceEvent } from '../data-source.ts';
import type { EventBus } from '../event-bus.ts';
import type { KlineRepository } from '../repositories.ts';
import type { Logger } from '../../observability/logger.ts';
import { counter, gauge } from '../../observability/metrics.ts';
import { createProducer, STOP_GRACE_MS, type ProducerOptions } from './producer.ts';
import { createValidator, type Verdict } from './validator.ts';

const gaps = counter('keel_market_gaps_total', 'Bars that came after missing ones', ['exchange']);
const connected = gauge('keel_source_connected', '1 while the source is connected', ['exchange']);

export interface PipelineOptions {
  readonly source: DataSource;
  readonly bus: Pick<EventBus, 'publish' | 'ensureTopics'>;
  readonly klines: Pick<KlineRepository, 'upsert' | 'newest'>;
  /** `since` comes from the newest stored bar; one given here counts only where none is stored. */
  readonly subscriptions: readonly DataSubscription[];
  readonly logger: Logger;
  readonly producerOptions?: Pick<ProducerOptions, 'batchSize' | 'backoff' | 'graceMs'>;
}

export interface Pipeline {
  /** Resolves when the source is connected and its back-fill is on the way to the bus. */
  start(): Promise<void>;
  /**
   * Resolves when the source is closed and what it gave is published and stored; what a stuck bus does not
   * take within two graces of 5 s is left to the back-fill of the next start.
   */
  stop(): Promise<void>;
}

export function createPipeline(options: PipelineOptions): Pipeline {
  const { source, bus, klines, logger, subscriptions } = options;
  const { exchange } = source;
  const validator = createValidator({ exchange });
  const producer = createProducer({ ...options.producerOptions, exchange, bus, klines, logger });

  const onEvent = async (event: SourceEvent): Promise<void> => {
    const verdict = judge(event);
    if (!verdict.ok) {
      const raw = event.kind === 'malformed' ? event.raw : JSON.stringify(event);
      const { rule, reason } = verdict;
      await producer.add({ kind: 'quarantine', rule, reason, raw, time: validator.marketTime() });
      return;
    }
    if (verdict.gap !== undefined) {
      gaps.inc({ exchange });
      logger.warn({ exchange, gap: verdict.gap }, 'market_data_gap');
    }
    if (event.kind !== 'malformed') await producer.add(event);
  };

  const judge = (event: SourceEvent): Verdict => {
    switch (event.kind) {
      case 'kline':
        return validator.kline(event.kline);
      case 'tick':
        return validator.tick(event.tick);
      case 'malformed':
        return { ok: false, rule: 'malformed', reason: event.reason };
    }
  };

  /** One a feed, since each starts from its own newest stored bar. */
  const resume = async ({
    symbol,
    intervals,
    ticks,
    since,
  }: DataSubscription): Promise<DataSubscription[]> => {
    const resumed: DataSubscription[] = ticks ? [{ symbol, intervals: [], ticks }] : [];
    for (const interval of intervals) {
      const newest = await klines.newest(exchange, symbol, interval);
      if (newest !== null) validator.seed(newest);
      const from = newest?.closeAt ?? since;
      resumed.push({
        ...{ symbol, intervals: [interval], ticks: false },
        ...(from === undefined ? {} : { since: from }),
      });
    }
    return resumed;
  };

  return {
    async start() {
      await bus.ensureTopics([
        ...subscriptions.map(({ symbol }) => marketTopic(exchange, symbol)),
        systemTopic('quarantine', exchange),
      ]);
      const resumed = (await Promise.all(subscriptions.map(resume))).flat();
      await source.connect({
        onEvent,
        onState(state, detail) {
          connected.set({ exchange }, state === 'connected' ? 1 : 0);
          logger.info({ exchange, state, detail }, 'source_state');
        },
      });
      await source.subscribe(resumed);
    },
    async stop() {
      const disconnected = source.disconnect();
      // A source that stands before a stuck bus gets away only once the producer has given up.
      const done = new AbortController();
      const graceMs = options.producerOptions?.graceMs ?? STOP_GRACE_MS;
      await Promise.race([disconnected, pause(graceMs, done.signal)]);
      done.abort();
      await producer.close();
      await disconnected;
    },
  };
}
