/**
 * A strategy instance's surroundings in memory: store, bus and collector, and the mishaps that matter to
 * it. `deliver` is a collector: it publishes a bar, then stores it.
 */
import { readFileSync } from 'node:fs';
import { parse } from 'csv-parse/sync';
import {
  runInstance,
  type InstanceDeps,
  type InstanceTiming,
} from '../../activities/run-strategy.ts';
import { createMemoryBus } from '../../adapters/bus/memory.ts';
import { MARKET, SIGNAL } from '../../adapters/bus/messages.ts';
import { ALL_SIGNALS, marketTopic, signalTopics } from '../../adapters/bus/topics.ts';
import type { EventBus } from '../../adapters/event-bus.ts';
import type {
  Checkpoint,
  NewStrategy,
  StrategyRecord,
  StrategyRepository,
} from '../../adapters/strategy-repository.ts';
import type { AuxRecord, KlineRepository } from '../../adapters/repositories.ts';
import { KeelError } from '../../core/errors.ts';
import type { Kline } from '../../core/kline.ts';
import type { Signal } from '../../core/signal.ts';
import { createLogger } from '../../observability/logger.ts';
import { defaultRegistry, type StrategyRegistry } from '../../strategies/registry.ts';
import { createMemoryAux } from './memory-aux.ts';
import { createInstrument } from './market.ts';

/** A point at which a run may be killed, once. */
export type KillPoint = 'before-commit' | 'before-cancel' | 'before-publish' | 'before-mark';

export interface Attempt {
  /** How it ended: a RunEnd, or the error it threw. */
  readonly ended: Promise<unknown>;
  stop(): Promise<unknown>;
}

const TIMING: InstanceTiming = { sweepMs: 20, gapWaitMs: 60, rotateMs: 60_000 };

export class StrategyWorld {
  readonly registry: StrategyRegistry = defaultRegistry();
  readonly stored: Kline[] = [];
  readonly auxValues: AuxRecord[] = [];
  readonly outbox = new Map<string, { signal: Signal; published: boolean }>();
  /** Every message that reached the signals' topics, in order. */
  readonly published: { readonly messageId: string; readonly signal: Signal }[] = [];
  readonly cancelled: string[] = [];
  readonly bus = createMemoryBus('test', { backoff: { minMs: 1, maxMs: 5 } });
  kill: KillPoint | undefined;
  record: StrategyRecord;
  checkpoint: Checkpoint | undefined;

  constructor(strategy: Partial<StrategyRecord> = {}) {
    this.record = {
      id: 'sma',
      name: 'sma',
      type: 'sma-cross',
      accountId: 'binance-sandbox',
      exchange: 'binance',
      config: { fast: 5, slow: 20 },
      status: 'created',
      statusReason: null,
      runId: null,
      failurePolicy: { onFailure: 'stop' },
      quota: {
        allocation: '10000',
        maxPosition: null,
        maxOrderNotional: null,
        maxOrdersPerDay: null,
        approvalNotional: null,
      },
      createdBy: 'test',
      createdAt: 0,
      updatedAt: 0,
      ...strategy,
    };
  }

  async open(): Promise<void> {
    await this.bus.ensureTopics([
      marketTopic('binance', 'BTC/USDT'),
      ...signalTopics(this.record.type),
    ]);
    await this.bus.subscribe({
      group: 'recorder',
      topics: ALL_SIGNALS,
      kind: SIGNAL,
      handle: async ({ message }) => {
        this.published.push({ messageId: message.id, signal: message.data });
      },
    });
  }

  /** Publishes the bar and stores it. `lost`: the bus drops it. */
  async deliver(bar: Kline, options: { readonly lost?: boolean } = {}): Promise<void> {
    if (options.lost !== true) {
      await this.bus.publish(marketTopic(bar.exchange, bar.symbol), MARKET, [
        {
          id: `${bar.symbol}:${String(bar.openAt)}`,
          key: bar.symbol,
          time: bar.closeAt,
          data: { kind: 'kline', kline: bar },
        },
      ]);
    }
    this.stored.push(bar);
  }

  begin(runId: string): void {
    this.record = { ...this.record, runId, status: 'running' };
    this.checkpoint = {
      strategyId: this.record.id,
      runId,
      epoch: (this.checkpoint?.epoch ?? 0) + 1,
      anchorAt: null,
      offsets: {},
      sequences: {},
      state: null,
      snapshot: null,
    };
  }

  /** Starts an attempt at the current run and waits until it holds the instance. */
  async start(timing = TIMING): Promise<Attempt> {
    const abort = new AbortController();
    const epoch = this.checkpoint?.epoch ?? 0;
    const ended: Promise<unknown> = runInstance(
      this.deps(timing),
      { strategyId: this.record.id, runId: this.record.runId ?? '' },
      { signal: abort.signal, heartbeat: () => undefined },
    ).catch((error: unknown) => error);
    let over = false;
    void ended.then(() => {
      over = true;
    });
    await until(
      () => over || ((this.checkpoint?.epoch ?? 0) > epoch && this.checkpoint?.state !== null),
    );
    return {
      ended,
      stop: () => {
        abort.abort();
        return ended;
      },
    };
  }

