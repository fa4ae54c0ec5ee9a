import { describe, expect, it } from '@jest/globals';
import type { z } from 'zod';
import { KeelError } from '../../core/errors.ts';
import type { Kline } from '../../core/kline.ts';
import { createLogger } from '../../observability/logger.ts';
import { createKline, createMarketData, T0 } from '../../test/factories/market.ts';
import { pause } from '../back-off.ts';
import { createMemoryBus } from '../bus/memory.ts';
import { MARKET, QUARANTINE, type MarketMessage } from '../bus/messages.ts';
import type {
  DataSource,
  DataSourceEvents,
  DataSubscription,
  SourceEvent,
} from '../data-source.ts';
import type { EventBus } from '../event-bus.ts';
import { createPipeline, type Pipeline, type PipelineOptions } from './pipeline.ts';

const MINUTE = 60_000;
const bar = (minute: number, overrides: Partial<Kline> = {}): SourceEvent => ({
  kind: 'kline',
  kline: createKline({ openAt: T0 + minute * MINUTE, ...overrides }),
});

class FakeSource implements DataSource {
  readonly exchange = 'binance';
  subscriptions: readonly DataSubscription[] = [];
  disconnected = false;
  private events: DataSourceEvents | undefined;

  connect(events: DataSourceEvents): Promise<void> {
    this.events = events;
    events.onState('connected', 'fake');
    return Promise.resolve();
  }
  subscribe(subscriptions: readonly DataSubscription[]): Promise<void> {
    this.subscriptions = subscriptions;
    return Promise.resolve();
  }
  disconnect(): Promise<void> {
    this.disconnected = true;
    return Promise.resolve();
  }
  async give(...events: readonly SourceEvent[]): Promise<void> {
    for (const event of events) await this.events?.onEvent(event);
  }
}

class FakeKlines {
  readonly stored: Kline[] = [];
  failures = 0;
  constructor(...stored: Kline[]) {
    this.stored.push(...stored);
  }
  upsert(klines: readonly Kline[]): Promise<void> {
    if (this.failures > 0) {
      this.failures -= 1;
      return Promise.reject(new KeelError('UNAVAILABLE', 'no database'));
    }
    this.stored.push(...klines);
    return Promise.resolve();
  }
  newest(): Promise<Kline | null> {
    return Promise.resolve(this.stored.at(-1) ?? null);
  }
}

interface World {
  readonly source: FakeSource;
  readonly klines: FakeKlines;
  readonly bus: EventBus;
  readonly pipeline: Pipeline;
  readonly market: MarketMessage[];
  readonly quarantine: z.infer<typeof QUARANTINE.schema>[];
}

async function start(
  klines = new FakeKlines(),
  options: Partial<PipelineOptions> = {},
): Promise<World> {
  const source = new FakeSource();
  const bus = createMemoryBus('test');
  const pipeline = createPipeline({
    source,
    bus,
    klines,
    subscriptions: [{ symbol: 'BTC/USDT', intervals: ['1m'], ticks: true }],
    logger: createLogger('test', 'silent'),
    producerOptions: { backoff: { minMs: 1, maxMs: 5 } },
    ...options,
  });
  await bus.ensureTopics(['market.binance.BTC-USDT', 'system.quarantine.binance']);
  await pipeline.start();
  const market: MarketMessage[] = [];
  const quarantine: z.infer<typeof QUARANTINE.schema>[] = [];
  await bus.subscribe({
    ...{ group: 'm', topics: ['market.binance.BTC-USDT'], kind: MARKET },
    handle: ({ message }) => {
      market.push(message.data);
      return Promise.resolve();
    },
  });
  await bus.subscribe({
    ...{ group: 'q', topics: ['system.quarantine.binance'], kind: QUARANTINE },
    handle: ({ message }) => {
      quarantine.push(message.data);
      return Promise.resolve();
    },
  });
  return { source, klines, bus, pipeline, market, quarantine };
}

