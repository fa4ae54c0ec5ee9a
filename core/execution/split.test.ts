import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createTerms, createVenue, totalOf } from '../../test/factories/execution.ts';
import { decimal } from '../money.ts';
import { smallestLeg } from './place.ts';
import { splitOrder } from './split.ts';
import type { Venue } from './venues.ts';

const shares = (...args: Parameters<typeof splitOrder>): (readonly [string, string])[] =>
  splitOrder(...args).shares.map(({ accountId, quantity }) => [accountId, quantity]);

describe('a split', () => {
  const a = createVenue({
    accountId: 'a',
    book: {
      bids: [['99', '10']],
      asks: [
        ['100', '0.4'],
        ['103', '10'],
      ],
    },
  });
  const b = createVenue({
    accountId: 'b',
    book: {
      bids: [['99.5', '10']],
      asks: [
        ['101', '0.5'],
        ['102', '10'],
      ],
    },
  });

  it('takes unit by unit where it costs least', () => {
    expect(shares(createTerms(), [a, b])).toEqual([
      ['a', '0.4'],
      ['b', '0.6'],
    ]);
  });

  it('counts the fee of each venue', () => {
    expect(shares(createTerms(), [a, { ...b, takerFeeRate: '0.05' }])).toEqual([['a', '1']]);
  });

  it('gives what the steps leave to the best venue that can take it', () => {
    // 0.4 of a is floored to 0.3; b is on its step with 0.6; of the rest a can take nothing.
    expect(shares(createTerms(), [{ ...a, step: '0.3' }, b])).toEqual([
      ['a', '0.3'],
      ['b', '0.7'],
    ]);
  });

  it('gives nothing to a venue whose share is too small to send', () => {
    expect(shares(createTerms(), [{ ...a, minNotional: '41' }, b])).toEqual([['b', '1']]);
  });

  it('is bound by what an account can pay or holds', () => {
    expect(shares(createTerms(), [a, { ...b, capacity: '0.25' }])).toEqual([
      ['a', '0.75'],
      ['b', '0.25'],
    ]);
  });

  it('reports what no venue takes', () => {
    const { dust, why } = splitOrder(createTerms({ quantity: '1.005' }), [
      { ...a, capacity: '0.4' },
      { ...b, fault: 'a side of its book is empty' },
    ]);
    expect(dust).toBe('0.605');
    expect(why).toEqual(['a: 0.4', 'b: a side of its book is empty']);
  });

  it('of a limit order rests at the best venue with what the books do not offer', () => {
    const limit = createTerms({ type: 'limit', price: '101' });
    expect(shares(limit, [a, b])).toEqual([
      ['a', '0.5'],
      ['b', '0.5'],
    ]);
  });

  it('is exact and sendable, whatever steps, books, fees and capacities', () => {
    const level = fc.tuple(fc.integer({ min: 90, max: 110 }), fc.integer({ min: 1, max: 400 }));
    const anyVenue = fc.record({
      step: fc.constantFrom('0.001', '0.01', '0.05', '0.3'),
      minQuantity: fc.constantFrom('0', '0.01', '0.5'),
      minNotional: fc.constantFrom('0', '5', '40'),
      maxQuantity: fc.constantFrom('0.9', '1000'),
      takerFeeRate: fc.constantFrom('0', '0.001', '0.01'),
      capacity: fc.constantFrom(null, '0', '0.777', '2'),
      fault: fc.constantFrom(null, null, null, 'stale'),
      levels: fc.array(level, { maxLength: 6 }),
    });
    fc.assert(
      fc.property(
        fc.array(anyVenue, { minLength: 1, maxLength: 5 }),
        fc.integer({ min: 1, max: 5_000 }),
        fc.constantFrom('buy', 'sell'),
        fc.constantFrom(null, '100'),
        (drawn, thousandths, side, price) => {
          const terms = createTerms({
            side,
            price,
            type: price === null ? 'market' : 'limit',
            quantity: decimal(String(thousandths)).div(1_000).toFixed(),
          });
          const venues = drawn.map(({ levels, ...rest }, index): Venue => {
            const best = levels.toSorted((x, y) => (side === 'buy' ? x[0] - y[0] : y[0] - x[0]));
            const rows = best.map(([at, q]) => [String(at), String(q / 100)] as const);
            return createVenue({
              ...rest,
              accountId: String(index),
              book: side === 'buy' ? { bids: [], asks: rows } : { bids: rows, asks: [] },
            });
          });
          const { shares: parts, dust } = splitOrder(terms, venues);
          expect(decimal(totalOf(parts)).plus(dust).toFixed()).toBe(terms.quantity);
          expect(decimal(dust).gte(0)).toBe(true);
          for (const { accountId, quantity } of parts) {
            const venue = venues[Number(accountId)];
            if (venue === undefined) throw new Error(`no venue ${accountId}`);
            const share = decimal(quantity);
            expect(venue.fault).toBeNull();
            expect(share.mod(venue.step).isZero()).toBe(true);
            expect(share.gte(smallestLeg(venue, terms))).toBe(true);
            expect(share.lte(venue.maxQuantity)).toBe(true);
            expect(share.lte(venue.capacity ?? share)).toBe(true);
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});
