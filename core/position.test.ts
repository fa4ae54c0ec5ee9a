import { expect, it } from '@jest/globals';
import { emptyPosition } from './ledger.ts';
import { sumPositions } from './position.ts';

it('adds up two parts of a position, figure by figure', () => {
  const one = {
    ...emptyPosition('BTC/USDT'),
    ...{ quantity: '0.1', cost: '5000', realisedPnl: '-1', quoteFlow: '-5001' },
    fees: { USDT: '1', BNB: '0.5' },
  };
  const other = {
    ...emptyPosition('BTC/USDT'),
    ...{ quantity: '0.2', cost: '10020', realisedPnl: '0', quoteFlow: '-10020' },
    fees: { BTC: '0.0002', BNB: '0.25' },
  };
  expect(sumPositions(one, other)).toEqual({
    symbol: 'BTC/USDT',
    quantity: '0.3',
    cost: '15020',
    realisedPnl: '-1',
    quoteFlow: '-15021',
    fees: { USDT: '1', BNB: '0.75', BTC: '0.0002' },
    funding: '0',
  });
});
