/** The engine's short ways against the long ones they stand for, on random markets and strategies. */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  isMarketable,
  isStopReached,
  limitFillPrice,
  stopLimitReached,
  stopReachedPrice,
} from '../core/fill-model.ts';
import type { Kline } from '../core/kline.ts';
import { plainNumber } from '../core/money.ts';
import { roundTrips } from '../core/trade.ts';
import type { Context } from '../strategies/base-strategy.ts';
import { createInstrument, T0 } from '../test/factories/market.ts';
import { backtest, type Row } from '../test/factories/run-backtest.ts';
import type { BacktestInput } from './input.ts';
import type { BacktestResult } from './result.ts';

const BTC = 'BTC/USDT';
const MINUTE = 60_000;

const scenario = fc.record({
  steps: fc.array(fc.integer({ min: -300, max: 300 }), { minLength: 5, maxLength: 60 }),
  targets: fc.array(
    fc.record({
      bar: fc.nat(59),
      size: fc.integer({ min: 0, max: 12_000_000 }),
      close: fc.boolean(),
    }),
    { maxLength: 20 },
  ),
  feeIn: fc.constantFrom('received', 'quote'),
});
type Scenario = typeof scenario extends fc.Arbitrary<infer T> ? T : never;

/** Prices in cents that walk; each bar's wicks are as long as its body. */
function rowsOf(steps: readonly number[]): Row[] {
  let price = 10_000;
  return steps.map((step): Row => {
    const open = price;
    price = Math.max(price + step, 100);
    const wick = Math.abs(step) % 50;
    const high = Math.max(open, price) + wick;
    const low = Math.max(Math.min(open, price) - wick, 1);
    return [open / 100, high / 100, low / 100, price / 100];
  });
}

function run({ steps, targets, feeIn }: Scenario, limits: BacktestInput['limits']): BacktestResult {
  const at: Record<number, (ctx: Context) => void> = {};
  for (const { bar, size, close } of targets) {
    at[bar] = (ctx) => {
      const qty = plainNumber(size / 100_000);
      ctx.target(BTC, close ? 'flat' : { qty }, { tag: 'random' });
    };
  }
  return backtest(rowsOf(steps), at, {
    wallet: '5000',
    costs: { feeIn },
    ...(limits === undefined ? {} : { limits }),
  });
}

/** What the live venues' model says of an order that rested before the bar. */
function fillOfModel(order: {
  readonly side: 'buy' | 'sell';
  readonly bar: Record<'open' | 'high' | 'low' | 'close', string>;
  readonly stopPrice: string | undefined;
  readonly limitPrice: string | undefined;
}): { price: string; liquidity: string } | null {
  const { side, bar, stopPrice, limitPrice } = order;
  if (stopPrice !== undefined && limitPrice !== undefined) {
    return stopLimitReached({ side, bar, stopPrice, limitPrice })?.fill ?? null;
  }
  if (stopPrice !== undefined) {
    const price = stopReachedPrice({ side, bar, stopPrice });
    return price === null ? null : { price, liquidity: 'taker' };
  }
  if (limitPrice === undefined) return null;
  const price = limitFillPrice({ side, bar, limitPrice });
  return price === null ? null : { price, liquidity: 'maker' };
}

describe('the short ways', () => {
  it('admit the same orders as the real rules', () => {
    fc.assert(
      fc.property(scenario, (given) => {
        // A limit that is never met sends every order the long way.
        const long = run(given, { maxPosition: '1000000000' });
        const short = run(given, undefined);
        expect(short.orders).toEqual(long.orders);
        expect(short.fills).toEqual(long.fills);
        expect(short.run.finalEquity).toBe(long.run.finalEquity);
      }),
      { numRuns: 200 },
    );
  });

  it('make the same round trips as core/trade.ts', () => {
    fc.assert(
      fc.property(scenario, (given) => {
        const { fills, trades } = run(given, undefined);
        const bars = rowsOf(given.steps).map(([open, high, low, close], index): Kline => {
          const openAt = T0 + index * MINUTE;
          const [o, h, l, c] = [open, high, low, close].map(plainNumber) as [
            string,
            string,
            string,
            string,
          ];
          return {
            exchange: 'binance',
            symbol: BTC,
            interval: '1m',
            openAt,
            closeAt: openAt + MINUTE,
            open: o,
            high: h,
            low: l,
            close: c,
            volume: '1',
          };
        });
        const excursion = (value: string | null): number | null =>
          value === null ? null : Number(value);
        const rounded = (list: typeof trades) =>
          list.map((trade) => ({ ...trade, mae: excursion(trade.mae), mfe: excursion(trade.mfe) }));
        expect(rounded(trades)).toEqual(
          rounded(roundTrips(fills, createInstrument().quantityStep, bars)).map((trade) => ({
            ...trade,
            mae: trade.mae === null ? null : expect.closeTo(trade.mae, 9),
            mfe: trade.mfe === null ? null : expect.closeTo(trade.mfe, 9),
          })),
        );
      }),
      { numRuns: 200 },
    );
  });

  it('fill limits, stops and stop-limits inside a bar as core/fill-model.ts', () => {
    const cents = fc.integer({ min: 9_000, max: 11_000 });
    fc.assert(
      fc.property(
        fc.tuple(cents, cents, cents, cents),
        fc.constantFrom('buy' as const, 'sell' as const),
        fc.option(cents),
        fc.option(cents),
        ([open, close, ...wicks], side, stop, limit) => {
          const [o, c] = [open / 100, close / 100];
          const [high, low] = [Math.max(open, close, ...wicks), Math.min(open, close, ...wicks)];
          const row: Row = [o, high / 100, low / 100, c];
          const bar = {
            open: plainNumber(o),
            high: plainNumber(row[1]),
            low: plainNumber(row[2]),
            close: plainNumber(c),
          };
          const stopPrice = stop === null ? undefined : plainNumber(stop / 100);
          const limitPrice = limit === null ? undefined : plainNumber(limit / 100);
          const quiet = { side, price: '100' };
          // What trades, or is refused, before that bar is another matter.
          fc.pre(stopPrice === undefined || !isStopReached({ ...quiet, stopPrice }));
          fc.pre(
            limitPrice === undefined ||
              stopPrice !== undefined ||
              !isMarketable({ ...quiet, limitPrice }),
          );
          fc.pre(stopPrice !== undefined || limitPrice !== undefined);
          const { fills } = backtest(
            [[100, 100, 100, 100], [100, 100, 100, 100], [100, 100, 100, 100], row],
            {
              0: (ctx) => ctx.target(BTC, { qty: '1' }, { tag: 'hold' }),
              1: (ctx) => {
                const prices = {
                  ...(stopPrice === undefined ? {} : { stopPrice }),
                  ...(limitPrice === undefined ? {} : { limitPrice }),
                };
                ctx.order(BTC, side, { qty: '1' }, { tag: 'asked', ...prices });
              },
            },
          );
          const made = fills
            .filter(({ tag }) => tag === 'asked')
            .map(({ price, liquidity }) => ({ price, liquidity }));
          expect(made[0] ?? null).toEqual(fillOfModel({ side, bar, stopPrice, limitPrice }));
        },
      ),
      { numRuns: 300 },
    );
  });

  it('keep the books: equity is wallet plus realised plus unrealised, at every end', () => {
    fc.assert(
      fc.property(scenario, (given) => {
        const { equity, run: facts } = run(given, undefined);
        expect(equity.value.at(-1)).toBeCloseTo(Number(facts.finalEquity), 6);
      }),
    );
  });
});
