import { describe, expect, it } from '@jest/globals';
import {
  closingQuantity,
  fundingPayment,
  growth,
  initialMargin,
  maintenanceMargin,
} from './contract.ts';

describe('the cost of holding a contract', () => {
  it('is margin by leverage, on either side, rounded up', () => {
    expect(initialMargin('1000', 5)).toBe('200');
    expect(initialMargin('-1000', '3')).toBe('333.33333334');
    expect(maintenanceMargin('-0.5', '100000', '0.004')).toBe('200');
  });

  it.each([
    ['longs pay a positive rate', '0.5', '0.0001', '-5'],
    ['shorts receive it', '-0.5', '0.0001', '5'],
    ['longs receive a negative one', '0.5', '-0.0001', '5'],
    ['the flat pay nothing', '0', '0.0001', '0'],
    ['to 8 places', '0.001', '0.0000000033', '-0.00000033'],
  ])('%s', (_, quantity, rate, expected) => {
    expect(fundingPayment({ quantity, mark: '100000', rate })).toBe(expected);
  });

  it.each([
    ['0', 'buy', '1', '1', '0'],
    ['1', 'buy', '0.5', '0.5', '0'],
    ['1', 'sell', '0.4', '0', '0.4'],
    ['1', 'sell', '1', '0', '1'],
    ['1', 'sell', '1.5', '0', '1'],
    ['1', 'sell', '3', '1', '1'],
    ['-1', 'buy', '3', '1', '1'],
    ['-1', 'sell', '2', '2', '0'],
  ] as const)('from %s, %s %s grows it by %s and closes %s', (held, side, quantity, more, less) => {
    expect(growth(held, side, quantity)).toBe(more);
    expect(closingQuantity(held, side, quantity)).toBe(less);
  });
});
