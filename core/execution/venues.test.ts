import { describe, expect, it } from '@jest/globals';
import { createTerms, createVenue } from '../../test/factories/execution.ts';
import { bestVenue, type Venue } from './venues.ts';

const venue = (
  accountId: string,
  asks: NonNullable<Venue['book']>['asks'],
  more: Partial<Venue> = {},
) => createVenue({ accountId, book: { bids: [['99', '10']], asks }, ...more });

describe('the best venue', () => {
  it('is the one at which the whole quantity costs least, not the one with the best first price', () => {
    const thin = venue('thin', [
      ['100', '0.1'],
      ['110', '10'],
    ]);
    const deep = venue('deep', [['101', '10']]);
    const { accountId, why } = bestVenue(createTerms(), [thin, deep]);
    expect(accountId).toBe('deep');
    expect(why).toEqual(['thin: 109.109 with fees', 'deep: 101.101 with fees']);
    expect(bestVenue(createTerms({ quantity: '0.1' }), [thin, deep]).accountId).toBe('thin');
  });

  it('counts the taker fee', () => {
    const cheap = venue('cheap', [['100', '10']], { takerFeeRate: '0.02' });
    const dear = venue('dear', [['101', '10']], { takerFeeRate: '0' });
    expect(bestVenue(createTerms(), [cheap, dear]).accountId).toBe('dear');
  });

  it('for a sale is the one that brings most', () => {
    const low = createVenue({ accountId: 'low' });
    const high = createVenue({ accountId: 'high', book: { bids: [['100', '10']], asks: [] } });
    expect(bestVenue(createTerms({ side: 'sell' }), [low, high]).accountId).toBe('high');
  });

  it('of equal ones is the first', () => {
    const book = [['101', '10']] as const;
    expect(bestVenue(createTerms(), [venue('a', book), venue('b', book)]).accountId).toBe('a');
    expect(bestVenue(createTerms(), [venue('b', book), venue('a', book)]).accountId).toBe('b');
  });

  it('leaves out what cannot take the order, and says why', () => {
    const book = [['101', '10']] as const;
    const { accountId, why } = bestVenue(createTerms(), [
      venue('shallow', [['101', '0.99']]),
      venue('stale', book, { book: null, fault: 'its book is 20000 ms old' }),
      venue('coarse', book, { step: '0.3' }),
      venue('big', book, { minQuantity: '2' }),
      venue('small', book, { maxQuantity: '0.5' }),
      venue('poor', book, { capacity: '0.9' }),
    ]);
    expect(accountId).toBeNull();
    expect(why).toEqual([
      'shallow: its book is not deep enough',
      'stale: its book is 20000 ms old',
      'coarse: 1 is off its step 0.3',
      'big: the least it takes is 2',
      'small: the most it takes is 0.5',
      'poor: its funds pay for 0.9',
    ]);
  });
});
