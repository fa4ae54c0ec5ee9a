import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createFill, createKline, T0 } from '../test/factories/market.ts';
import { applyFill, emptyPosition } from './ledger.ts';
import { Decimal, decimal, toDecimalString } from './money.ts';
import type { Position } from './position.ts';
import { roundTrips, type TaggedFill, tradeSchema } from './trade.ts';

const MINUTE = 60_000;
const STEP = '0.00001';

function fill(tag: string, overrides: Partial<TaggedFill> = {}): TaggedFill {
  return { ...createFill(overrides), tag };
}

describe('roundTrips', () => {
  it('knows no trade without a fill', () => {
    expect(roundTrips([], STEP)).toEqual([]);
  });

  it('reckons excursions over more bars than a call takes arguments', () => {
    const bar = createKline({ openAt: T0, low: '99', high: '101' });
    const bars = Array.from({ length: 200_000 }, () => bar);
    bars[150_000] = { ...bar, low: '90', high: '130' };
    const [trade] = roundTrips([fill('in', { executedAt: T0 })], STEP, bars);
    expect(trade).toMatchObject({ mae: '-10', mfe: '30' });
  });

  it('makes one trade of two entries and two exits, with fees and excursions', () => {
    const fills = [
      fill('in', { quantity: '1', feeAmount: '0.1', executedAt: T0 }),
      fill('more', { quantity: '1', price: '110', feeAmount: '0.11', executedAt: T0 + MINUTE }),
      fill('out', {
        side: 'sell',
        quantity: '0.5',
        price: '120',
        feeAmount: '0.06',
        executedAt: T0 + 2 * MINUTE,
      }),
      fill('end', {
        side: 'sell',
        quantity: '1.5',
        price: '100',
        feeAmount: '0.15',
        executedAt: T0 + 3 * MINUTE,
      }),
    ];
    const bars = [
      createKline({ openAt: T0 - MINUTE, low: '1', high: '999' }),
      createKline({ openAt: T0, low: '99', high: '111' }),
      createKline({ openAt: T0 + MINUTE, low: '90', high: '121' }),
      createKline({ openAt: T0 + 3 * MINUTE, low: '1', high: '999' }),
    ];
    const [trade, ...rest] = roundTrips(fills, STEP, bars);
    expect(rest).toEqual([]);
    // Bought 2 for 210, sold 2 for 210, fees 0.42. From 105: down 15 and up 16, on 2.
    expect(trade).toEqual({
      symbol: 'BTC/USDT',
      tradeNumber: 1,
      side: 'long',
      entryAt: T0,
      exitAt: T0 + 3 * MINUTE,
      entryTag: 'in',
      exitTag: 'end',
      quantity: '2',
      entryPrice: '105',
      exitPrice: '105',
      pnl: '-0.42',
      fees: '0.42',
      mae: '-30',
      mfe: '32',
    });
    expect(tradeSchema.safeParse(trade).success).toBe(true);
  });

  it('ends with the dust a base fee left, and hands it on', () => {
    const fills = [
      fill('a', { quantity: '0.12345', feeAmount: '0.00012345', feeAsset: 'BTC' }),
      fill('b', { side: 'sell', quantity: '0.12332', price: '110', feeAmount: '0' }),
      fill('c', { quantity: '0.1', price: '100' }),
    ];
    const trades = roundTrips(fills, STEP);
    expect(trades.map(({ entryTag, exitTag }) => [entryTag, exitTag])).toEqual([
      ['a', 'b'],
      ['c', null],
    ]);
    expect(trades[0]).toMatchObject({ fees: '0.012345', mae: null, mfe: null });
    expect(trades[1]).toMatchObject({ exitAt: null, exitPrice: null, pnl: null, tradeNumber: 2 });
  });

  it('ends a trade of few steps with whatever is below the step, however much of it that is', () => {
    const fills = [
      fill('a', { quantity: '0.00002', feeAmount: '0.00000002', feeAsset: 'BTC' }),
      fill('b', { side: 'sell', quantity: '0.00001', price: '110', feeAmount: '0' }),
    ];
    expect(roundTrips(fills, STEP)).toMatchObject([{ exitTag: 'b', quantity: '0.00002' }]);
    expect(roundTrips(fills, '0.00000001')).toMatchObject([{ exitAt: null }]);
  });

  it('keeps a trade open after a small but sellable rest', () => {
    const fills = [
      fill('a', { quantity: '0.1' }),
      fill('b', { side: 'sell', quantity: '0.09999', price: '110' }),
    ];
    expect(roundTrips(fills, STEP)).toHaveLength(1);
    expect(roundTrips(fills, STEP)[0]?.exitAt).toBeNull();
  });

  it('cuts a fill that crosses zero into an exit and an entry', () => {
    const fills = [
      fill('long', { quantity: '1' }),
      fill('flip', { side: 'sell', quantity: '3', price: '110', feeAmount: '0.3' }),
      fill('cover', { quantity: '2', price: '105' }),
    ];
    const bars = [createKline({ openAt: T0 - 1, low: '100', high: '112' })];
    const [long, short] = roundTrips(fills, STEP, bars);
    expect(long).toMatchObject({ side: 'long', pnl: '9.9', fees: '0.1', exitTag: 'flip' });
    expect(short).toMatchObject({
      side: 'short',
      quantity: '2',
      entryTag: 'flip',
      entryPrice: '110',
      exitPrice: '105',
      pnl: '9.8',
      fees: '0.2',
      mae: '-4',
      mfe: '20',
    });
  });

  it('leaves a fee in a third asset out of the fees', () => {
    const [trade] = roundTrips([fill('a', { feeAmount: '0.01', feeAsset: 'BNB' })], STEP);
    expect(trade?.fees).toBe('0');
  });

  it("adds up to the position's realised P&L whenever it is flat", () => {
    const lots = fc
      .integer({ min: 1, max: 1000 })
      .map((n) => toDecimalString(new Decimal(n).div(1000)));
    const anyFill = fc
      .record({
        side: fc.constantFrom('buy' as const, 'sell' as const),
        price: fc.integer({ min: 1, max: 100_000 }).map(String),
        quantity: lots,
        feeAmount: lots,
      })
      .map((part) => fill('t', part));
    fc.assert(
      fc.property(fc.array(anyFill, { minLength: 1, maxLength: 20 }), (some) => {
        const after = some.reduce<Position>(applyFill, emptyPosition('BTC/USDT'));
        const rest = decimal(after.quantity);
        const last = fill('close', {
          side: rest.isNegative() ? 'buy' : 'sell',
          quantity: toDecimalString(rest.abs()),
        });
        const fills = rest.isZero() ? some : [...some, last];
        const whole = fills.reduce<Position>(applyFill, emptyPosition('BTC/USDT'));
        const total = roundTrips(fills, STEP).reduce(
          (sum, { pnl }) => sum.plus(pnl ?? '0'),
          new Decimal(0),
        );
        expect(total.minus(whole.realisedPnl).abs().lt('1e-12')).toBe(true);
      }),
    );
  });
});