  /** What an instance is given to work with. */
  deps(timing = TIMING): InstanceDeps {
    return {
      repositories: {
        strategies: this.strategies(),
        klines: this.klines(),
        aux: createMemoryAux(this.auxValues),
      },
      bus: this.killingBus(),
      registry: this.registry,
      adapters: new Map([['binance-sandbox', { instrument: async () => createInstrument() }]]),
      cancelOrder: async (orderId) => {
        this.dieAt('before-cancel');
        this.cancelled.push(orderId);
      },
      logger: createLogger('test', 'silent'),
      timing,
    };
  }

  /** `closeAt` of the last bar committed. */
  committedTo(): number {
    return Math.max(0, ...Object.values(this.checkpoint?.offsets ?? {}));
  }

  private dieAt(point: KillPoint): void {
    if (this.kill !== point) return;
    this.kill = undefined;
    throw new KeelError('UNAVAILABLE', `killed ${point}`);
  }

  private killingBus(): EventBus {
    const { bus } = this;
    return {
      ...bus,
      publish: async (topic, kind, messages) => {
        if (topic.startsWith('signals.')) this.dieAt('before-publish');
        await bus.publish(topic, kind, messages);
      },
    };
  }

  private klines(): KlineRepository {
    const of = (exchange: string, symbol: string): Kline[] =>
      this.stored
        .filter((bar) => bar.exchange === exchange && bar.symbol === symbol)
        .sort((a, b) => a.closeAt - b.closeAt);
    return {
      upsert: async (bars) => {
        this.stored.push(...bars);
      },
      newest: async (exchange, symbol) => of(exchange, symbol).at(-1) ?? null,
      range: async ({ exchange, symbol, from, to }) =>
        of(exchange, symbol).filter((bar) => bar.closeAt > from && bar.closeAt <= to),
      last: async ({ exchange, symbol, to, count }) =>
        of(exchange, symbol)
          .filter((bar) => bar.closeAt <= to)
          .slice(-count),
    };
  }

  private strategies(): StrategyRepository {
    const fenced = (): never => {
      throw new KeelError('FENCED', 'fenced');
    };
    return {
      create: async (_strategy: NewStrategy) => this.record,
      get: async () => this.record,
      list: async () => [this.record],
      beginRun: async (_id, runId) => {
        this.begin(runId);
        return this.record;
      },
      setPaused: async (_id, _runId, paused) => {
        this.record = { ...this.record, status: paused ? 'paused' : 'running' };
      },
      endRun: async (_id, _runId, status) => {
        this.record = { ...this.record, status };
      },
      claim: async (_id, runId, anchorAt) => {
        const held = this.checkpoint;
        if (held?.runId !== runId) return fenced();
        this.checkpoint = { ...held, epoch: held.epoch + 1, anchorAt: held.anchorAt ?? anchorAt };
        return this.checkpoint;
      },
      commit: async (next, signals) => {
        this.dieAt('before-commit');
        if (next.runId !== this.checkpoint?.runId || next.epoch !== this.checkpoint.epoch) fenced();
        // As PostgreSQL would give it back.
        this.checkpoint = JSON.parse(JSON.stringify(next)) as Checkpoint;
        for (const signal of signals) {
          if (!this.outbox.has(signal.id)) this.outbox.set(signal.id, { signal, published: false });
        }
      },
      signalIds: async () => [...this.outbox.keys()],
      unpublished: async () =>
        [...this.outbox.values()].filter(({ published }) => !published).map(({ signal }) => signal),
      markPublished: async (ids) => {
        this.dieAt('before-mark');
        for (const id of ids) {
          const row = this.outbox.get(id);
          if (row !== undefined) row.published = true;
        }
      },
      snapshot: async () => ({
        positions: {},
        openOrders: [],
        freeFunds: this.record.quota.allocation,
        allocation: this.record.quota.allocation,
      }),
      isQuiet: async () => true,
    };
  }
}

/** Polls; throws after five seconds. */
export async function until(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 5_000;
  while (!condition()) {
    if (Date.now() > deadline)
      throw new Error(`waited five seconds in vain: ${condition.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** The recorded bars of 2024-12-10, and as many as asked of the two hours before. */
export function recordedDay(): { readonly before: Kline[]; readonly day: Kline[] } {
  return {
    before: readBars('BTCUSDT-binance-1m-2024-12-09-last-2h.csv'),
    day: readBars('BTCUSDT-binance-1m-2024-12-10.csv'),
  };
}

function readBars(file: string): Kline[] {
  const text = readFileSync(new URL(`../../data/${file}`, import.meta.url), 'utf8');
  const rows: Record<string, string>[] = parse(text, { columns: true });
  return rows.map((row) => {
    const openAt = Number(row['timestamp_ms']);
    return {
      exchange: 'binance',
      symbol: 'BTC/USDT',
      interval: '1m',
      openAt,
      closeAt: openAt + 60_000,
      open: row['open']!,
      high: row['high']!,
      low: row['low']!,
      close: row['close']!,
      volume: row['volume']!,
    };
  });
}
