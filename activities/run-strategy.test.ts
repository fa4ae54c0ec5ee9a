import { afterEach, describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import type { Kline } from '../core/kline.ts';
import { BaseStrategy, type Bar, type Context, type Feed } from '../strategies/base-strategy.ts';
import { createKline, T0 } from '../test/factories/market.ts';
import {
  recordedDay,
  StrategyWorld,
  until,
  type Attempt,
  type KillPoint,
} from '../test/factories/strategy-world.ts';

/** Asks for a new target on every bar, sized by how many it has seen. */
class Counting extends BaseStrategy<object, { seen: number }> {
  static readonly type: string = 'counting';
  static readonly summary = 'Counts bars.';
  static readonly config = z.strictObject({});
  readonly #feed: Feed = { exchange: 'binance', symbol: 'BTC/USDT', interval: '1m', warmup: 3 };
  feeds(): readonly Feed[] {
    return [this.#feed];
  }
  initialState(): { seen: number } {
    return { seen: 0 };
  }
  override onKline(_bar: Bar, feed: Feed, ctx: Context<{ seen: number }>): void {
    ctx.state = { seen: ctx.state.seen + 1 };
    if (!ctx.warming) ctx.target(feed.symbol, { qty: String(ctx.state.seen) }, { tag: 'count' });
  }
}

/** Takes back on every bar what it asked for on the one before. */
class Fickle extends BaseStrategy<object, { last: string | null }> {
  static readonly type = 'fickle';
  static readonly summary = 'Changes its mind.';
  static readonly config = z.strictObject({});
  feeds(): readonly Feed[] {
    return [{ exchange: 'binance', symbol: 'BTC/USDT', interval: '1m', warmup: 3 }];
  }
  initialState(): { last: string | null } {
    return { last: null };
  }
  override onKline(_bar: Bar, feed: Feed, ctx: Context<{ last: string | null }>): void {
    if (ctx.state.last !== null) ctx.cancel(ctx.state.last);
    ctx.state = { last: ctx.target(feed.symbol, { qty: '1' }, { tag: 'fickle' }) };
  }
}

class Faulty extends Counting {
  static override readonly type: string = 'faulty';
  override onKline(): void {
    throw new TypeError('no such thing as a free lunch');
  }
}

function bar(minute: number): Kline {
  const openAt = T0 + minute * 60_000;
  return createKline({ openAt, closeAt: openAt + 60_000 });
}

const attempts: Attempt[] = [];
async function started(world: StrategyWorld): Promise<Attempt> {
  const attempt = await world.start();
  attempts.push(attempt);
  return attempt;
}

async function counting(type = 'counting'): Promise<StrategyWorld> {
  const world = new StrategyWorld({ type, config: {} });
  world.registry.register(Counting).register(Faulty).register(Fickle);
  await world.open();
  world.begin('run-1');
  return world;
}

function wanted(world: StrategyWorld): string[] {
  return [...world.outbox.values()].map(({ signal }) =>
    signal.wanted.kind === 'target' ? signal.wanted.quantity : 'order',
  );
}

afterEach(async () => {
  for (const attempt of attempts.splice(0)) await attempt.stop();
});

describe('a strategy instance', () => {
  it('warms up to the anchor, then makes one signal a bar, published with its own id', async () => {
    const world = await counting();
    world.stored.push(bar(0), bar(1), bar(2));
    const attempt = await started(world);
    expect(world.checkpoint?.anchorAt).toBe(bar(2).closeAt);
    expect(world.checkpoint?.offsets).toEqual({ 'binance:BTC/USDT:1m': bar(2).closeAt });

    await world.deliver(bar(3));
    await world.deliver(bar(4));
    expect(wanted(world)).toEqual(['4', '5']);
    expect(world.published.map(({ messageId }) => messageId)).toEqual([...world.outbox.keys()]);
    expect([...world.outbox.values()].every(({ published }) => published)).toBe(true);
    expect(await attempt.stop()).toBe('stopped');
  });

  it('takes the first bar that comes as live where nothing is stored', async () => {
    const world = await counting();
    const attempt = world.start();
    await until(() => (world.checkpoint?.epoch ?? 0) > 1);
    await world.deliver(bar(0));
    attempts.push(await attempt);
    expect(wanted(world)).toEqual(['1']);
  });

  it('handles a bar once, however often it comes', async () => {
    const world = await counting();
    world.stored.push(bar(0));
    await started(world);
    await world.deliver(bar(1));
    await world.deliver(bar(1));
    await world.deliver(bar(0));
    await world.deliver(bar(2));
    expect(wanted(world)).toEqual(['2', '3']);
  });

  it('reads the bars of a gap from the store before the bar that showed it', async () => {
    const world = await counting();
    world.stored.push(bar(0));
    await started(world);
    world.stored.push(bar(1), bar(2));
    await world.deliver(bar(3));
    expect(wanted(world)).toEqual(['2', '3', '4']);
    expect([...world.outbox.values()].map(({ signal }) => signal.eventTime)).toEqual(
      [bar(1), bar(2), bar(3)].map(({ closeAt }) => closeAt),
    );
  });

  it('waits a little for the collector to store a gap, then goes on without it', async () => {
    const world = await counting();
    world.stored.push(bar(0));
    await started(world);
    const delivered = world.deliver(bar(3));
    await world.deliver(bar(1), { lost: true });
    await world.deliver(bar(2), { lost: true });
    await delivered;
    expect(wanted(world)).toEqual(['2', '3', '4']);

    await world.deliver(bar(7));
    expect(wanted(world)).toEqual(['2', '3', '4', '5']);
    expect(world.committedTo()).toBe(bar(7).closeAt);
  });

  it('takes from the store what the bus lost, without a later bar', async () => {
    const world = await counting();
    world.stored.push(bar(0));
    await started(world);
    await world.deliver(bar(1), { lost: true });
    await until(() => world.published.length === 1);
    expect(wanted(world)).toEqual(['2']);
  });

  it.each<[KillPoint, number]>([
    ['before-commit', 1],
    ['before-publish', 1],
    ['before-mark', 2],
  ])(
    'killed %s, the next attempt tells the signal under the same id',
    async (point, deliveries) => {
      const world = await counting();
      world.stored.push(bar(0));
      const first = await world.start({ sweepMs: 60_000, gapWaitMs: 10, rotateMs: 60_000 });
      world.kill = point;
      const delivered = world.deliver(bar(1));
      await until(() => world.kill === undefined);
      await first.stop();
      await delivered;

      await started(world);
      await until(() => [...world.outbox.values()].some(({ published }) => published));
      await world.deliver(bar(2));
      expect(wanted(world)).toEqual(['2', '3']);
      const [id] = [...world.outbox.keys()];
      expect(world.published.filter(({ messageId }) => messageId === id)).toHaveLength(deliveries);
      expect(new Set(world.published.map(({ messageId }) => messageId)).size).toBe(2);
    },
  );

  it('killed after its commit, the next attempt asks for the cancel that was due', async () => {
    const world = await counting('fickle');
    const first = await started(world);
    await world.deliver(bar(0));
    await until(() => world.outbox.size === 1);
    world.kill = 'before-cancel';
    const delivered = world.deliver(bar(1));
    expect(await first.ended).toMatchObject({ message: 'killed before-cancel' });
    await delivered;
    expect(world.cancelled).toEqual([]);
    await started(world);
    const [taken] = [...world.outbox.keys()];
    await until(() => world.cancelled.length === 1);
    expect(world.cancelled).toEqual([taken]);
  });

  it('publishes again by itself when the bus was away for a moment', async () => {
    const world = await counting();
    world.stored.push(bar(0));
    await started(world);
    world.kill = 'before-publish';
    await world.deliver(bar(1));
    await until(() => world.published.length === 1);
    expect(wanted(world)).toEqual(['2']);
  });

  it('leaves at the fence when a second runner took the instance', async () => {
    const world = await counting();
    world.stored.push(bar(0));
    const first = await started(world);
    const second = await started(world);
    await world.deliver(bar(1));
    expect(await first.ended).toBe('fenced');
    await until(() => world.published.length === 1);
    await world.deliver(bar(2));
    expect(wanted(world)).toEqual(['2', '3']);
    expect(await second.stop()).toBe('stopped');
  });

  it('leaves when its run is over', async () => {
    const world = await counting();
    const stale = world.record;
    world.begin('run-2');
    world.record = stale;
    const attempt = await started(world);
    expect(await attempt.ended).toBe('superseded');
  });

  it('hands itself back after its time', async () => {
    const world = await counting();
    world.stored.push(bar(0));
    const attempt = await world.start({ sweepMs: 5, gapWaitMs: 10, rotateMs: 20 });
    expect(await attempt.ended).toBe('rotated');
  });

  it('fails with strategy and bar when the strategy itself throws', async () => {
    const world = await counting('faulty');
    const attempt = world.start();
    await until(() => (world.checkpoint?.epoch ?? 0) > 1);
    const delivered = world.deliver(bar(0));
    expect(await (await attempt).ended).toMatchObject({
      code: 'STRATEGY_FAILED',
      retryable: false,
      message: expect.stringMatching(/sma \(faulty\).*BTC\/USDT.*free lunch/),
    });
    await delivered;
  });

  it('fails on an unknown type and a wrong configuration', async () => {
    for (const [strategy, code] of [
      [{ type: 'astrology' }, 'STRATEGY_UNKNOWN'],
      [{ config: { fast: 0, colour: 'red' } }, 'CONFIG_INVALID'],
    ] as const) {
      const world = new StrategyWorld(strategy);
      world.begin('run-1');
      expect(await (await started(world)).ended).toMatchObject({ code });
    }
  });

  it('makes the same signals over the recorded day with restarts as without', async () => {
    const { before, day } = recordedDay();
    const straight = await playDay(before, day, []);
    const restarted = await playDay(before, day, [1, 333, 720, 721, 1200]);
    expect(straight.length).toBeGreaterThan(10);
    expect(restarted).toEqual(straight);
  });
});

async function playDay(
  before: readonly Kline[],
  day: readonly Kline[],
  restartsAt: readonly number[],
) {
  const world = new StrategyWorld();
  await world.open();
  world.stored.push(...before);
  world.begin('run-1');
  let attempt = await world.start();
  for (const [index, next] of day.entries()) {
    if (restartsAt.includes(index)) {
      await attempt.stop();
      attempt = await world.start();
    }
    await world.deliver(next);
  }
  await attempt.stop();
  expect(world.committedTo()).toBe(day.at(-1)?.closeAt);
  return [...world.outbox.values()].map(({ signal }) => signal);
}
