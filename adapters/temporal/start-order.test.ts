import { describe, expect, it } from '@jest/globals';
import { createSignal } from '../../test/factories/market.ts';
import { summaryOf } from './start-order.ts';

describe('summaryOf', () => {
  it.each([
    [{}, 'buy to 1 BTC/USDT · sma-cross (test)'],
    [{ wanted: { kind: 'target', quantity: '0' } }, 'flat BTC/USDT · sma-cross (test)'],
    [
      { wanted: { kind: 'order', side: 'sell', quantity: '0.5' }, tag: 'stop-loss' },
      'sell 0.5 BTC/USDT · sma-cross (stop-loss)',
    ],
    [{ type: 'limit', limitPrice: '95.5' }, 'buy to 1 BTC/USDT at 95.5 · sma-cross (test)'],
  ] as const)('of %j reads %s', (change, text) => {
    expect(summaryOf(createSignal(change))).toBe(text);
  });
});
