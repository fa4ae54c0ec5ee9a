/**
 * Runs one strategy instance, bar by bar. Pure: no clock, no I/O. The live activity and the backtest share
 * it; they read the bars, call it, store the checkpoint it returns, and publish its signals.
 *
 *   const runner = new StrategyRunner({ strategy: registry.create(type, config), strategyId, … });
 *   runner.warmUp(barsBefore);                      // what `runner.history()` asks for
 *   const result = runner.onKline(bar, standing);   // one-minute bars, oldest first
 *   if (result.kind === 'handled') commit(result.checkpoint, result.signals);
 *
 * From the same bars, standings and checkpoint it always makes the same signals with the same ids. After it
 * has thrown its state is undefined: make a new one from the last stored checkpoint.
 */
import { barOf } from '../core/bar.ts';
import { KeelError } from '../core/errors.ts';
import type { Instrument } from '../core/instrument.ts';
import type { Kline } from '../core/kline.ts';
import type { MarketData } from '../core/market-data.ts';
import type { OrderView } from '../core/order.ts';
import { isFinalIntent } from '../core/intent-machine.ts';
import type { Json } from '../core/json.ts';
import { type Signal, signalId, signalSchema } from '../core/signal.ts';
import type { AuxValue, BaseStrategy, Feed, SignalId, Standing } from './base-strategy.ts';
import { type Request, signalOf } from './context.ts';
import type { HistoryNeed } from './feed-book.ts';
import { type SessionState, StrategySession } from './session.ts';
import { NOTHING_HELD, SnapshotAccount } from './snapshot-account.ts';

export interface RunnerOptions {
  /** Made by the registry, which checks the configuration. */
  readonly strategy: BaseStrategy;
  readonly strategyId: string;
  readonly strategyType: string;
  readonly runId: string;
  readonly accountId: string;
  /** Where its orders go. */
  readonly exchange: string;
  /** By symbol; their steps cut the quantities reckoned from sizes. Eight places without. */
  readonly instruments?: Readonly<Record<string, Instrument>>;
  /** `closeAt` up to which bars only warm up; 0 or absent: the first bar that comes is live. */
  readonly anchorAt?: number | null;
  /** The last stored checkpoint; with state null it is as if there were none. */
  readonly restored?: RunnerCheckpoint;
  readonly aux?: (name: string, now: number) => AuxValue | undefined;
}

/** All that goes on after a restart; JSON. `offsets` and `sequences` as in the storage's checkpoint. */
export interface RunnerCheckpoint {
  /** Source (`binance:BTC/USDT:1m`) → `closeAt` of the last one-minute bar handled. */
  readonly offsets: Readonly<Record<string, number>>;
  /** Symbol → last sequence given out. */
  readonly sequences: Readonly<Record<string, number>>;
  /** Opaque: the strategy's own state is its member `strategy`. */
  readonly state: Json;
}

export type RunnerResult =
  | {
      readonly kind: 'handled';
      /** In the order asked for. */
      readonly signals: readonly Signal[];
      /** Ids of signals whose orders the strategy wants cancelled. */
      readonly cancels: readonly SignalId[];
      readonly checkpoint: RunnerCheckpoint;
    }
  /** Delivered again: nothing to do. */
  | { readonly kind: 'already-handled' }
  /** Bars with `from < closeAt <= to` are missing: hand them in first, or this one with `acceptGap`. */
  | { readonly kind: 'gap'; readonly from: number; readonly to: number }
  /** The strategy has no feed, or no handler, for it. */
  | { readonly kind: 'not-mine' };

type RunnerState = SessionState & {
  /** Source → time of the last tick; order id → last version seen. */
  ticks: Record<string, number>;
  orders: Record<string, number>;
};

/** Live bars are built from these. */
const BASE = '1m';
const ORDERS_REMEMBERED = 500;

function jsonCopy(value: unknown): Json {
  return JSON.parse(JSON.stringify(value)) as Json;
}

export class StrategyRunner {
  readonly #options: RunnerOptions;
  readonly #session: StrategySession;
  readonly #offsets: Record<string, number>;
  readonly #sequences: Record<string, number>;
  readonly #fresh: boolean;
  readonly #ticks: Record<string, number>;
  #orders: Record<string, number>;

  /** Throws INVALID_INPUT when the strategy asks for no feed, or for a warm-up below one bar. */
  constructor(options: RunnerOptions) {
    this.#options = options;
    const { restored, runId } = options;
    this.#fresh = restored === undefined || restored.state === null;
    this.#offsets = { ...restored?.offsets };
    this.#sequences = { ...restored?.sequences };
    const state = this.#fresh ? undefined : (jsonCopy(restored?.state) as unknown as RunnerState);
    this.#ticks = state?.ticks ?? {};
    this.#orders = state?.orders ?? {};
    this.#session = new StrategySession(
      {
        ...options,
        base: BASE,
        sequences: this.#sequences,
        nameSignal: (symbol, eventTime, sequence) =>
          signalId({ runId, symbol, eventTime, sequence }),
      },
      NOTHING_HELD,
      state,
    );
    const anchorAt = options.anchorAt ?? 0;
    if (anchorAt > 0) {
      for (const { key } of this.#session.book.sources) this.#offsets[key] ??= anchorAt;
    }
  }

  get feeds(): readonly Feed[] {
    return this.#session.feeds;
  }

