import { describe, expect, it } from '@jest/globals';
import type { AccountTrade } from './fill.ts';
import { compareHoldings, compareOrders, type KnownLeg, uncovered } from './reconciliation.ts';

const SYMBOL = 'BTC/USDT';

function leg(change: Partial<KnownLeg> = {}): KnownLeg {
  return {
    ...{ clientOrderId: 'keel1', symbol: SYMBOL, state: 'open', venueOrderId: '7' },
    filledQuantity: '0',
    ...change,
  };
}

function trade(change: Partial<AccountTrade> = {}): AccountTrade {
  return {
    ...{ exchange: 'binance', symbol: SYMBOL, venueTradeId: 't1', venueOrderId: '7' },
    ...{ clientOrderId: 'keel1', side: 'buy', price: '100', quantity: '1' },
    ...{ feeAmount: '0', feeAsset: 'USDT', liquidity: 'taker', executedAt: 1 },
    ...change,
  };
}

const open = (clientOrderId = 'keel1', filledQuantity = '0') => ({
  ...{ clientOrderId, symbol: SYMBOL, filledQuantity },
});
const compare = (
  venue: Partial<Parameters<typeof compareOrders>[0]>,
  legs: readonly KnownLeg[] = [],
  booked: readonly string[] = [],
) =>
  compareOrders({ open: [], trades: [], ...venue }, { legs, booked: new Set(booked) }).map(
    ({ kind, certain }) => `${kind}${certain ? '' : '?'}`,
  );

describe('orders and trades, theirs against ours', () => {
  it.each<[string, readonly string[], Parameters<typeof compare>]>([
    ['both say the same', [], [{ open: [open()] }, [leg()]]],
    ['a booked trade', [], [{ trades: [trade()] }, [], [`${SYMBOL} t1`]]],
    [
      'a trade of a leg that is not booked',
      ['missed-news'],
      [{ trades: [trade()] }, [leg({ state: 'filled' })]],
    ],
    [
      'a trade whose client id the venue has forgotten',
      ['missed-news'],
      [{ trades: [trade({ clientOrderId: null })] }, [leg({ state: 'cancelled' })]],
    ],
    [
      'several trades of one leg, told once',
      ['missed-news'],
      [{ trades: [trade(), trade({ venueTradeId: 't2' })] }, [leg()]],
    ],
    [
      'a leg that is no longer open there',
      ['missed-news'],
      [{}, [leg({ state: 'cancel_pending' })]],
    ],
    [
      'a leg that filled further there',
      ['missed-news'],
      [{ open: [open('keel1', '0.5')] }, [leg()]],
    ],
    [
      'equal amounts in other words',
      [],
      [{ open: [open('keel1', '0.50')] }, [leg({ filledQuantity: '0.5' })]],
    ],
    ['a leg on its way', [], [{}, [leg({ state: 'unknown', venueOrderId: null })]]],
    ['a leg that never was there', [], [{}, [leg({ state: 'rejected', venueOrderId: null })]]],
    [
      'a trade of somebody else',
      ['foreign-trade'],
      [{ trades: [trade({ clientOrderId: 'web_1' })] }],
    ],
    [
      'a trade of nobody, such as a liquidation',
      ['foreign-trade'],
      [{ trades: [trade({ clientOrderId: null })] }],
    ],
    ['a trade with our prefix and no leg', ['unknown-trade?'], [{ trades: [trade()] }]],
    ['an order with our prefix and no leg', ['stray-order?'], [{ open: [open()] }]],
    [
      'an order that has ended in our books',
      ['stray-order?'],
      [{ open: [open()] }, [leg({ state: 'cancelled' })]],
    ],
    ['an order of somebody else', [], [{ open: [open('web_1')] }]],
  ])('%s', (_what, expected, given) => {
    expect(compare(...given)).toEqual(expected);
  });
});

describe('holdings, theirs against ours', () => {
  it('name what is off, by how much, and nothing else', () => {
    expect(
      compareHoldings(
        'balance-off',
        { BTC: '1.0', USDT: '99.5', BNB: '0.000000000000000001' },
        { BTC: '1', USDT: '100', ETH: '2' },
      ),
    ).toMatchObject([
      { subject: 'BNB', venue: '0.000000000000000001', ours: '0', off: '0.000000000000000001' },
      { subject: 'ETH', venue: '0', ours: '2', off: '-2' },
      { subject: 'USDT', off: '-0.5', certain: false },
    ]);
  });

  it('may be more than strategies hold, never less', () => {
    expect(uncovered({ BTC: '1', ETH: '5' }, { BTC: '1.5', ETH: '2', SOL: '0' })).toMatchObject([
      { kind: 'position-off', subject: 'BTC', venue: '1', ours: '1.5', off: '-0.5' },
    ]);
  });

  it('are equal where neither side has any', () => {
    expect(compareHoldings('position-off', {}, { 'BTC/USDT:USDT': '0' })).toEqual([]);
  });
});
