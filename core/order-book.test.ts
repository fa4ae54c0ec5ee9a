import { describe, expect, it } from '@jest/globals';
import { effectivePrice, priceWithFee, takes } from './order-book.ts';

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

const buy = (quantity: string, limitPrice: string | null = null) =>
  ({ side: 'buy', quantity, limitPrice }) as const;

describe('effectivePrice', () => {
  it('walks the levels, fee included', () => {
    expect(effectivePrice(BOOK, buy('1'), '0')).toBe('101');
    expect(effectivePrice(BOOK, buy('2'), '0')).toBe('101.5');
    expect(effectivePrice(BOOK, buy('2'), '0.01')).toBe('102.515');
    expect(effectivePrice(BOOK, { ...buy('2'), side: 'sell' }, '0.01')).toBe('97.515');
  });

  it('is null where the book, or its part within the limit price, is not deep enough', () => {
    expect(effectivePrice(BOOK, buy('4.1'), '0')).toBeNull();
    expect(effectivePrice(BOOK, buy('2', '101'), '0')).toBeNull();
    expect(effectivePrice(BOOK, buy('1', '101'), '0')).toBe('101');
    expect(effectivePrice({ bids: [], asks: [] }, buy('1'), '0')).toBeNull();
  });
});

it('knows what a limit order takes', () => {
  expect(takes('buy', '101', '101')).toBe(true);
  expect(takes('buy', '100.99', '101')).toBe(false);
  expect(takes('sell', '99', '99')).toBe(true);
  expect(takes('sell', '99.01', '99')).toBe(false);
  expect(priceWithFee('sell', '100', '0.001').toFixed()).toBe('99.9');
});
