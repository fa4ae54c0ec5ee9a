/**
 * Publishes what the validator passed, then stores the bars: in this order, so that a bar in the store was
 * certainly on the bus, and a restart, which back-fills from the newest stored bar, repeats what was not.
 *
 * While one batch is on its way the next one gathers; when that one is full, `add` waits (back-pressure).
 * A bus or a store that does not answer is tried again with back-off until it does, nothing is dropped.
 */
import { randomUUID } from 'node:crypto';
import type { Kline } from '../../core/kline.ts';
import type { MarketData } from '../../core/market-data.ts';
import type { Logger } from '../../observability/logger.ts';
import { counter } from '../../observability/metrics.ts';
import { backOffMs, pause, type BackOff } from '../back-off.ts';
import { MARKET, QUARANTINE, type MarketMessage } from '../bus/messages.ts';
import { marketTopic, systemTopic } from '../bus/topics.ts';
import type { EventBus, NewMessage } from '../event-bus.ts';
import type { KlineRepository } from '../repositories.ts';

const publishedTotal = counter('keel_market_published_total', 'Market data put on the bus', [
  'exchange',
  'kind',
]);
const quarantinedTotal = counter('keel_market_quarantined_total', 'Market data set aside', [
  'exchange',
  'rule',
]);

export type ProducerItem =
  | { readonly kind: 'kline'; readonly kline: Kline }
  | { readonly kind: 'tick'; readonly tick: MarketData }
  | {
      readonly kind: 'quarantine';
      readonly rule: string;
      readonly reason: string;
      /** What came, as text; cut at 16 384 characters. */
      readonly raw: string;
      /** Market time, as far as it is known. */
      readonly time: number;
    };

export interface ProducerOptions {
  readonly exchange: string;
  readonly bus: Pick<EventBus, 'publish'>;
  readonly klines: Pick<KlineRepository, 'upsert'>;
  readonly logger: Logger;
  /** Items that may wait while a batch is on its way. Default 500. */
  readonly batchSize?: number;
  /** How long `close` waits for a batch on its way, ms. Default 5000. */
  readonly graceMs?: number;
  /** Default 100 ms to 10 s. */
  readonly backoff?: BackOff;
}

export interface Producer {
  /** Resolves when there is room for the next one; not yet when it is published. */
  add(item: ProducerItem): Promise<void>;
  /**
   * Sends what waits. What bus or store do not take now, at once and within the grace, is left to the
   * back-fill of the next start.
   */
  close(): Promise<void>;
}

const RAW_LIMIT = 16_384;
export const STOP_GRACE_MS = 5_000;

export function createProducer(options: ProducerOptions): Producer {
  const { exchange, bus, klines, logger } = options;
  const batchSize = options.batchSize ?? 500;
  const backoff = options.backoff ?? { minMs: 100, maxMs: 10_000 };
  const closing = new AbortController();
  let waiting: ProducerItem[] = [];
  let sending: Promise<void> | undefined;
  let room: PromiseWithResolvers<void> = Promise.withResolvers();

  /** Until it works. False: closed meanwhile. */
  const persist = async (what: string, work: () => Promise<void>): Promise<boolean> => {
    for (let attempt = 0; ; attempt += 1) {
      try {
        await work();
        return true;
      } catch (error) {
        logger.error({ err: error, exchange, attempt, what }, 'market_data_delayed');
        if (!(await pause(backOffMs(attempt, backoff), closing.signal))) return false;
      }
    }
  };

  const send = async (batch: readonly ProducerItem[]): Promise<boolean> => {
    const market = new Map<string, NewMessage<MarketMessage>[]>();
    for (const item of batch) {
      if (item.kind === 'quarantine') continue;
      const symbol = item.kind === 'kline' ? item.kline.symbol : item.tick.symbol;
      const topic = marketTopic(exchange, symbol);
      market.set(topic, [...(market.get(topic) ?? []), marketMessage(item)]);
    }
    for (const [topic, messages] of market) {
      if (!(await persist('publish', () => bus.publish(topic, MARKET, messages)))) return false;
      for (const { data } of messages) publishedTotal.inc({ exchange, kind: data.kind });
    }
    const bars = batch.flatMap((item) => (item.kind === 'kline' ? [item.kline] : []));
    if (bars.length > 0 && !(await persist('store', () => klines.upsert(bars)))) return false;
    const refused = batch.filter((item) => item.kind === 'quarantine');
    if (refused.length === 0) return true;
    const messages = refused.map(({ rule, reason, raw, time }) => ({
      id: randomUUID(),
      key: exchange,
      time,
      data: { exchange, rule, reason, raw: raw.slice(0, RAW_LIMIT) },
    }));
    const topic = systemTopic('quarantine', exchange);
    return persist('quarantine', () => bus.publish(topic, QUARANTINE, messages));
  };

  const sendAll = async (): Promise<void> => {
    // Never done before `sending` is set, even with nothing to wait for.
    await Promise.resolve();
    while (waiting.length > 0) {
      const batch = waiting;
      waiting = [];
      room.resolve();
      room = Promise.withResolvers();
      if (!(await send(batch))) {
        logger.error(
          { exchange, items: batch.length + waiting.length },
          'market_data_left_to_backfill',
        );
        break;
      }
    }
    sending = undefined;
  };

  return {
    async add(item) {
      while (waiting.length >= batchSize && !closing.signal.aborted) await room.promise;
      if (item.kind === 'quarantine') {
        const { rule, reason } = item;
        quarantinedTotal.inc({ exchange, rule });
        logger.warn({ exchange, rule, reason }, 'market_data_quarantined');
      }
      waiting.push(item);
      sending ??= sendAll();
    },
    async close() {
      closing.abort();
      room.resolve();
      const done = new AbortController();
      await Promise.race([sending, pause(options.graceMs ?? STOP_GRACE_MS, done.signal)]);
      done.abort();
    },
  };
}

function marketMessage(
  item: Exclude<ProducerItem, { kind: 'quarantine' }>,
): NewMessage<MarketMessage> {
  if (item.kind === 'tick') {
    const { exchange, symbol, timestamp } = item.tick;
    return {
      id: `${exchange}:${symbol}:tick:${String(timestamp)}`,
      key: symbol,
      time: timestamp,
      data: { kind: 'tick', tick: item.tick },
    };
  }
  const { exchange, symbol, interval, openAt, closeAt } = item.kline;
  return {
    id: `${exchange}:${symbol}:${interval}:${String(openAt)}`,
    key: symbol,
    time: closeAt,
    data: { kind: 'kline', kline: item.kline },
  };
}
