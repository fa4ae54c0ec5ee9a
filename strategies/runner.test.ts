import { describe, expect, it } from '@jest/globals';
import type { Kline } from '../core/kline.ts';
import type { OrderView } from '../core/order.ts';
import { createMarketData, T0 } from '../test/factories/market.ts';
import {
  bar,
  ETH,
  FEED,
  FIVE,
  handled,
  MINUTE,
  runnerOf,
  STANDING,
  strategyOf,
} from '../test/factories/probe-strategy.ts';
import type { Json } from '../core/json.ts';
import type { RunnerCheckpoint } from './runner.ts';

describe('bars', () => {
  it('are handled once, in order, and gaps are reported', () => {
    const seen: number[] = [];
    const runner = runnerOf(
      strategyOf({
        onKline: (b) => {
          seen.push(b.openAt);
        },
      }),
    );
    expect(runner.onKline(bar(0), STANDING).kind).toBe('handled');
    expect(runner.onKline(bar(0), STANDING).kind).toBe('already-handled');
    expect(runner.onKline(bar(2), STANDING)).toEqual({
      kind: 'gap',
      from: T0 + MINUTE,
      to: T0 + 2 * MINUTE,
    });
    expect(runner.onKline(bar(1), STANDING).kind).toBe('handled');
    expect(runner.onKline(bar(3), STANDING, { acceptGap: true }).kind).toBe('handled');
    expect(runner.onKline(bar(4, '1', { symbol: 'ETH/USDT' }), STANDING).kind).toBe('not-mine');
    expect(seen.map((openAt) => (openAt - T0) / MINUTE)).toEqual([0, 1, 3]);
    expect(runner.offsets).toEqual({ 'binance:BTC/USDT:1m': T0 + 4 * MINUTE });
  });

  it('warm up to the anchor without signals, and the first live one follows it', () => {
    const calls: [number, boolean][] = [];
    const strategy = strategyOf({
      onKline: (b, _feed, ctx) => {
        calls.push([(b.openAt - T0) / MINUTE, ctx.warming]);
        ctx.order('BTC/USDT', 'buy', { allocation: 1 }, { tag: 'x' });
        ctx.cancel('nothing');
      },
    });
    const runner = runnerOf(strategy, { anchorAt: T0 + 2 * MINUTE });
    expect(runner.history()).toEqual([
      { exchange: 'binance', symbol: 'BTC/USDT', interval: '1m', count: 3 },
    ]);
    runner.warmUp([bar(0), bar(1), bar(2)]);
    expect(runner.onKline(bar(1), STANDING).kind).toBe('already-handled');
    const live = handled(runner.onKline(bar(2), STANDING));
    expect(live.signals.map(({ sequence }) => sequence)).toEqual([1]);
    expect(live.cancels).toEqual(['nothing']);
    expect(calls).toEqual([
      [0, true],
      [1, true],
      [2, false],
    ]);
  });

  it('warm up in full where there is no anchor', () => {
    const runner = runnerOf(strategyOf({ onKline: () => undefined }));
    runner.warmUp([bar(0), bar(1, '7'), bar(0, '9', { symbol: 'X/Y' })]);
    expect(runner.onKline(bar(1), STANDING).kind).toBe('already-handled');
    expect(runner.onKline(bar(2), STANDING).kind).toBe('handled');
  });

  it('stand in bounded columns, only as far as now', () => {
    const closes: number[][] = [];
    const strategy = strategyOf(
      {
        onKline: (_bar, feed, ctx) => {
          const columns = ctx.bars(feed);
          expect(columns.closeAt.at(-1)).toBeLessThanOrEqual(ctx.now);
          expect(columns.length).toBe(columns.close.length);
          closes.push([...columns.close]);
        },
      },
      [FEED, FIVE],
    );
    const runner = runnerOf(strategy);
    for (let at = 0; at < 10; at += 1) runner.onKline(bar(at, String(at + 1)), STANDING);
    expect(closes[0]).toEqual([1]);
    expect(closes[4]).toEqual([3, 4, 5]);
    expect(closes[5]).toEqual([5]);
    expect(closes.at(-1)).toEqual([5, 10]);
    expect(runner.history()[0]?.count).toBe(14);
  });
});

