import { describe, expect, it } from '@jest/globals';
import { createInstrument } from '../test/factories/market.ts';
import { checkAmend, type AmendableOrder } from './amend.ts';

const instrument = createInstrument({
  priceTick: '0.01',
  minPrice: '0.01',
  maxPrice: '1000000',
  quantityStep: '0.001',
  minQuantity: '0.001',
  maxQuantity: '100',
  minNotional: '10',
});
const RESTING: AmendableOrder = {
  orderId: 'o-1',
  type: 'limit',
  side: 'buy',
  quantity: '0.01',
  price: '60000',
  filledQuantity: '0.004',
  reducing: false,
  legState: 'partially_filled',
  instrument,
};

describe('checkAmend', () => {
  it('gives the new terms and what is left to fill', () => {
    expect(checkAmend({ quantity: '0.02' }, RESTING)).toEqual({
      ...{ ok: true, quantity: '0.02', price: '60000', remainder: '0.016' },
    });
    expect(checkAmend({ limitPrice: '59000.5' }, RESTING)).toEqual({
      ...{ ok: true, quantity: '0.01', price: '59000.5', remainder: '0.006' },
    });
  });

  it('an amend below the minimum notional is told the sum and the smallest', () => {
    expect(checkAmend({ limitPrice: '1000' }, RESTING)).toEqual({
      ok: false,
      code: 'FILTER_NOTIONAL',
      reason: 'an amend to 0.01 at 1000: 0.006 × 1000 = 6 USDT is below the smallest notional 10',
    });
  });

  it.each([
    ['nothing', {}, {}, 'INVALID_INPUT', 'give one'],
    ['the same terms', { quantity: '0.010' }, {}, 'INVALID_INPUT', 'already'],
    [
      'what is filled',
      { quantity: '0.004' },
      {},
      'INVALID_INPUT',
      'not more than the 0.004 filled',
    ],
    ['a price off the tick', { limitPrice: '1.001' }, {}, 'FILTER_PRICE', 'tick 0.01'],
    ['a quantity off the step', { quantity: '0.0105' }, {}, 'FILTER_LOT_SIZE', 'step 0.001'],
    ['a quantity above the limit', { quantity: '101' }, {}, 'FILTER_LOT_SIZE', 'maximum 100'],
    ['more of an exit', { quantity: '0.02' }, { reducing: true }, 'INVALID_INPUT', 'larger'],
    ['a market order', { quantity: '1' }, { type: 'market', price: null }, 'CONFLICT', 'market'],
    [
      'one being cancelled',
      { quantity: '1' },
      { legState: 'cancel_pending' },
      'CONFLICT',
      'cancel',
    ],
    ['one not sent', { quantity: '1' }, { legState: null }, 'CONFLICT', 'not one resting order'],
    ['one unknown', { quantity: '1' }, { legState: 'unknown' }, 'CONFLICT', 'is unknown'],
    ['one filled', { quantity: '1' }, { legState: 'filled' }, 'CONFLICT', 'is filled'],
  ] as const)('refuses %s', (_, wish, change, code, reason) => {
    expect(checkAmend(wish, { ...RESTING, ...change })).toEqual({
      ok: false,
      code,
      reason: expect.stringContaining(reason),
    });
  });
});
