/**
 * What one attempt at holding a strategy instance does with each event: read the standing, step the runner,
 * commit, publish. One event at a time; the first failure after a step ends the attempt, since the runner's
 * memory may then be ahead of the store, and the next attempt starts from the store.
 */
import { z } from 'zod';
import type { EventBus } from '../adapters/event-bus.ts';
import type {
  Checkpoint,
  StrategyRecord,
  StrategySnapshot,
} from '../adapters/strategy-repository.ts';
import type { Json } from '../core/json.ts';
import type { Repositories } from '../adapters/repositories.ts';
import { KeelError } from '../core/errors.ts';
import type { Kline } from '../core/kline.ts';
import type { MarketData } from '../core/market-data.ts';
import type { OrderView } from '../core/order.ts';
import type { Signal } from '../core/signal.ts';
import type { Logger } from '../observability/logger.ts';
import { counter } from '../observability/metrics.ts';
import { feedKey } from '../strategies/base-strategy.ts';
import type { StrategyRegistry } from '../strategies/registry.ts';
import type { RunnerResult, StrategyRunner } from '../strategies/runner.ts';
import { publishSignal } from './publish-signals.ts';
import { StoredAux } from './stored-aux.ts';
import { newestCommon, storedAfter } from './stored-bars.ts';
import { type InstrumentSources, warmRunner } from './warm-runner.ts';

export interface RunDeps {
  readonly repositories: Pick<Repositories, 'strategies' | 'klines' | 'aux'>;
  readonly bus: EventBus;
  readonly registry: StrategyRegistry;
  readonly adapters: InstrumentSources;
  /** Asks an order's workflow to cancel; an order that is over, or not known, is no error. */
  cancelOrder(orderId: string, strategyId: string): Promise<void>;
  readonly logger: Logger;
}

/**
 * Why an attempt ended, where nothing failed. `stopped`: told to. `fenced`: another runner took the
 * instance. `superseded`: the run itself is over. `rotated`: it lasted long enough.
 */
export type RunEnd = 'stopped' | 'fenced' | 'superseded' | 'rotated';

type Handled = Extract<RunnerResult, { kind: 'handled' }>;

interface Market {
  readonly exchange: string;
  readonly symbol: string;
}

const bars = counter('keel_strategy_bars_total', 'Bars handled', ['strategy']);
const signalsMade = counter('keel_strategy_signals_total', 'Signals committed', ['strategy']);
const missing = counter('keel_strategy_gaps_total', 'Gaps in the bars that were never filled', [
  'strategy',
]);

/** How often a gap is looked at again while the collector stores. */
const GAP_POLL_MS = 50;

export class InstanceRun {
  private readonly deps: RunDeps;
  private readonly record: StrategyRecord;
  private readonly runner: StrategyRunner;
  private readonly aux: StoredAux;
  private readonly claimed: Checkpoint;
  private readonly gapWaitMs: number;
  private readonly signal: AbortSignal;
  /** Committed but not known to be on the bus. */
  private pending: Signal[];
  private tail: Promise<void> = Promise.resolve();
  private closed = false;
  private readonly broken = Promise.withResolvers<never>();

  private constructor(
    deps: RunDeps,
    record: StrategyRecord,
    runner: StrategyRunner,
    aux: StoredAux,
    claimed: Checkpoint,
    pending: readonly Signal[],
    limits: { readonly gapWaitMs: number },
    signal: AbortSignal,
  ) {
    this.deps = deps;
    this.record = record;
    this.runner = runner;
    this.aux = aux;
    this.claimed = claimed;
    this.pending = [...pending];
    this.gapWaitMs = limits.gapWaitMs;
    this.signal = signal;
    // Heard by whoever waits in `endedWithin`; nobody may.
    this.broken.promise.catch(() => undefined);
  }

