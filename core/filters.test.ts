import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createInstrument } from '../test/factories/market.ts';
import { checkFilters, fitPrice, fitQuantity, lotLimits } from './filters.ts';
import { Decimal, decimal, toDecimalString } from './money.ts';

const instrument = createInstrument({
  marketQuantityStep: '0.001',
  marketMinQuantity: '0.002',
  marketMaxQuantity: '50',
  priceBand: { bidUp: '1.2', bidDown: '0.2', askUp: '5', askDown: '0.8' },
});
const LIMIT = { side: 'buy', type: 'limit', quantity: '1', price: '100' } as const;
const MARKET = { side: 'buy', type: 'market', quantity: '1', price: null } as const;

const STOP = { side: 'sell', type: 'stop', quantity: '1', price: null, stopPrice: '90' } as const;

describe('checkFilters', () => {
  it('passes what fits', () => {
    expect(checkFilters(instrument, LIMIT, '100')).toEqual({ ok: true });
    expect(checkFilters(instrument, MARKET, '100')).toEqual({ ok: true });
    // A trigger may lie outside the band of limit prices.
    expect(checkFilters(instrument, { ...STOP, stopPrice: '10' }, '100')).toEqual({ ok: true });
  });

  it.each([
    ['off the tick', { ...LIMIT, price: '100.001' }, 'FILTER_PRICE', '0.01'],
    ['below the band', { ...LIMIT, price: '19.99' }, 'FILTER_PRICE', '20..120'],
    ['above the band', { ...LIMIT, price: '120.01' }, 'FILTER_PRICE', '20..120'],
    [
      'a sell under its band',
      { ...LIMIT, side: 'sell', price: '79.99' },
      'FILTER_PRICE',
      '80..500',
    ],
    ['under the least price', { ...LIMIT, price: '0' }, 'FILTER_PRICE', 'minimum 0.01'],
    ['over the largest price', { ...LIMIT, price: '1000001' }, 'FILTER_PRICE', 'maximum'],
    ['off the step', { ...LIMIT, quantity: '1.000001' }, 'FILTER_LOT_SIZE', '0.00001'],
    ['zero', { ...LIMIT, quantity: '0' }, 'FILTER_LOT_SIZE', 'more than zero'],
    ['too large', { ...LIMIT, quantity: '9001' }, 'FILTER_LOT_SIZE', '9000'],
    ['a market order off its step', { ...MARKET, quantity: '1.0001' }, 'FILTER_LOT_SIZE', '0.001'],
    ['a market order too small', { ...MARKET, quantity: '0.001' }, 'FILTER_LOT_SIZE', '0.002'],
    ['a market order too large', { ...MARKET, quantity: '51' }, 'FILTER_LOT_SIZE', '50'],
    ['too little money', { ...LIMIT, quantity: '0.04' }, 'FILTER_NOTIONAL', '= 4 USDT'],
    ['a stop off the tick', { ...STOP, stopPrice: '90.001' }, 'FILTER_PRICE', '0.01'],
    ['too little at its stop', { ...STOP, quantity: '0.05' }, 'FILTER_NOTIONAL', '= 4.5 USDT'],
    ['too little at market', { ...MARKET, quantity: '0.04' }, 'FILTER_NOTIONAL', '= 4 USDT'],
  ] as const)('refuses %s', (_, order, code, told) => {
    const verdict = checkFilters(instrument, order, '100');
    expect(verdict).toMatchObject({ ok: false, code });
    expect(verdict.ok ? '' : verdict.reason).toContain(told);
  });

  it('knows no largest price where the venue states none', () => {
    const free = createInstrument({ maxPrice: '0' });
    expect(checkFilters(free, { ...LIMIT, price: '99999999' }, '100')).toEqual({ ok: true });
  });
});

describe('fitting', () => {
  it('floors quantities to the step that binds the type', () => {
    expect(fitQuantity(instrument, 'limit', '1.2345678')).toBe('1.23456');
    expect(fitQuantity(instrument, 'market', '1.2345678')).toBe('1.234');
    expect(fitQuantity(instrument, 'limit', '0.000009')).toBe('0');
    expect(lotLimits(instrument, 'limit').max).toBe('9000');
  });

  it('rounds prices in favour of the order', () => {
    expect(fitPrice(instrument, 'buy', '100.019')).toBe('100.01');
    expect(fitPrice(instrument, 'sell', '100.011')).toBe('100.02');
  });

  it('fitting twice is fitting once, and what fits is on the grid', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: 0n, max: 10n ** 16n }),
        fc.constantFrom('limit' as const, 'market' as const),
        fc.constantFrom('buy' as const, 'sell' as const),
        (raw, type, side) => {
          const value = toDecimalString(new Decimal(raw.toString()).div('100000000000'));
          const quantity = fitQuantity(instrument, type, value);
          expect(fitQuantity(instrument, type, quantity)).toBe(quantity);
          expect(decimal(quantity).lte(value)).toBe(true);
          expect(decimal(quantity).mod(lotLimits(instrument, type).step).isZero()).toBe(true);
          const price = fitPrice(instrument, side, value);
          expect(fitPrice(instrument, side, price)).toBe(price);
          expect(decimal(price).mod(instrument.priceTick).isZero()).toBe(true);
        },
      ),
    );
  });
});
