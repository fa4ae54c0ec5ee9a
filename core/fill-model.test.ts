import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createInstrument } from '../test/factories/market.ts';
import {
  barPath,
  feeOf,
  isMarketable,
  isStopReached,
  limitFillPrice,
  marketFillPrice,
  stopLimitReached,
  stopReachedPrice,
} from './fill-model.ts';
import { Decimal, decimal, toDecimalString } from './money.ts';

const BAR = { open: '100', high: '105', low: '98', close: '103' };

describe('market orders', () => {
  it.each([
    ['buy', '97000.01', '0', '97000.01'],
    ['sell', '97000.01', '0', '97000.01'],
    // 97000.01 × 1.0002 = 97019.410002, up to the tick; × 0.9998 = 96980.609998, down.
    ['buy', '97000.01', '2', '97019.42'],
    ['sell', '97000.01', '2', '96980.6'],
    ['sell', '0.01', '5000', '0.01'],
  ] as const)('%s at %s with %s bp fills at %s', (side, price, slippageBps, expected) => {
    expect(marketFillPrice({ side, price, slippageBps, priceTick: '0.01' })).toBe(expected);
  });
});

describe('limit orders', () => {
  it.each([
    ['buy', '97.99', null],
    ['buy', '98', '98'],
    ['buy', '99.5', '99.5'],
    ['buy', '101', '100'],
    ['sell', '105.01', null],
    ['sell', '105', '105'],
    ['sell', '104', '104'],
    ['sell', '99', '100'],
  ] as const)('%s at %s fills at %s', (side, limitPrice, expected) => {
    expect(limitFillPrice({ side, limitPrice, bar: BAR })).toBe(expected);
  });

  it('is marketable at the current price or beyond', () => {
    expect(isMarketable({ side: 'buy', limitPrice: '100', price: '100' })).toBe(true);
    expect(isMarketable({ side: 'buy', limitPrice: '99.99', price: '100' })).toBe(false);
    expect(isMarketable({ side: 'sell', limitPrice: '100.01', price: '100' })).toBe(false);
    expect(isMarketable({ side: 'sell', limitPrice: '99', price: '100' })).toBe(true);
  });
});

describe('barPath', () => {
  it('goes to the nearer extreme first, and to the low when both are as near', () => {
    expect(barPath(BAR)).toEqual(['100', '98', '105', '103']);
    expect(barPath({ ...BAR, open: '104' })).toEqual(['104', '105', '98', '103']);
    expect(barPath({ open: '100', high: '102', low: '98', close: '99' })).toEqual([
      '100',
      '98',
      '102',
      '99',
    ]);
  });
});

describe('feeOf', () => {
  const instrument = createInstrument({ makerFeeRate: '0.0008' });
  const fill = { side: 'buy', price: '97000', quantity: '0.01', liquidity: 'taker' } as const;

  it('takes what is received, the quote, or a third asset at its price', () => {
    expect(feeOf({ ...fill, instrument, feeIn: 'received' })).toEqual({
      feeAmount: '0.00001',
      feeAsset: 'BTC',
    });
    expect(feeOf({ ...fill, side: 'sell', instrument, feeIn: 'received' })).toEqual({
      feeAmount: '0.97',
      feeAsset: 'USDT',
    });
    expect(feeOf({ ...fill, liquidity: 'maker', instrument, feeIn: 'quote' })).toEqual({
      feeAmount: '0.776',
      feeAsset: 'USDT',
    });
    expect(feeOf({ ...fill, instrument, feeIn: 'BNB', feeAssetPrice: '600' })).toEqual({
      feeAmount: '0.00161667',
      feeAsset: 'BNB',
    });
  });

  it('says what is missing for a third asset', () => {
    expect(() => feeOf({ ...fill, instrument, feeIn: 'BNB' })).toThrow(/feeAssetPrice/);
  });
});

const bars = fc
  .array(fc.integer({ min: 1, max: 1_000_000 }), { minLength: 4, maxLength: 4 })
  .map((ticks) => {
    const text = (n: number | undefined): string => toDecimalString(new Decimal(n ?? 1).div(100));
    const sorted = ticks.toSorted((a, b) => a - b);
    return {
      low: text(sorted[0]),
      open: text(ticks[1]),
      close: text(ticks[2]),
      high: text(sorted[3]),
    };
  });

describe('stop orders', () => {
  const bar = { open: '100', high: '110', low: '90', close: '105' };

  it.each([
    ['a sell the bar falls to', 'sell', '95', bar, '95'],
    ['a sell the bar only touches', 'sell', '90', bar, '90'],
    ['a sell below the bar', 'sell', '89.99', bar, null],
    ['a sell the bar opens beneath', 'sell', '102', bar, '100'],
    ['a buy the bar rises to', 'buy', '108', bar, '108'],
    ['a buy above the bar', 'buy', '110.01', bar, null],
    ['a buy the bar opens above', 'buy', '95', bar, '100'],
  ] as const)('%s', (_, side, stopPrice, minute, expected) => {
    expect(stopReachedPrice({ side, stopPrice, bar: minute })).toBe(expected);
  });

  it('are reached at their own price, and beyond it', () => {
    expect(isStopReached({ side: 'sell', stopPrice: '100', price: '100.01' })).toBe(false);
    expect(isStopReached({ side: 'sell', stopPrice: '100', price: '100' })).toBe(true);
    expect(isStopReached({ side: 'buy', stopPrice: '100', price: '99.99' })).toBe(false);
    expect(isStopReached({ side: 'buy', stopPrice: '100', price: '101' })).toBe(true);
  });
});