describe('other events', () => {
  it('ticks come once, in order, and may signal', () => {
    const strategy = strategyOf({
      onMarketData: (tick, ctx) => {
        ctx.target(tick.symbol, { qty: '1' }, { tag: String(ctx.aux('funding')?.value) });
      },
    });
    const runner = runnerOf(strategy, {
      aux: (name, now) => (name === 'funding' ? { value: 7, publishedAt: now } : undefined),
    });
    runner.onKline(bar(0), STANDING);
    const tick = createMarketData({ timestamp: T0 + MINUTE + 5 });
    expect(handled(runner.onMarketData(tick, STANDING)).signals).toMatchObject([
      { eventTime: T0 + MINUTE + 5, tag: '7', validUntil: T0 + 2 * MINUTE + 5 },
    ]);
    expect(runner.onMarketData(tick, STANDING).kind).toBe('already-handled');
    expect(runner.onMarketData({ ...tick, symbol: 'X/Y' }, STANDING).kind).toBe('not-mine');
    expect([runner.wantsTicks, runner.wantsOrders]).toEqual([true, false]);
  });

  it('order updates come once a version', () => {
    const order = {
      orderId: 'o1',
      version: 1,
      strategyId: 's1',
      symbol: 'BTC/USDT',
      eventTime: T0,
      state: 'done',
    } as OrderView;
    const strategy = strategyOf(
      {
        onOrderUpdate: (update, ctx) => {
          ctx.state = [...(ctx.state as Json[]), update.version];
          expect(ctx.open('BTC/USDT')).toHaveLength(1);
        },
      },
      [FEED],
      [],
    );
    const runner = runnerOf(strategy);
    const standing = { ...STANDING, openOrders: [order] };
    expect(runner.onOrderUpdate(order, standing).kind).toBe('handled');
    expect(runner.onOrderUpdate(order, standing).kind).toBe('already-handled');
    expect(runner.onOrderUpdate({ ...order, strategyId: 'x' }, standing).kind).toBe('not-mine');
    const next = handled(runner.onOrderUpdate({ ...order, version: 2 }, standing));
    expect(next.checkpoint.state).toMatchObject({ strategy: [1, 2], orders: { o1: 2 } });
    for (let at = 0; at < 600; at += 1)
      runner.onOrderUpdate({ ...order, orderId: `n${String(at)}` }, standing);
    const kept = (runner.checkpoint().state as unknown as { orders: object }).orders;
    expect(Object.keys(kept)).toHaveLength(500);
  });

  it('not-mine where there is no handler', () => {
    const runner = runnerOf(strategyOf({}));
    expect(runner.onMarketData(createMarketData(), STANDING).kind).toBe('not-mine');
    expect(runner.onOrderUpdate({ strategyId: 's1' } as OrderView, STANDING).kind).toBe('not-mine');
  });
});

describe('slices', () => {
  function slicing() {
    const slices: [number, string[]][] = [];
    const strategy = strategyOf(
      {
        onSlice: (bars, ctx) => {
          slices.push([(ctx.now - T0) / MINUTE, [...bars.keys()].map(({ symbol }) => symbol)]);
        },
      },
      [FEED, ETH],
    );
    return { slices, runner: runnerOf(strategy), strategy };
  }
  const eth = (at: number): Kline => bar(at, '5', { symbol: 'ETH/USDT' });

  it('come when all bars of a time have come', () => {
    const { slices, runner } = slicing();
    runner.onKline(bar(0), STANDING);
    expect(slices).toEqual([]);
    runner.onKline(eth(0), STANDING);
    expect(slices).toEqual([[1, ['BTC/USDT', 'ETH/USDT']]]);
  });

  it('go on without a bar that stays away for two minutes', () => {
    const { slices, runner } = slicing();
    runner.onKline(bar(0), STANDING);
    runner.onKline(bar(1), STANDING);
    expect(slices).toEqual([]);
    runner.onKline(bar(2), STANDING);
    expect(slices).toEqual([[3, ['BTC/USDT']]]);
    runner.onKline(eth(2), STANDING, { acceptGap: true });
    // The slice of minute 2 waits no longer than the complete one after it.
    expect(slices.slice(1)).toEqual([
      [3, ['BTC/USDT']],
      [3, ['BTC/USDT', 'ETH/USDT']],
    ]);
  });

  it('give what is asked for in them a bar of the shortest feed that closed', () => {
    const five = { ...FEED, interval: '5m', warmup: 1 } as const;
    const slow = { ...five, interval: '15m' } as const;
    const strategy = strategyOf(
      { onSlice: (_bars, ctx) => ctx.target('BTC/USDT', { qty: '1' }, { tag: 'slice' }) },
      [five, slow],
    );
    const runner = runnerOf(strategy);
    const asked = Array.from({ length: 15 }, (_, at) => bar(at)).flatMap(
      (one) => handled(runner.onKline(one, STANDING)).signals,
    );
    expect(
      asked.map(({ eventTime, validUntil }) => [eventTime - T0, validUntil - eventTime]),
    ).toEqual([
      [5 * MINUTE, 5 * MINUTE],
      [10 * MINUTE, 5 * MINUTE],
      [15 * MINUTE, 5 * MINUTE],
    ]);
    const alone = runnerOf(
      strategyOf(
        { onSlice: (_bars, ctx) => ctx.target('BTC/USDT', { qty: '1' }, { tag: 'slice' }) },
        [slow],
      ),
    );
    const [only] = Array.from({ length: 15 }, (_, at) => bar(at)).flatMap(
      (one) => handled(alone.onKline(one, STANDING)).signals,
    );
    expect(only).toMatchObject({ validUntil: T0 + 30 * MINUTE });
  });

  it('survive a restart while they wait', () => {
    const { slices, runner, strategy } = slicing();
    const result = handled(runner.onKline(bar(0), STANDING));
    const restored = JSON.parse(JSON.stringify(result.checkpoint)) as RunnerCheckpoint;
    const next = runnerOf(strategy, { restored });
    next.warmUp([bar(0)]);
    next.onKline(eth(0), STANDING);
    expect(slices).toEqual([[1, ['BTC/USDT', 'ETH/USDT']]]);
  });
});

describe('construction', () => {
  it('refuses a strategy without feeds or warm-up', () => {
    expect(() => runnerOf(strategyOf({}, []))).toThrow(/no feed/);
    expect(() => runnerOf(strategyOf({}, [{ ...FEED, warmup: 0 }]))).toThrow(/warm-up of 0/);
  });
});
