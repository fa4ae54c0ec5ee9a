/**
 * The risk monitor's memory: live guards, the newest price of each symbol, and what guards were told and have
 * not reacted to. Nothing of it has to survive the process: a new one reads the guards and the next price.
 */
import { alertTopic } from '../adapters/bus/topics.ts';
import { RISK_ALERT, type MarketMessage } from '../adapters/bus/messages.ts';
import type { EventBus } from '../adapters/event-bus.ts';
import type {
  BrokenPromise,
  GuardDoor,
  GuardRepository,
  GuardView,
} from '../adapters/guard-repository.ts';
import type { TradeAdapter } from '../adapters/trade-adapter.ts';
import { betterPrice, type PositionSide } from '../core/guard-levels.ts';
import {
  barQuote,
  hasReacted,
  quoteSince,
  ratchetOf,
  retold,
  tickQuote,
  triggerOf,
  type PriceMessage,
  type Quote,
} from '../core/guard-watch.ts';
import { KeelError } from '../core/errors.ts';
import { decimal } from '../core/money.ts';
import type { Alert } from '../core/risk/alert.ts';
import type { Logger } from '../observability/logger.ts';
import { counter } from '../observability/metrics.ts';

/** A guard that did not react to what it was told is told again after so long, wall ms. */
export const REPEAT_MS = 5_000;
/** Without a price for so long, wall ms, a guarded symbol is not watched: people are told. */
export const STALE_MS = 120_000;
/** A guard and its position may disagree while an order is under way; for longer than this, wall ms, they do not. */
export const BROKEN_MS = 60_000;

const told = counter('keel_guard_messages_total', 'What guards were told by the risk monitor', [
  'kind',
]);

export interface GuardMonitorDeps {
  readonly guards: Pick<GuardRepository, 'listGuards' | 'getGuard' | 'unguarded' | 'revive'>;
  readonly door: GuardDoor;
  readonly bus: Pick<EventBus, 'publish'>;
  /** By account id. */
  readonly adapters: ReadonlyMap<string, Pick<TradeAdapter, 'instrument'>>;
  readonly logger: Pick<Logger, 'info' | 'warn' | 'error'>;
  /** Wall clock, ms. */
  now(): number;
}

export interface GuardMonitor {
  /** Throws UNAVAILABLE while Temporal does not take what a guard must hear: give the price again. */
  onMarket(message: MarketMessage): Promise<void>;
  /** Reads the live guards anew, and holds the newest prices against them. Throws UNAVAILABLE. */
  refresh(): Promise<void>;
  /** Starts what should run and does not, lets guards of positions that were left live again, and alerts of what that cannot mend. Throws UNAVAILABLE. */
  sweep(): Promise<void>;
}

/** Of one guard, from one refresh to the next. */
interface Watch {
  view: GuardView;
  /** Market time from which prices count against the levels of this generation. */
  since: number;
  /** Best price seen since the position opened. */
  best: string;
  readonly side: PositionSide | null;
  readonly firstSeenAt: number;
  sent: { readonly message: PriceMessage; readonly at: number } | null;
}

/** Of one symbol at one exchange. */
interface Market {
  readonly quote: Quote;
  readonly tickedAt: number | undefined;
  /** Wall clock. */
  readonly heardAt: number;
}

const marketKey = (of: { readonly exchange: string; readonly symbol: string }): string =>
  `${of.exchange} ${of.symbol}`;

