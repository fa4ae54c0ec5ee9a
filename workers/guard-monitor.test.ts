import { beforeEach, describe, expect, it } from '@jest/globals';
import type { MarketMessage } from '../adapters/bus/messages.ts';
import type { BrokenPromise, GuardView } from '../adapters/guard-repository.ts';
import { KeelError } from '../core/errors.ts';
import type { GuardMessage } from '../core/guard.ts';
import type { Kline } from '../core/kline.ts';
import { createLogger } from '../observability/logger.ts';
import { createGuard } from '../test/factories/guards.ts';
import { createInstrument, createKline, createMarketData, T0 } from '../test/factories/market.ts';
import { BROKEN_MS, createGuardMonitor, REPEAT_MS, STALE_MS } from './guard-monitor.ts';

const MINUTE = 60_000;

function tick(price: string, timestamp = T0): MarketMessage {
  return { kind: 'tick', tick: createMarketData({ price, timestamp }) };
}

function bar(change: Partial<Kline>): MarketMessage {
  return { kind: 'kline', kline: createKline(change) };
}

/** Long 1 at 100: its stop at 98 is watched here, its profit is taken at 105. */
function view(overrides: Partial<GuardView> = {}): GuardView {
  const levels = { stop: '98', stopKind: 'stop-loss', takeProfit: '105' } as const;
  return {
    ...createGuard({ state: 'armed', side: 'long', quantity: '1', generation: 1, levels }),
    ...{ setBy: 'order:o1', held: '1', averageCost: '100', updatedAt: 0 },
    ...overrides,
  };
}

function world() {
  const told: GuardMessage[] = [];
  const alerts: string[] = [];
  const state = {
    live: [view()],
    unguarded: [] as BrokenPromise[],
    revives: true,
    on: true,
    away: false,
    now: 1_000,
  };
  const monitor = createGuardMonitor({
    guards: {
      listGuards: () => Promise.resolve(state.live),
      getGuard: () => Promise.resolve(view({ generation: 2 })),
      unguarded: () => Promise.resolve(state.unguarded),
      revive() {
        if (state.revives) state.live = [view({ state: 'arming', quantity: '0', generation: 2 })];
        return Promise.resolve(state.revives);
      },
    },
    door: {
      tellGuard(_key, message) {
        if (state.away) return Promise.reject(new KeelError('UNAVAILABLE', 'no Temporal'));
        told.push(message);
        return Promise.resolve();
      },
      isGuardOn: () => Promise.resolve(state.on),
    },
    bus: {
      publish(topic, _kind, [message]) {
        alerts.push(`${topic} ${message?.id ?? ''}`);
        return Promise.resolve();
      },
    },
    adapters: new Map([['test', { instrument: () => Promise.resolve(createInstrument()) }]]),
    logger: createLogger('test', 'silent'),
    now: () => state.now,
  });
  return { monitor, told, alerts, state };
}

let w: ReturnType<typeof world>;
beforeEach(async () => {
  w = world();
  await w.monitor.refresh();
});

describe('a price that reaches a level', () => {
  it('is told once, and again only when the guard has not reacted for a while', async () => {
    await w.monitor.onMarket(tick('104.99'));
    expect(w.told).toEqual([]);
    const trigger = { kind: 'trigger', level: 'takeProfit', generation: 1, price: '105' };
    await w.monitor.onMarket(tick('105', T0 + 1));
    await w.monitor.onMarket(tick('106', T0 + 2));
    await w.monitor.refresh();
    expect(w.told).toEqual([trigger]);
    // Even if the price has left the level since.
    await w.monitor.onMarket(tick('101', T0 + 3));
    w.state.now += REPEAT_MS;
    await w.monitor.refresh();
    expect(w.told).toEqual([trigger, trigger]);
    w.state.live = [view({ state: 'closing', exit: 'take-profit' })];
    w.state.now += REPEAT_MS;
    await w.monitor.refresh();
    expect(w.told).toHaveLength(2);
  });

  it('is told with the levels that stand where these moved before the guard heard it', async () => {
    await w.monitor.onMarket(tick('105'));
    await w.monitor.onMarket(tick('101', T0 + 1));
    w.state.live = [view({ generation: 2 })];
    await w.monitor.refresh();
    expect(w.told.at(-1)).toMatchObject({ generation: 2, price: '105' });
    expect(w.told).toHaveLength(2);
  });

  it('is asked for again while Temporal is away, and told by whichever comes first', async () => {
    w.state.away = true;
    await expect(w.monitor.onMarket(tick('97'))).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    w.state.away = false;
    await w.monitor.refresh();
    await w.monitor.onMarket(tick('97'));
    expect(w.told).toEqual([{ kind: 'trigger', level: 'stop', generation: 1, price: '97' }]);
  });

  it('is of a bar its low or high; of the bar in which the position opened its close', async () => {
    w.state.live = [view({ openedAt: T0 + 1 })];
    await w.monitor.refresh();
    await w.monitor.onMarket(bar({ low: '97', high: '106' }));
    await w.monitor.onMarket(bar({ interval: '5m', low: '97', openAt: T0 + MINUTE }));
    expect(w.told).toEqual([]);
    await w.monitor.onMarket(bar({ openAt: T0 + MINUTE, low: '97', high: '106' }));
    expect(w.told).toMatchObject([{ level: 'stop', price: '97' }]);
  });

  it('is not of a bar whose ticks were seen', async () => {
    await w.monitor.onMarket(tick('100', T0 + 30_000));
    await w.monitor.onMarket(bar({ low: '97', high: '106' }));
    expect(w.told).toEqual([]);
  });
});

