/** What a strategy's wishes become: sizes, signals, refusals. */
import { describe, expect, it } from '@jest/globals';
import { KeelError } from '../core/errors.ts';
import { signalSchema } from '../core/signal.ts';
import { createInstrument, T0 } from '../test/factories/market.ts';
import {
  bar,
  ETH,
  handled,
  MINUTE,
  runnerOf,
  STANDING,
  strategyOf,
} from '../test/factories/probe-strategy.ts';
import type { Bar, Context } from './base-strategy.ts';
import type { RunnerCheckpoint, RunnerOptions } from './runner.ts';

/** Runs one bar at 100 with one call to the context; returns the signals. */
function once(
  call: (ctx: Context, b: Bar) => void,
  standing = STANDING,
  options: Partial<RunnerOptions> = {},
) {
  const runner = runnerOf(
    strategyOf({
      onKline: (b, _feed, ctx) => {
        call(ctx, b);
      },
    }),
    options,
  );
  return handled(runner.onKline(bar(0), standing));
}

describe('signals', () => {
  it('carry the key, and are the same when the bar comes again from the checkpoint', () => {
    const strategy = strategyOf({
      onKline: (_bar, feed, ctx) => {
        ctx.target(feed.symbol, { qty: '1' }, { tag: 'a' });
        ctx.target(feed.symbol, 'flat', { tag: 'b', validForMs: 1 });
      },
    });
    const first = handled(runnerOf(strategy).onKline(bar(0), STANDING));
    const restored = JSON.parse(
      JSON.stringify({ offsets: {}, sequences: {}, state: null }),
    ) as RunnerCheckpoint;
    const again = handled(runnerOf(strategy, { restored }).onKline(bar(0), STANDING));
    expect(again.signals).toEqual(first.signals);
    expect(first.signals).toMatchObject([
      { sequence: 1, wanted: { quantity: '1' }, validUntil: T0 + 2 * MINUTE, type: 'market' },
      { sequence: 2, wanted: { quantity: '0' }, validUntil: T0 + MINUTE + 1 },
    ]);
    expect(first.checkpoint.sequences).toEqual({ 'BTC/USDT': 2 });
    expect(first.signals[0]).toMatchObject({
      source: { kind: 'strategy', name: 's1' },
      eventTime: T0 + MINUTE,
      referencePrice: '100',
    });
  });

  it.each([
    ['flat', '0'],
    [{ qty: '0.123456789' }, '0.123456789'],
    [{ notional: '33' }, '0.33'],
    [{ notional: '-33' }, '-0.33'],
    // Equity 1000 − 500 + 6 × 100 = 1100.
    [{ allocation: 0.5 }, '5.5'],
    [{ risk: 0.01 }, '2.2'],
  ] as const)('size %j becomes %s', (size, expected) => {
    const held = {
      symbol: 'BTC/USDT',
      quantity: '6',
      cost: '500',
      realisedPnl: '0',
      quoteFlow: '-500',
      fees: {},
      funding: '0',
    };
    const { signals } = once(
      (ctx) => {
        expect(ctx.funds).toEqual({ equity: '1100', free: '1000' });
        expect(ctx.position('BTC/USDT').averageCost).toBe('83.333333333333333333');
        expect(ctx.position('ETH/USDT')).toMatchObject({ quantity: '0', averageCost: null });
        ctx.target('BTC/USDT', size, { tag: 't', stop: '95' });
      },
      { ...STANDING, positions: { 'BTC/USDT': held } },
    );
    expect(signals[0]?.wanted.quantity).toBe(expected);
  });

  it('cuts to the instrument’s step and marks what has no close at cost', () => {
    const eth = {
      symbol: 'ETH/USDT',
      quantity: '1',
      cost: '300',
      realisedPnl: '0',
      quoteFlow: '-400',
      fees: {},
      funding: '0',
    };
    const { signals } = once(
      (ctx) => ctx.target('BTC/USDT', { allocation: 0.333 }, { tag: 't' }),
      { ...STANDING, positions: { 'ETH/USDT': eth } },
      { instruments: { 'BTC/USDT': createInstrument({ quantityStep: '0.01' }) } },
    );
    // (1000 − 400 + 300) × 0.333 / 100 = 2.997.
    expect(signals[0]?.wanted.quantity).toBe('2.99');
  });

  it('asks for nothing when the equity is gone', () => {
    const { signals } = once((ctx) => ctx.target('BTC/USDT', { allocation: 1 }, { tag: 't' }), {
      ...STANDING,
      allocation: '-5',
    });
    expect(signals[0]?.wanted.quantity).toBe('0');
  });

  it('makes limit orders with a time-out', () => {
    const { signals } = once((ctx) =>
      ctx.order('BTC/USDT', 'sell', { qty: '2' }, { tag: 't', limitPrice: '101', timeoutMs: 5 }),
    );
    expect(signals[0]).toMatchObject({
      wanted: { kind: 'order', side: 'sell', quantity: '2' },
      type: 'limit',
      limitPrice: '101',
      timeoutMs: 5,
    });
  });

  it('say how long a limit order works', () => {
    const { signals } = once((ctx) =>
      ctx.order(
        'BTC/USDT',
        'buy',
        { qty: '2' },
        { tag: 't', limitPrice: 99, timeInForce: 'post-only' },
      ),
    );
    expect(signalSchema.parse(signals[0])).toMatchObject({
      type: 'limit',
      timeInForce: 'post-only',
    });
  });

  it('say how they are worked, and are valid as long as that takes', () => {
    const execution = { kind: 'twap', durationMs: 3_600_000, slices: 12 } as const;
    const stops = { stopLoss: { fraction: '0.02' } };
    const { signals } = once((ctx) => {
      ctx.target('BTC/USDT', { qty: '1' }, { tag: 't', execution, stops });
      ctx.target('BTC/USDT', { qty: '2' }, { tag: 't', execution, validForMs: 1 });
    });
    expect(signals).toMatchObject([
      {
        execution: { ...execution, jitter: 0, catchUp: 'spread' },
        stops,
        validUntil: T0 + 2 * MINUTE + 3_600_000,
      },
      { validUntil: T0 + MINUTE + 1 },
    ]);
  });

  it.each<[string, (ctx: Context) => unknown, RegExp]>([
    [
      'a TWAP of no time',
      (ctx) =>
        ctx.target(
          'BTC/USDT',
          { qty: '1' },
          { tag: 't', execution: { kind: 'twap', durationMs: 0, slices: 2 } },
        ),
      /durationMs.*1000/,
    ],
    [
      'an iceberg at market',
      (ctx) =>
        ctx.target(
          'BTC/USDT',
          { qty: '1' },
          { tag: 't', execution: { kind: 'iceberg', displayQuantity: '1' } },
        ),
      /iceberg work limit orders/,
    ],
    [
      'a market order that is fill or kill',
      (ctx) => ctx.target('BTC/USDT', { qty: '1' }, { tag: 't', timeInForce: 'fok' }),
      /timeInForce: ioc, fok and post-only are of limit orders/,
    ],
    [
      'a chase that is post-only',
      (ctx) =>
        ctx.order(
          'BTC/USDT',
          'buy',
          { qty: '1' },
          {
            ...{ tag: 't', limitPrice: 99, timeInForce: 'post-only' },
            execution: {
              kind: 'chase',
              priceLimit: '100',
              maxAttempts: 2,
              repriceAfterMs: 1_000,
            },
          },
        ),
      /without an execution plan/,
    ],
    [
      'risk without a stop',
      (ctx) => ctx.target('BTC/USDT', { risk: 0.1 }, { tag: 't' }),
      /options\.stop/,
    ],
    [
      'an order of nothing',
      (ctx) => ctx.order('BTC/USDT', 'buy', 'flat', { tag: 't' }),
      /above zero/,
    ],
    ['a symbol without bars', (ctx) => ctx.target('A/B', 'flat', { tag: 't' }), /no bar of A\/B/],
    ['a long tag', (ctx) => ctx.target('BTC/USDT', 'flat', { tag: 'x'.repeat(65) }), /tag/],
  ])('refuses %s with INVALID_INPUT', (_, call, message) => {
    let caught: unknown;
    try {
      once(call);
    } catch (error) {
      caught = error;
    }
    expect(caught).toMatchObject({ code: 'INVALID_INPUT' });
    expect((caught as Error).message).toMatch(message);
  });

  it("name strategy and bar when the strategy's own code throws", () => {
    let caught: unknown;
    try {
      once(() => {
        throw new TypeError('x is undefined');
      });
    } catch (error) {
      caught = error;
    }
    expect(caught).toBeInstanceOf(KeelError);
    expect(caught).toMatchObject({
      code: 'STRATEGY_FAILED',
      message:
        'strategy s1 (probe) failed on bar binance:BTC/USDT:1m closing at 2024-12-10T00:01:00.000Z: x is undefined',
    });
  });

  it('refuses bars of a feed that was not asked for', () => {
    expect(() => once((ctx) => ctx.bars(ETH))).toThrow(/no feed of this strategy/);
  });
});