  /** True when the strategy looks at ticks; at its orders. */
  get wantsTicks(): boolean {
    return this.#options.strategy.onMarketData !== undefined;
  }

  get wantsOrders(): boolean {
    return this.#options.strategy.onOrderUpdate !== undefined;
  }

  /** Source (`binance:BTC/USDT:1m`) → `closeAt` of the last bar handled, or the anchor. */
  get offsets(): Readonly<Record<string, number>> {
    return { ...this.#offsets };
  }

  /** The bars `warmUp` needs, up to each source's offset. Enough for whole bars of the longest interval. */
  history(): HistoryNeed[] {
    return this.#session.book.history();
  }

  /**
   * Replays one-minute bars up to the offset (the anchor, or the last bar handled); later ones are left out.
   * Without either, all are replayed, and the last one becomes the offset.
   * A fresh run builds its state from them, with `ctx.warming` true and no signals; a restored one only
   * fills `ctx.bars`. Call it once, before the first live bar, with bars in the order of `closeAt`.
   */
  warmUp(bars: readonly Kline[]): void {
    const { book, context } = this.#session;
    const limits = { ...this.#offsets };
    const building = jsonCopy(book.aggregates) as unknown as SessionState['aggregates'];
    context.account = NOTHING_HELD;
    if (!this.#fresh) book.setAggregates();
    for (const kline of bars) {
      const source = book.source(kline);
      if (source === undefined) continue;
      const limit = limits[source.key];
      if (limit !== undefined && kline.closeAt > limit) continue;
      if (this.#fresh) {
        this.#session.onBar(source, barOf(kline), true);
        if (limit === undefined) this.#offsets[source.key] = kline.closeAt;
      } else {
        book.take(source, barOf(kline));
      }
    }
    if (!this.#fresh) book.setAggregates(building);
  }

  /**
   * Takes in the next one-minute bar. Throws STRATEGY_FAILED, naming strategy and bar, when the strategy's
   * own code threw (a KeelError of its keeps its code).
   * @param standing positions, open orders and funds as they are known now; store it with the checkpoint
   */
  onKline(
    bar: Kline,
    standing: Standing,
    options: { readonly acceptGap?: boolean } = {},
  ): RunnerResult {
    const source = this.#session.book.source(bar);
    if (source === undefined) return { kind: 'not-mine' };
    if (bar.interval !== BASE) {
      throw new KeelError(
        'INVALID_INPUT',
        `a runner takes bars of ${BASE} and builds the longer ones; this one is of ${bar.interval}`,
      );
    }
    const last = this.#offsets[source.key];
    if (last !== undefined && bar.closeAt <= last) return { kind: 'already-handled' };
    if (last !== undefined && bar.openAt > last && options.acceptGap !== true) {
      return { kind: 'gap', from: last, to: bar.openAt };
    }
    return this.#handle(standing, () => {
      this.#session.onBar(source, barOf(bar));
      this.#offsets[source.key] = bar.closeAt;
    });
  }

  /** Takes in a tick; older ones than the last are left out. Throws as `onKline`. */
  onMarketData(tick: MarketData, standing: Standing): RunnerResult {
    const source = this.#session.book.source(tick);
    if (!this.wantsTicks || source === undefined) return { kind: 'not-mine' };
    const last = this.#ticks[source.key];
    if (last !== undefined && tick.timestamp <= last) return { kind: 'already-handled' };
    return this.#handle(standing, () => {
      this.#session.onTick(tick);
      this.#ticks[source.key] = tick.timestamp;
    });
  }

  /** Takes in a change of one of the strategy's orders, once per version. Throws as `onKline`. */
  onOrderUpdate(order: OrderView, standing: Standing): RunnerResult {
    if (!this.wantsOrders || order.strategyId !== this.#options.strategyId) {
      return { kind: 'not-mine' };
    }
    const seen = this.#orders[order.orderId];
    if (seen !== undefined && order.version <= seen) return { kind: 'already-handled' };
    return this.#handle(standing, () => {
      this.#session.onOrder(order, Math.max(order.eventTime, ...Object.values(this.#offsets)));
      this.#rememberOrder(order);
    });
  }

  /** Everything needed to go on from here; a copy. */
  checkpoint(): RunnerCheckpoint {
    return {
      offsets: { ...this.#offsets },
      sequences: { ...this.#sequences },
      state: jsonCopy({ ...this.#session.state(), ticks: this.#ticks, orders: this.#orders }),
    };
  }

  #handle(standing: Standing, event: () => void): RunnerResult {
    const { context } = this.#session;
    context.account = new SnapshotAccount(standing);
    context.requests = [];
    context.cancels = [];
    event();
    const signals = context.requests.map((request) => this.#signal(request));
    return { kind: 'handled', signals, cancels: context.cancels, checkpoint: this.checkpoint() };
  }

  #signal(request: Request): Signal {
    const { strategyId, strategyType, runId, accountId, exchange } = this.#options;
    const owner = { strategyId, strategyType, runId, accountId, exchange };
    return signalSchema.parse(signalOf(request, owner));
  }

  #rememberOrder(order: OrderView): void {
    const orders = this.#orders;
    orders[order.orderId] = order.version;
    const ids = Object.keys(orders);
    const oldest = ids[0];
    if (ids.length > ORDERS_REMEMBERED && oldest !== undefined && isFinalIntent(order.state)) {
      this.#orders = Object.fromEntries(Object.entries(orders).slice(1));
    }
  }
}
