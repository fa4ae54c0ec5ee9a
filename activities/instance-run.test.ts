/** What else reaches an instance than bars: ticks, its orders; and what keeps one from being held. */
import { afterEach, describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { MARKET, ORDER } from '../adapters/bus/messages.ts';
import { marketTopic, orderTopic } from '../adapters/bus/topics.ts';
import { KeelError } from '../core/errors.ts';
import type { Kline } from '../core/kline.ts';
import type { MarketData } from '../core/market-data.ts';
import type { OrderView } from '../core/order.ts';
import { createLogger } from '../observability/logger.ts';
import { BaseStrategy, type Context, type Feed } from '../strategies/base-strategy.ts';
import { createKline, createMarketData, createOrderView, T0 } from '../test/factories/market.ts';
import { StrategyWorld, type Attempt } from '../test/factories/strategy-world.ts';
import { InstanceRun } from './instance-run.ts';
import { runInstance } from './run-strategy.ts';

const TOPIC = marketTopic('binance', 'BTC/USDT');
const MINUTE = 60_000;

/** Follows every tick with a target, and asks to cancel each order of its own it hears of. */
class Nervous extends BaseStrategy<object, { ticks: number; orders: string[] }> {
  static readonly type: string = 'nervous';
  static readonly summary = 'Reacts to everything.';
  static readonly config = z.strictObject({});
  feeds(): readonly Feed[] {
    return [{ exchange: 'binance', symbol: 'BTC/USDT', interval: '1m', warmup: 1 }];
  }
  initialState(): { ticks: number; orders: string[] } {
    return { ticks: 0, orders: [] };
  }
  override onMarketData(tick: MarketData, ctx: Context<{ ticks: number; orders: string[] }>): void {
    ctx.state = { ...ctx.state, ticks: ctx.state.ticks + 1 };
    ctx.target(tick.symbol, { qty: String(ctx.state.ticks) }, { tag: 'tick' });
  }
  override onOrderUpdate(
    order: OrderView,
    ctx: Context<{ ticks: number; orders: string[] }>,
  ): void {
    ctx.state = { ...ctx.state, orders: [...ctx.state.orders, order.status] };
    ctx.cancel(order.orderId);
  }
}

function bar(minute: number): Kline {
  return createKline({ openAt: T0 + minute * MINUTE });
}

async function worldOf(type = 'nervous'): Promise<StrategyWorld> {
  const world = new StrategyWorld({ type, ...(type === 'nervous' ? { config: {} } : {}) });
  world.registry.register(Nervous);
  await world.open();
  await world.bus.ensureTopics([orderTopic('open', 'binance')]);
  world.stored.push(bar(0));
  world.begin('run-1');
  return world;
}

async function sayTick(world: StrategyWorld): Promise<void> {
  const tick = createMarketData({ timestamp: T0 + MINUTE });
  await world.bus.publish(TOPIC, MARKET, [
    { id: 'tick', key: 'BTC/USDT', time: tick.timestamp, data: { kind: 'tick', tick } },
  ]);
}

async function sayOrder(world: StrategyWorld, order: Partial<OrderView>): Promise<void> {
  const data = createOrderView({ status: 'open', strategyId: 'sma', version: 1, ...order });
  const id = `${data.orderId}:${String(data.version)}`;
  await world.bus.publish(orderTopic('open', 'binance'), ORDER, [
    { id, key: data.orderId, time: T0, data },
  ]);
}

const attempts: Attempt[] = [];
async function started(world: StrategyWorld): Promise<void> {
  attempts.push(await world.start());
}
afterEach(async () => {
  for (const attempt of attempts.splice(0)) await attempt.stop();
});

describe('a strategy that wants ticks and orders', () => {
  it('gets ticks, and its signals of them are committed and published', async () => {
    const world = await worldOf();
    await started(world);
    await sayTick(world);
    expect(world.published.map(({ signal }) => signal.wanted)).toEqual([
      { kind: 'target', quantity: '1' },
    ]);
  });

  it("hears of its own orders, not of others', and its cancels are passed on", async () => {
    const world = await worldOf();
    await started(world);
    await sayOrder(world, { orderId: 'mine' });
    await sayOrder(world, { orderId: 'theirs', strategyId: 'other' });
    expect(world.cancelled).toEqual(['mine']);
  });
});

it('a strategy that wants bars alone is not troubled with the rest', async () => {
  const world = await worldOf('sma-cross');
  await started(world);
  const before = structuredClone(world.checkpoint);
  await sayTick(world);
  await sayOrder(world, { orderId: 'mine' });
  expect(world.checkpoint).toEqual(before);
});

describe('an attempt', () => {
  const input = { strategyId: 'sma', runId: 'run-1' };
  const control = { signal: new AbortController().signal, heartbeat: () => undefined };

  it('without the account leaves the instance to another worker, and says which it has', async () => {
    const world = await worldOf();
    const adapters = new Map([['paper', { instrument: () => Promise.reject(new Error('no')) }]]);
    await expect(runInstance({ ...world.deps(), adapters }, input, control)).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      retryable: true,
      message: 'this worker has no account binance-sandbox (it has paper); another may',
    });
  });

  it('ends with what the store said when the claim fails', async () => {
    const world = await worldOf();
    const deps = world.deps();
    const down = new KeelError('UNAVAILABLE', 'PostgreSQL does not answer');
    const strategies = { ...deps.repositories.strategies, claim: () => Promise.reject(down) };
    await expect(
      runInstance({ ...deps, repositories: { ...deps.repositories, strategies } }, input, control),
    ).rejects.toBe(down);
  });

  it('told to stop while it waits for missing bars leaves the bar to the next attempt', async () => {
    const world = await worldOf();
    const abort = new AbortController();
    const run = await InstanceRun.open(
      { ...world.deps(), logger: createLogger('test', 'silent') },
      world.record,
      'run-1',
      { gapWaitMs: 60_000 },
      abort.signal,
    );
    const waiting = run!.onKline(bar(5));
    abort.abort();
    await waiting;
    expect(world.committedTo()).toBe(bar(0).closeAt);
    expect(await run!.endedWithin(60_000, abort.signal)).toBe('stopped');
  });

  it('handles nothing once it is closed, and says so to the bus', async () => {
    const world = await worldOf();
    const { signal } = new AbortController();
    const run = await InstanceRun.open(
      world.deps(),
      world.record,
      'run-1',
      { gapWaitMs: 0 },
      signal,
    );
    await run!.close();
    await expect(run!.onKline(bar(1))).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(world.committedTo()).toBe(bar(0).closeAt);
  });
});
