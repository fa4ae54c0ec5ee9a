import { describe, expect, it } from '@jest/globals';
import { createPlace, createTerms, createVenue, runToEnd } from '../../test/factories/execution.ts';
import type { ExecutionPlan } from './plan.ts';
import { executionStrategy, needsBooks, routeOrder, workingOf } from './route.ts';
import type { LegFact } from './strategy.ts';

const home = createVenue();
const other = createVenue({
  accountId: 'other',
  exchange: 'okx',
  book: { bids: [['99', '10']], asks: [['100', '0.5']] },
});
const SPLIT: ExecutionPlan = { kind: 'split', accounts: ['home', 'other'] };
const BEST: ExecutionPlan = { kind: 'best-venue', accounts: ['home', 'other'] };

const work = (
  plan: ExecutionPlan,
  terms = createTerms(),
  fill?: (leg: LegFact) => Partial<LegFact>,
) => {
  const route = routeOrder(workingOf(plan, false), terms, [home, other]);
  return runToEnd(executionStrategy(plan, terms, route, 0), {
    startsAt: 0,
    fill: (leg) => ({ filled: leg.quantity, state: 'filled', live: false, ...fill?.(leg) }),
  });
};
const sent = ({ legs }: { legs: readonly LegFact[] }): string[] =>
  legs.map(({ accountId, quantity, slot }) => `${accountId} ${quantity} ${String(slot)}`);
const refusedBy =
  (accountId: string) =>
  (leg: LegFact): Partial<LegFact> =>
    leg.accountId === accountId ? { filled: '0', state: 'rejected' } : {};

describe('an order that is shared out', () => {
  it('sends all its legs at once', () => {
    expect(sent(work(SPLIT))).toEqual(['home 0.5 0', 'other 0.5 0']);
    expect(sent(work(BEST, createTerms({ quantity: '0.5' })))).toEqual(['other 0.5 0']);
  });

  it('gives what a venue refuses to the others, once', () => {
    const moved = work(SPLIT, createTerms(), refusedBy('other'));
    expect(sent(moved)).toEqual(['home 0.5 0', 'other 0.5 0', 'home 0.5 1']);
    expect(moved.reason).toBeNull();
    const lost = work(SPLIT, createTerms(), () => ({ filled: '0', state: 'rejected' }));
    expect(sent(lost)).toEqual(['home 0.5 0', 'other 0.5 0']);
    expect(lost.reason).toBe('1 of 1 is left unfilled: home refused 0.5; other refused 0.5');
  });

  it('says why it goes nowhere', () => {
    const { legs, reason } = work(BEST, createTerms({ quantity: '500' }));
    expect(legs).toEqual([]);
    expect(reason).toBe(
      '500 of 500 is left unfilled: home: its book is not deep enough; other: its book is not deep enough',
    );
  });

  it('says what a venue ended unfilled', () => {
    const { reason } = work(BEST, createTerms({ quantity: '0.5' }), () => ({
      filled: '0.2',
      state: 'expired',
    }));
    expect(reason).toBe('0.3 of 0.5 is left unfilled: other ended expired');
  });
});

it('closes a position where it is held', () => {
  const terms = createTerms({ side: 'sell' });
  const venues = [
    { ...home, capacity: '0.305' },
    { ...other, capacity: '0.695', step: '0.005' },
  ];
  const route = routeOrder('where-held', terms, venues);
  expect(route.shares).toEqual([
    { accountId: 'home', exchange: 'binance', quantity: '0.3' },
    { accountId: 'other', exchange: 'okx', quantity: '0.695' },
  ]);
});

it('works TWAP and iceberg on the accounts that can take them', () => {
  const plan: ExecutionPlan = {
    kind: 'twap',
    durationMs: 1_000,
    slices: 2,
    jitter: 0,
    catchUp: 'burst',
  };
  const route = routeOrder('twap', createTerms(), [{ ...home, book: null }]);
  expect(route).toMatchObject({ shares: [], why: ['home'], places: [createPlace()] });
  expect(executionStrategy(plan, createTerms(), route, 0).schedule).toEqual([
    'slice 1: 0.5 at 1970-01-01T00:00:00.000Z',
    'slice 2: 0.5 at 1970-01-01T00:00:00.500Z',
  ]);
  const iceberg: ExecutionPlan = { kind: 'iceberg', displayQuantity: '0.1' };
  expect(executionStrategy(iceberg, createTerms(), route, 0).schedule).toEqual([
    '0.1 of 1 shown at a time',
  ]);
});

it.each([
  [undefined, true, 'where-held', false],
  [SPLIT, true, 'where-held', false],
  [SPLIT, false, 'split', true],
  [BEST, false, 'best-venue', true],
  [{ kind: 'iceberg', displayQuantity: '1' } as const, true, 'iceberg', false],
])('works %o, reducing %s, as %s', (plan, reducing, kind, books) => {
  expect(workingOf(plan, reducing)).toBe(kind);
  expect(needsBooks(workingOf(plan, reducing))).toBe(books);
});