describe('stop-limit orders', () => {
  // 100 → 90 → 110 → 105, the low first.
  const bar = { open: '100', high: '110', low: '90', close: '105' };

  it.each([
    ['never triggered', 'sell', '89', '88', null],
    ['a sell takes where it is triggered', 'sell', '95', '94', ['95', 'taker']],
    ['a sell rests, and the path comes back up', 'sell', '95', '108', ['108', 'maker']],
    ['a sell rests above the bar', 'sell', '95', '111', 'rests'],
    ['a sell is triggered by a gap, at the open', 'sell', '102', '99', ['100', 'taker']],
    ['a gap opens beyond its limit: it rests', 'sell', '102', '101', ['101', 'maker']],
    ['a buy takes where it is triggered', 'buy', '108', '109', ['108', 'taker']],
    // The low came before the trigger: what is past does not fill it.
    ['a buy rests below what is yet to come', 'buy', '108', '95', 'rests'],
    ['a buy rests, and the close comes back to it', 'buy', '108', '106', ['106', 'maker']],
  ] as const)('%s', (_, side, stopPrice, limitPrice, expected) => {
    const reached = stopLimitReached({ side, stopPrice, limitPrice, bar });
    if (expected === null) expect(reached).toBeNull();
    else if (expected === 'rests') expect(reached).toEqual({ fill: null });
    else expect(reached).toEqual({ fill: { price: expected[0], liquidity: expected[1] } });
  });

  it('fill within the bar, never worse than the limit, a taker no better than the trigger', () => {
    fc.assert(
      fc.property(
        bars,
        fc.constantFrom('buy' as const, 'sell' as const),
        fc.integer({ min: 1, max: 1_100_000 }),
        fc.integer({ min: 1, max: 1_100_000 }),
        (minute, side, stop, limit) => {
          const [stopPrice, limitPrice] = [stop, limit].map((ticks) =>
            toDecimalString(new Decimal(ticks).div(100)),
          ) as [string, string];
          const reached = stopLimitReached({ side, stopPrice, limitPrice, bar: minute });
          const trigger = stopReachedPrice({ side, stopPrice, bar: minute });
          expect(reached === null).toBe(trigger === null);
          const fill = reached?.fill ?? null;
          if (fill === null) return;
          const { price, liquidity } = fill;
          expect(decimal(price).gte(minute.low) && decimal(price).lte(minute.high)).toBe(true);
          expect(isMarketable({ side, limitPrice, price })).toBe(true);
          // As a limit order alone it would have filled in that bar too.
          expect(limitFillPrice({ side, limitPrice, bar: minute })).not.toBeNull();
          if (liquidity === 'taker') expect(price).toBe(trigger);
          else expect(price).toBe(limitPrice);
        },
      ),
    );
  });
});

describe('the model stays within the bar', () => {
  it('limit fills lie between low and high, never worse than the limit, stops at or beyond their price; the path holds all four', () => {
    fc.assert(
      fc.property(
        bars,
        fc.constantFrom('buy' as const, 'sell' as const),
        fc.integer({ min: 1, max: 1_100_000 }),
        (bar, side, ticks) => {
          const limitPrice = toDecimalString(new Decimal(ticks).div(100));
          const price = limitFillPrice({ side, limitPrice, bar });
          const touched =
            side === 'buy' ? decimal(bar.low).lte(limitPrice) : decimal(bar.high).gte(limitPrice);
          expect(price !== null).toBe(touched);
          if (price !== null) {
            expect(decimal(price).gte(bar.low) && decimal(price).lte(bar.high)).toBe(true);
            expect(isMarketable({ side, limitPrice, price })).toBe(true);
          }
          const stopPrice = limitPrice;
          const reached = stopReachedPrice({ side, stopPrice, bar });
          const met =
            side === 'buy' ? decimal(bar.high).gte(stopPrice) : decimal(bar.low).lte(stopPrice);
          expect(reached !== null).toBe(met);
          if (reached !== null) {
            expect(decimal(reached).gte(bar.low) && decimal(reached).lte(bar.high)).toBe(true);
            expect(isStopReached({ side, stopPrice, price: reached })).toBe(true);
          }
          const path = barPath(bar);
          expect(path.toSorted()).toEqual([bar.open, bar.high, bar.low, bar.close].toSorted());
          expect([path[0], path[3]]).toEqual([bar.open, bar.close]);
        },
      ),
    );
  });
});