describe('pipeline', () => {
  it('publishes bars and ticks in order, and stores the bars', async () => {
    const { source, klines, pipeline, market } = await start();
    const tick = createMarketData({ timestamp: T0 + MINUTE });
    await source.give(bar(0), { kind: 'tick', tick }, bar(1));
    await pipeline.stop();
    expect(market.map(({ kind }) => kind)).toEqual(['kline', 'tick', 'kline']);
    expect(klines.stored.map(({ openAt }) => openAt)).toEqual([T0, T0 + MINUTE]);
    expect(source.disconnected).toBe(true);
  });

  it('resumes after the newest stored bar, and sees a repeat of it', async () => {
    const stored = createKline({ openAt: T0 });
    const { source, pipeline, market, quarantine } = await start(new FakeKlines(stored));
    expect(source.subscriptions).toEqual([
      { symbol: 'BTC/USDT', intervals: [], ticks: true },
      { symbol: 'BTC/USDT', intervals: ['1m'], ticks: false, since: stored.closeAt },
    ]);
    await source.give(bar(0), bar(1));
    await pipeline.stop();
    expect(market).toHaveLength(1);
    expect(quarantine.map(({ rule }) => rule)).toEqual(['duplicate']);
  });

  it('sets aside what is unfit, with rule, reason and the raw text, and goes on', async () => {
    const { source, klines, pipeline, market, quarantine } = await start();
    const crossed = createMarketData({ bid: '3', ask: '2' });
    await source.give(
      { kind: 'malformed', raw: '{"e":"kline",', reason: 'not JSON' },
      { kind: 'malformed', raw: `<html>${'x'.repeat(50_000)}`, reason: 'an HTML page, not JSON' },
      { kind: 'tick', tick: crossed },
      bar(0),
      bar(0),
      bar(1, { high: '1' }),
      bar(3),
    );
    await pipeline.stop();
    expect(quarantine.map(({ rule }) => rule)).toEqual([
      'malformed',
      'malformed',
      'crossed-book',
      'duplicate',
      'ohlc',
    ]);
    expect(quarantine[0]).toEqual({
      exchange: 'binance',
      rule: 'malformed',
      reason: 'not JSON',
      raw: '{"e":"kline",',
    });
    expect(quarantine[1]?.raw).toHaveLength(16_384);
    expect(JSON.parse(quarantine[2]?.raw ?? '')).toEqual({ kind: 'tick', tick: crossed });
    expect(market).toHaveLength(2);
    expect(klines.stored).toHaveLength(2);
  });

  it('stores only what was published, and tries again while the store is away', async () => {
    const klines = new FakeKlines();
    klines.failures = 3;
    const { source, market } = await start(klines);
    await source.give(bar(0));
    while (klines.stored.length === 0) {
      expect(market.length).toBeLessThanOrEqual(1);
      await pause(1);
    }
    expect(market).toHaveLength(1);
    expect(klines.failures).toBe(0);
  });

  it('makes the source wait while the bus is slow', async () => {
    const gate: PromiseWithResolvers<void> = Promise.withResolvers();
    let publishing = 0;
    const bus = {
      ensureTopics: () => Promise.resolve(),
      publish: () => {
        publishing += 1;
        return gate.promise;
      },
    };
    const { source, klines, pipeline } = await start(new FakeKlines(), {
      bus,
      producerOptions: { batchSize: 2 },
    });
    let given = 0;
    const giving = (async () => {
      for (let n = 0; n < 20; n += 1) {
        await source.give(bar(n));
        given += 1;
      }
    })();
    await pause(20);
    expect(publishing).toBe(1);
    // One batch on its way, one full, and no more.
    expect(given).toBeLessThanOrEqual(4);
    gate.resolve();
    await giving;
    await pipeline.stop();
    expect(klines.stored).toHaveLength(20);
  });

  it('stops even when the bus never answers', async () => {
    const bus = {
      ensureTopics: () => Promise.resolve(),
      publish: () => new Promise<never>(() => undefined),
    };
    const { source, klines, pipeline } = await start(new FakeKlines(), {
      bus,
      producerOptions: { batchSize: 1, graceMs: 20 },
    });
    const giving = source.give(bar(0), bar(1), bar(2), bar(3));
    await pause(5);
    await pipeline.stop();
    await giving;
    expect(klines.stored).toHaveLength(0);
  });

  it('stops even when the bus is dead; the next start back-fills what was not stored', async () => {
    const bus = {
      ensureTopics: () => Promise.resolve(),
      publish: () => Promise.reject(new KeelError('UNAVAILABLE', 'no broker')),
    };
    const { source, klines, pipeline } = await start(new FakeKlines(), { bus });
    await source.give(bar(0));
    await pipeline.stop();
    expect(klines.stored).toHaveLength(0);
  });
});