  /**
   * Claims the instance and warms its runner. Undefined when the run is over. Throws STRATEGY_UNKNOWN,
   * CONFIG_INVALID, NOT_FOUND (an instrument the venue does not list), UNAVAILABLE.
   */
  static async open(
    deps: RunDeps,
    record: StrategyRecord,
    runId: string,
    limits: { readonly gapWaitMs: number },
    signal: AbortSignal,
  ): Promise<InstanceRun | undefined> {
    const { strategies, klines } = deps.repositories;
    const strategy = deps.registry.create(record.type, record.config);
    const feeds = strategy.feeds();
    let claimed: Checkpoint;
    try {
      claimed = await strategies.claim(record.id, runId, await newestCommon(klines, feeds));
    } catch (error) {
      if (error instanceof KeelError && error.code === 'FENCED') return undefined;
      throw error;
    }
    const aux = new StoredAux(deps.repositories.aux, feeds);
    const doors = { klines, aux, adapters: deps.adapters };
    const runner = await warmRunner(doors, record, strategy, claimed);
    const pending = await strategies.unpublished(record.id);
    const run = new InstanceRun(deps, record, runner, aux, claimed, pending, limits, signal);
    // Told at once how far it is: a replay waits for that, and a restart need not warm again.
    if (claimed.state === null) await run.store(await strategies.snapshot(record.id));
    // An attempt that died after its commit may not have asked; asking twice changes nothing.
    await run.cancelOrders(cancelsOf(claimed.snapshot));
    return run;
  }

  get wantsOrders(): boolean {
    return this.runner.wantsOrders;
  }

  markets(): readonly Market[] {
    const found = this.runner.feeds.map(
      ({ exchange, symbol }) => [`${exchange}:${symbol}`, { exchange, symbol }] as const,
    );
    return [...new Map(found).values()];
  }

  progress(): { epoch: number; lastBar: Record<string, string> } {
    const lastBar = Object.entries(this.runner.offsets).map(([feed, at]) => [
      feed,
      new Date(at).toISOString(),
    ]);
    return {
      epoch: this.claimed.epoch,
      lastBar: Object.fromEntries(lastBar) as Record<string, string>,
    };
  }

  onKline(bar: Kline): Promise<void> {
    return this.enqueue(() => this.take(bar));
  }

  onTick(tick: MarketData): Promise<void> {
    if (!this.runner.wantsTicks) return Promise.resolve();
    return this.enqueue(() => this.step((standing) => this.runner.onMarketData(tick, standing)));
  }

  onOrder(order: OrderView): Promise<void> {
    if (order.strategyId !== this.record.id) return Promise.resolve();
    return this.enqueue(() => this.step((standing) => this.runner.onOrderUpdate(order, standing)));
  }

  /** Handles the stored bars after the last one handled. */
  catchUp(): Promise<void> {
    return this.enqueue(async () => {
      for (const bar of await storedAfter(
        this.deps.repositories.klines,
        this.markets(),
        this.runner.offsets,
      )) {
        if (this.signal.aborted) return;
        await this.take(bar);
      }
    });
  }

  /** Between bars: publishes what could not be, and takes from the store what the bus lost. */
  async sweep(): Promise<void> {
    await this.flush();
    await this.catchUp();
  }

  /** Publishes what was committed and is not known to be on the bus, with the same message ids. */
  flush(): Promise<void> {
    return this.enqueue(() => this.publishPending());
  }

  /** How it ended, or undefined after `ms`. Rejects with the failure that ended it. */
  async endedWithin(ms: number, signal: AbortSignal): Promise<RunEnd | undefined> {
    if (signal.aborted) return 'stopped';
    const wake = Promise.withResolvers<RunEnd | undefined>();
    const timer = setTimeout(() => {
      wake.resolve(undefined);
    }, ms);
    const abort = (): void => {
      wake.resolve('stopped');
    };
    signal.addEventListener('abort', abort);
    try {
      return await Promise.race([wake.promise, this.broken.promise]);
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
    }
  }

  /** Takes no more events; resolves when the one in hand is done. What comes after is for the next attempt. */
  async close(): Promise<void> {
    this.closed = true;
    await this.tail;
  }

  private enqueue(work: () => Promise<void>): Promise<void> {
    const done = this.tail.then(async () => {
      // Not taken for handled: the bus gives it to the next attempt.
      if (this.closed) {
        throw new KeelError(
          'UNAVAILABLE',
          `this worker is leaving strategy ${this.record.id}; whoever holds it next takes the event`,
        );
      }
      await work();
    });
    // The queue goes on; whoever enqueued hears of the failure.
    this.tail = done.catch(() => undefined);
    return done;
  }

