import { describe, expect, it } from '@jest/globals';
import { fundingAux } from './funding-aux.ts';

const RATES = {
  symbol: 'BTC/USDT:USDT',
  at: [1000, 2005, 3000],
  rate: ['0.0001', '-0.00002', '0'],
};
const NAME = 'funding:binance:BTC/USDT:USDT';

describe('fundingAux', () => {
  const aux = fundingAux([RATES], 'binance');

  it.each([
    ['nothing before the first', 999, undefined],
    ['a rate from when it was published', 1000, { value: 0.0001, publishedAt: 1000 }],
    ['not the one that is published a moment later', 2004, { value: 0.0001, publishedAt: 1000 }],
    ['the newest of them', 2999, { value: -0.00002, publishedAt: 2005 }],
    ['the last one for ever', 9_999_999, { value: 0, publishedAt: 3000 }],
  ])('tells %s', (_what, now, told) => {
    expect(aux(NAME, now)).toEqual(told);
  });

  it('knows nothing under another name, and nothing without rates', () => {
    expect(aux('funding:okx:BTC/USDT:USDT', 5000)).toBeUndefined();
    expect(aux('funding:binance:ETH/USDT:USDT', 5000)).toBeUndefined();
    expect(aux('sentiment', 5000)).toBeUndefined();
    expect(fundingAux([], 'binance')(NAME, 5000)).toBeUndefined();
  });
});
