import { describe, expect, it } from '@jest/globals';
import {
  bookFault,
  effectivePrice,
  levelsFor,
  priceWithFee,
  type BookOrder,
} from './order-book.ts';

const BOOK = {
  bids: [
    ['99', '1'],
    ['98', '2'],
  ],
  asks: [
    ['101', '1'],
    ['102', '3'],
  ],
} as const;
const FREE = { takerFeeRate: '0', makerFeeRate: '0' };
const FEES = { takerFeeRate: '0.01', makerFeeRate: '0' };

const buy = (quantity: string, price: string | null = null): BookOrder => ({
  side: 'buy',
  quantity,
  price,
});

describe('effectivePrice', () => {
  it('walks the levels, fee included', () => {
    expect(effectivePrice(BOOK, buy('1'), FREE)).toBe('101');
    expect(effectivePrice(BOOK, buy('2'), FREE)).toBe('101.5');
    expect(effectivePrice(BOOK, buy('2'), FEES)).toBe('102.515');
    expect(effectivePrice(BOOK, { ...buy('2'), side: 'sell' }, FEES)).toBe('97.515');
  });

  it('is null where a market order finds too little; a limit order rests with its rest', () => {
    expect(effectivePrice(BOOK, buy('4.1'), FREE)).toBeNull();
    expect(effectivePrice({ bids: [], asks: [] }, buy('1'), FREE)).toBeNull();
    expect(effectivePrice(BOOK, buy('2', '101'), FEES)).toBe('101.505');
  });
});

it('a limit order takes levels up to its price', () => {
  expect(levelsFor(BOOK, buy('1', '101'))).toEqual([['101', '1']]);
  expect(levelsFor(BOOK, { side: 'sell', price: '98' })).toEqual(BOOK.bids);
  expect(levelsFor(BOOK, { side: 'sell', price: '99.5' })).toEqual([]);
  expect(priceWithFee('sell', '100', '0.001').toFixed()).toBe('99.9');
});

it.each<[string, object, string | null]>([
  ['a new one', {}, null],
  ['an old one', { at: 0 }, 'its book is 20000 ms old, the oldest allowed is 10000 ms'],
  ['an empty side', { asks: [] }, 'a side of its book is empty'],
  ['a crossed one', { bids: [['101', '1']] }, 'its book is crossed: bid 101, ask 101'],
])('tells what is wrong with %s', (_what, change, fault) => {
  expect(bookFault({ symbol: 'BTC/USDT', at: 15_000, ...BOOK, ...change }, 20_000)).toBe(fault);
});