describe('a trailing stop', () => {
  const spec = { trailing: { fraction: '0.02' } };
  const trailing = (overrides: Partial<GuardView> = {}): GuardView =>
    view({ spec, levels: { stop: '98', stopKind: 'trailing', takeProfit: null }, ...overrides });

  it('follows by steps that are worth it, one at a time, to the best price seen', async () => {
    w.state.live = [trailing()];
    await w.monitor.refresh();
    await w.monitor.onMarket(tick('100.1', T0 + 1));
    expect(w.told).toEqual([]);
    await w.monitor.onMarket(tick('101', T0 + 2));
    await w.monitor.onMarket(tick('103', T0 + 3));
    await w.monitor.onMarket(tick('102', T0 + 4));
    expect(w.told).toEqual([{ kind: 'ratchet', generation: 1, price: '101' }]);
    const levels = { stop: '98.98', stopKind: 'trailing', takeProfit: null } as const;
    w.state.live = [trailing({ generation: 2, bestPrice: '101', levels })];
    await w.monitor.refresh();
    expect(w.told.slice(1)).toEqual([{ kind: 'ratchet', generation: 2, price: '103' }]);
  });
});

describe('what runs is looked after', () => {
  it('tells people once an outage that a guarded symbol has no price', async () => {
    await w.monitor.onMarket(tick('100'));
    w.state.now += STALE_MS;
    await w.monitor.refresh();
    await w.monitor.refresh();
    expect(w.alerts).toHaveLength(1);
    expect(w.alerts[0]).toMatch(/^risk\.alert\.warning guard-price-stale:binance BTC\/USDT:/);
    await w.monitor.onMarket(tick('100', T0 + 1));
    w.state.now += STALE_MS;
    await w.monitor.refresh();
    expect(w.alerts).toHaveLength(2);
  });

  it('starts a guard that lives without a workflow, and tells one that is behind its position', async () => {
    await w.monitor.sweep();
    expect(w.told).toEqual([]);
    w.state.on = false;
    await w.monitor.sweep();
    w.state.on = true;
    w.state.live = [view({ held: '2' })];
    await w.monitor.sweep();
    expect(w.told).toEqual([{ kind: 'positionChanged' }, { kind: 'positionChanged' }]);
  });

  const LEFT: BrokenPromise = {
    ...{ strategyId: 's1', symbol: 'BTC/USDT', kind: 'left' },
    sentence: 's1 BTC/USDT: 1 is held and its guard ended as flat',
  };

  it('lets the guard of a position that was left live again, starts it and tells people', async () => {
    w.state.live = [];
    w.state.unguarded = [LEFT];
    w.state.on = false;
    await w.monitor.sweep();
    expect(w.told).toEqual([{ kind: 'positionChanged' }]);
    expect(w.alerts).toEqual(['risk.alert.warning guard-revived:s1:BTC/USDT:2']);
  });

  it('tells people once of a promise that stays broken', async () => {
    const nothing: BrokenPromise = { ...LEFT, kind: 'nothing-held', sentence: 'nothing is held' };
    w.state.revives = false;
    w.state.unguarded = [LEFT, nothing];
    await w.monitor.sweep();
    expect(w.alerts).toEqual([]);
    w.state.now += BROKEN_MS;
    await w.monitor.sweep();
    await w.monitor.sweep();
    expect(w.alerts).toHaveLength(2);
    for (const told of w.alerts) expect(told).toMatch(/^risk\.alert\.critical guard-broken/);
  });
});