export function createGuardMonitor(deps: GuardMonitorDeps): GuardMonitor {
  const { guards, door, logger } = deps;
  let watches: ReadonlyMap<string, Watch> = new Map();
  const markets = new Map<string, Market>();
  /** Market keys of which people know that there is no price. */
  const stale = new Set<string>();
  /** Broken promises → when they were first seen, and whether people know. */
  let broken = new Map<string, { readonly firstSeenAt: number; told: boolean }>();

  async function send(watch: Watch, message: PriceMessage): Promise<void> {
    const { view, sent } = watch;
    // Before it is: a price and a refresh must not send it both.
    watch.sent = { message, at: deps.now() };
    try {
      await door.tellGuard({ strategyId: view.strategyId, symbol: view.symbol }, message);
    } catch (error) {
      watch.sent = sent;
      throw error;
    }
    told.inc({ kind: message.kind });
    logger.info({ strategy_id: view.strategyId, symbol: view.symbol, message }, 'guard_told');
  }

  /** Holds the guard against the newest price. One message until the guard reacted, or is late. */
  async function hold(watch: Watch): Promise<void> {
    const { view, sent } = watch;
    const late = sent !== null && deps.now() - sent.at >= REPEAT_MS;
    const quote = quoteOf(watch);
    const trigger = quote && triggerOf(view, quote);
    // A trigger does not wait for the reaction to a ratchet; the other way round there is nothing to trail.
    if (trigger && (sent === null || sent.message.kind === 'ratchet')) {
      await send(watch, trigger);
      return;
    }
    if (sent !== null && !late) return;
    if (sent?.message.kind === 'trigger') {
      await send(watch, sent.message);
      return;
    }
    if (view.spec.trailing === undefined) return;
    const instrument = await deps.adapters.get(view.accountId)?.instrument(view.symbol);
    const ratchet = instrument && ratchetOf(view, watch.best, instrument);
    if (ratchet) await send(watch, ratchet);
  }

  /** One guard that cannot be held keeps no other from it. Throws what passes by itself. */
  async function holdAll(held: readonly Watch[]): Promise<void> {
    let passing: KeelError | null = null;
    for (const watch of held) {
      follow(watch);
      try {
        await hold(watch);
      } catch (error) {
        const { strategyId, symbol } = watch.view;
        logger.error({ err: error, strategy_id: strategyId, symbol }, 'guard_not_held');
        if (error instanceof KeelError && error.retryable) passing = error;
      }
    }
    if (passing !== null) throw passing;
  }

  function quoteOf({ view, since }: Watch): Quote | null {
    const market = markets.get(marketKey(view));
    return market === undefined ? null : quoteSince(market.quote, since);
  }

  function follow(watch: Watch): void {
    const { view, side } = watch;
    const market = markets.get(marketKey(view));
    const quote = market && quoteSince(market.quote, view.openedAt);
    if (!quote || side === null) return;
    watch.best = betterPrice(side === 'long' ? quote.high : quote.low, watch.best, side);
  }

  /** What was known of the guard goes on where it is still the same position's. */
  function watchOf(view: GuardView): Watch {
    const known = watches.get(`${view.strategyId} ${view.symbol}`);
    const { side, bestPrice, openedAt } = view;
    const newestAt = markets.get(marketKey(view))?.quote.at ?? openedAt;
    if (known?.side !== side || known.view.openedAt !== openedAt) {
      const firstSeenAt = known?.firstSeenAt ?? deps.now();
      return { view, since: openedAt, best: bestPrice, side, firstSeenAt, sent: null };
    }
    // Of a bar that had begun when the levels moved, only the close is surely later than they are.
    if (known.view.generation !== view.generation) {
      known.since = Math.max(openedAt, newestAt);
    }
    known.view = view;
    const { sent } = known;
    if (sent !== null && hasReacted(view, sent.message)) {
      const again = retold(view, sent.message);
      known.sent = again && { message: again, at: Number.NEGATIVE_INFINITY };
    }
    return known;
  }

  async function alert(
    id: string,
    what: Pick<Alert, 'level' | 'rule' | 'message'> & Partial<Alert>,
  ): Promise<void> {
    const nothing = { accountId: null, strategyId: null, exchange: null, symbol: null };
    const data = { at: deps.now(), ...nothing, value: null, threshold: null, ...what };
    logger.error({ rule: what.rule, alert: what.message }, 'guard_alert');
    await deps.bus.publish(alertTopic(what.level), RISK_ALERT, [
      { id, key: data.symbol ?? what.rule, time: data.at, data },
    ]);
  }

  async function alertStale({ view, firstSeenAt }: Watch): Promise<void> {
    const key = marketKey(view);
    const market = markets.get(key);
    const silentMs = deps.now() - Math.max(market?.heardAt ?? firstSeenAt, firstSeenAt);
    if (silentMs < STALE_MS || stale.has(key)) return;
    const { exchange, symbol } = view;
    const since = market === undefined ? 'ever' : new Date(market.quote.at).toISOString();
    await alert(`guard-price-stale:${key}:${since}`, {
      level: 'warning',
      rule: 'guard-price-stale',
      message: `no price of ${symbol} at ${exchange} for ${String(STALE_MS / 1_000)} s (the newest: ${since}): only stops that rest at the venue guard its positions; see whether the collector runs and reaches the venue`,
      ...{ exchange, symbol },
      ...(market === undefined ? {} : { at: market.quote.at }),
    });
    stale.add(key);
  }

  /** True where its guard lives again: the sweep then starts its workflow as any other's. */
  async function revived({ kind, sentence, ...key }: BrokenPromise): Promise<boolean> {
    if (kind !== 'left' || !(await guards.revive(key))) return false;
    const { generation } = await guards.getGuard(key);
    await alert(`guard-revived:${key.strategyId}:${key.symbol}:${String(generation)}`, {
      level: 'warning',
      rule: 'guard-revived',
      message: `${sentence}; it lives again with the stops of the newest entry`,
      ...key,
    });
    return true;
  }

  async function mendBroken(): Promise<void> {
    const seen: string[] = [];
    for (const promise of await guards.unguarded())
      if (!(await revived(promise))) seen.push(promise.sentence);
    broken = new Map(
      seen.map((sentence) => [
        sentence,
        broken.get(sentence) ?? { firstSeenAt: deps.now(), told: false },
      ]),
    );
    for (const [sentence, state] of broken) {
      if (state.told || deps.now() - state.firstSeenAt < BROKEN_MS) continue;
      await alert(`guard-broken:${sentence}:${String(state.firstSeenAt)}`, {
        level: 'critical',
        rule: 'guard-broken',
        message: `${sentence}; look at \`keel positions\` and the table guards, and close the position by hand if it is not wanted`,
      });
      state.told = true;
    }
  }

  return {
    async onMarket(message) {
      const of = message.kind === 'tick' ? message.tick : message.kline;
      // Longer bars tell nothing that their minutes did not.
      if (message.kind === 'kline' && message.kline.interval !== '1m') return;
      const key = marketKey(of);
      const known = markets.get(key);
      const quote =
        message.kind === 'tick'
          ? tickQuote(message.tick)
          : barQuote(message.kline, known?.tickedAt);
      // Late news of the market is no news.
      if (known !== undefined && quote.at < known.quote.at) return;
      const tickedAt = message.kind === 'tick' ? quote.at : known?.tickedAt;
      markets.set(key, { quote, tickedAt, heardAt: deps.now() });
      stale.delete(key);
      await holdAll([...watches.values()].filter(({ view }) => marketKey(view) === key));
    },

    async refresh() {
      const live = await guards.listGuards({ live: true });
      watches = new Map(
        live.map((view) => [`${view.strategyId} ${view.symbol}`, watchOf(view)] as const),
      );
      const all = [...watches.values()];
      for (const watch of all) await alertStale(watch);
      await holdAll(all);
    },

    async sweep() {
      await mendBroken();
      for (const view of await guards.listGuards({ live: true })) {
        const { strategyId, symbol } = view;
        const key = { strategyId, symbol };
        const behind = view.clearing || !decimal(view.held).abs().eq(view.quantity);
        const on = await door.isGuardOn(key);
        if (on && !behind) continue;
        if (!on) logger.warn({ strategy_id: strategyId, symbol }, 'guard_started_again');
        await door.tellGuard(key, { kind: 'positionChanged' });
      }
    },
  };
}
