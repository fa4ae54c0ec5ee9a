import { describe, expect, it } from '@jest/globals';
import { createInstrument } from '../../test/factories/market.ts';
import { createPlace, createTerms } from '../../test/factories/execution.ts';
import { chasePrice, chaseStrategy } from './chase.ts';
import { checkPlan } from './check.ts';
import type { LegFact } from './strategy.ts';

const PLAN = { kind: 'chase', maxAttempts: 3, repriceAfterMs: 1_000, priceLimit: '105' } as const;
const terms = createTerms({ type: 'limit', price: '100' });
const strategy = chaseStrategy(PLAN, terms, [createPlace()]);

function leg(change: Partial<LegFact>): LegFact {
  return {
    accountId: 'home',
    exchange: 'binance',
    quantity: '1',
    slot: 0,
    note: 'attempt 1 of 3',
    legNumber: 1,
    begunAt: 0,
    live: true,
    state: 'open',
    filled: '0',
    errorCode: null,
    ...change,
  };
}
const ended = (change: Partial<LegFact>): LegFact =>
  leg({ live: false, state: 'cancelled', ...change });

describe('limit with chase', () => {
  it('sends the whole at the order’s own price, and lets it rest', () => {
    const first = strategy.decide({ now: 0, legs: [] });
    expect(first).toMatchObject({ kind: 'send', legs: [{ quantity: '1', slot: 0 }] });
    expect(first).not.toHaveProperty('legs.0.repriced');
    expect(strategy.decide({ now: 999, legs: [leg({})] })).toEqual({ kind: 'wait', until: 1_000 });
  });

  it('cancels what has rested long enough, and waits until that is verified', () => {
    const decision = strategy.decide({ now: 1_000, legs: [leg({})] });
    expect(decision).toMatchObject({ kind: 'cancel', legNumbers: [1] });
  });

  it('places the exact remainder anew, at a price of the moment', () => {
    const legs = [ended({ filled: '0.37' })];
    expect(strategy.decide({ now: 1_200, legs })).toMatchObject({
      kind: 'send',
      legs: [{ quantity: '0.63', repriced: true, note: 'attempt 2 of 3' }],
    });
  });

  it('lets the last attempt rest', () => {
    const legs = [ended({}), ended({ legNumber: 2 }), leg({ legNumber: 3 })];
    expect(strategy.decide({ now: 1e9, legs })).toEqual({ kind: 'wait', until: null });
  });

  it.each<[string, readonly LegFact[], string | null]>([
    ['it is filled', [leg({ live: false, state: 'filled', filled: '1' })], null],
    [
      'it was filled while it was cancelled',
      [ended({ filled: '0.4' }), leg({ live: false, state: 'filled', filled: '0.6' })],
      null,
    ],
    [
      'somebody else cancelled it before its time',
      [ended({ begunAt: 5_000 })],
      '1 of 1 is left unfilled: attempt 1 of 3 ended cancelled',
    ],
    [
      'the venue refused it',
      [leg({ live: false, state: 'rejected' })],
      '1 of 1 is left unfilled: the venue refused attempt 1 of 3',
    ],
    [
      'the attempts are used up',
      [ended({}), ended({}), ended({ filled: '0.2', note: 'attempt 3 of 3' })],
      '0.8 of 1 is left unfilled: attempt 3 of 3 ended cancelled',
    ],
    [
      'the remainder is dust',
      [ended({ filled: '0.99' })],
      '0.01 of 1 is left unfilled: too small to be sent',
    ],
  ])('ends where %s', (_, legs, reason) => {
    expect(strategy.decide({ now: 5_500, legs })).toEqual({ kind: 'done', reason });
  });
});

describe('the price of a chase', () => {
  const instrument = createInstrument({ priceTick: '0.5' });
  const book = { bids: [['101.2', '1']], asks: [['102.7', '1']] } as const;

  it('is the best of its own side, on the tick', () => {
    expect(chasePrice(PLAN, 'buy', book, instrument)).toBe('101');
    expect(chasePrice({ priceLimit: '90' }, 'sell', book, instrument)).toBe('103');
  });

  it('never passes the limit', () => {
    expect(chasePrice({ priceLimit: '100.9' }, 'buy', book, instrument)).toBe('100.5');
    expect(chasePrice({ priceLimit: '110' }, 'sell', book, instrument)).toBe('110');
    expect(chasePrice(PLAN, 'buy', { bids: [], asks: [] }, instrument)).toBe('105');
  });

  it('is refused at admission where it would run the wrong way', () => {
    const wrong = { ...PLAN, priceLimit: '99' };
    expect(checkPlan(PLAN, terms, instrument)).toEqual({ ok: true });
    expect(checkPlan(wrong, terms, instrument)).toMatchObject({
      ok: false,
      code: 'FILTER_PRICE',
      reason: expect.stringContaining('must not be below its limit price'),
    });
    const sale = { ...terms, side: 'sell' } as const;
    expect(checkPlan(wrong, sale, instrument)).toEqual({ ok: true });
    expect(checkPlan(PLAN, sale, instrument)).toMatchObject({ ok: false });
  });
});