  private lastOf(bar: Kline): number | undefined {
    return this.runner.offsets[feedKey({ ...bar, interval: '1m' })];
  }

  private async take(bar: Kline): Promise<void> {
    await this.publishPending();
    // Higher intervals are built from one-minute bars, live as in a backtest.
    if (bar.interval !== '1m') return;
    const last = this.lastOf(bar);
    if (last !== undefined && bar.closeAt <= last) return;
    if (last !== undefined && bar.openAt > last && !(await this.fillGap(bar))) return;
    await this.stepBar(bar);
  }

  /**
   * Bars before `bar` are missing: they may be stored, or about to be. Waits a little, then goes on without.
   * False when the attempt is told to stop meanwhile: the bar is then for the next one.
   */
  private async fillGap(bar: Kline): Promise<boolean> {
    const { exchange, symbol, openAt } = bar;
    const deadline = Date.now() + this.gapWaitMs;
    while (!this.signal.aborted) {
      const late = Date.now() >= deadline;
      const from = this.lastOf(bar) ?? 0;
      for (const stored of await this.deps.repositories.klines.range({
        exchange,
        symbol,
        interval: '1m',
        from,
        to: openAt,
      })) {
        if (stored.openAt > (this.lastOf(bar) ?? 0) && !late) break;
        await this.stepBar(stored);
      }
      const reached = this.lastOf(bar) ?? 0;
      if (reached >= openAt) return true;
      if (late) {
        missing.inc({ strategy: this.record.id });
        this.deps.logger.warn({ symbol, from: reached, to: openAt }, 'strategy_bars_missing');
        return true;
      }
      await new Promise((resolve) => setTimeout(resolve, GAP_POLL_MS));
    }
    return false;
  }

  private async stepBar(bar: Kline): Promise<void> {
    await this.step((standing) => this.runner.onKline(bar, standing, { acceptGap: true }));
    bars.inc({ strategy: this.record.id });
  }

  /** Throws what the bus may try again only before the runner has moved; after that, the attempt ends. */
  private async step(move: (standing: StrategySnapshot) => RunnerResult): Promise<void> {
    const standing = await this.deps.repositories.strategies.snapshot(this.record.id);
    await this.aux.refresh();
    try {
      const result = move(standing);
      if (result.kind !== 'handled') return;
      await this.store(standing, result);
      this.pending.push(...result.signals);
      signalsMade.inc({ strategy: this.record.id }, result.signals.length);
      await this.cancelOrders(result.cancels);
    } catch (error) {
      this.closed = true;
      this.broken.reject(error);
      throw error;
    }
    await this.publishPending();
  }

  /** Checkpoint, signals and wishes to cancel in one fenced transaction. */
  private async store(
    standing: StrategySnapshot,
    { signals, cancels }: Pick<Handled, 'signals' | 'cancels'> = { signals: [], cancels: [] },
  ): Promise<void> {
    const { strategyId, runId, epoch, anchorAt } = this.claimed;
    const snapshot = JSON.parse(JSON.stringify({ ...standing, cancels })) as Json;
    await this.deps.repositories.strategies.commit(
      { strategyId, runId, epoch, anchorAt, ...this.runner.checkpoint(), snapshot },
      signals,
    );
  }

  private async publishPending(): Promise<void> {
    for (let next = this.pending[0]; next !== undefined; next = this.pending[0]) {
      await publishSignal(this.deps.bus, next);
      await this.deps.repositories.strategies.markPublished([next.id]);
      this.pending.shift();
    }
  }

  private async cancelOrders(ids: readonly string[]): Promise<void> {
    for (const id of ids) await this.deps.cancelOrder(id, this.record.id);
  }
}

/** The orders the last committed event wished to be cancelled. */
function cancelsOf(snapshot: Json): readonly string[] {
  const { cancels } = z.object({ cancels: z.array(z.string()).default([]) }).parse(snapshot ?? {});
  return cancels;
}
