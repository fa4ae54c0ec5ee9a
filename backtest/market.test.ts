/** How many places the prices of a series need. */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { barsOf, flat } from '../test/factories/run-backtest.ts';
import { pricePlaces } from './market.ts';

const placesOf = (...prices: number[]): number => pricePlaces(barsOf(prices.map(flat)));

describe('the places of prices', () => {
  it('are the most that any price needs', () => {
    expect(placesOf(100, 7)).toBe(0);
    expect(placesOf(100, 7.5, 8.25, 9)).toBe(2);
    expect(pricePlaces(barsOf([[1, 1.125, 0.9, 1.05]]))).toBe(3);
    // Products with a power of ten that come out a little beside the whole number.
    expect(placesOf(0.29, 1.1, 4.35)).toBe(2);
  });

  it('of any decimals of up to fifteen digits are those written', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1e15 }),
        fc.integer({ min: 0, max: 8 }),
        (units, places) => {
          const price = units / 10 ** places;
          const [, fraction = ''] = price.toFixed(places).split('.');
          expect(placesOf(price)).toBe(fraction.replace(/0+$/, '').length);
        },
      ),
    );
  });

  it('are none from 2^52 on, where doubles have no halves', () => {
    expect(placesOf(2 ** 52 + 1, 2 ** 52 + 2, 2 ** 53 - 1, 2 ** 60, 3)).toBe(0);
  });

  it('are refused beyond fifteen, and for what is no price', () => {
    expect(() => placesOf(100, 0.1 + 0.2)).toThrow(/BTC\/USDT has a price of 0.30000000000000004/);
    expect(() => placesOf(Number.NaN)).toThrow(/has a price of NaN/);
  });
});
