import { describe, expect, it } from '@jest/globals';
import { recordDecision } from '../test/factories/decisions.ts';
import { T0 } from '../test/factories/market.ts';
import { decideAgain, differ, recordedOutcome, type Proposal } from './decision.ts';

const approved = recordDecision('approved');
const { strategyId } = approved;

function again(decision = approved, proposal: Proposal = {}) {
  return decideAgain(decision, proposal);
}

describe('a decision taken again', () => {
  it.each([
    ['approved', approved],
    ['denied', recordDecision('denied', { limits: { maxOrderNotional: '50' } })],
    ['expired', recordDecision('expired', { admission: { marketTime: T0 + 10 * 86_400_000 } })],
    [
      'unneeded',
      recordDecision('unneeded', {
        signal: { wanted: { kind: 'target', quantity: '1' } },
        admission: { position: '1' },
      }),
    ],
  ])('comes out the same under the same code and limits: %s', (verdict, decision) => {
    const recorded = recordedOutcome(decision);
    expect(recorded?.verdict).toBe(verdict);
    expect(again(decision)).toEqual(recorded);
  });

  it("follows proposed limits; a strategy's own go before those of all, and null lifts one", () => {
    const tight = { maxOrderNotional: '99' };
    expect(again(approved, { limits: { all: tight } })).toEqual({
      verdict: 'denied',
      quantity: '1',
      reason: 'the order is worth 100 USDT, the limit is 99',
    });
    const own = { all: tight, strategies: { [strategyId]: { maxOrderNotional: null } } };
    expect(again(approved, { limits: own })?.verdict).toBe('approved');
    const other = { strategies: { another: tight } };
    expect(again(approved, { limits: other })?.verdict).toBe('approved');
  });

  it('leaves out rules that are off', () => {
    const denied = recordDecision('denied', { limits: { maxOrdersPerDay: 3 } });
    expect(recordedOutcome(denied)?.verdict).toBe('denied');
    expect(again(denied, { rulesOff: ['daily-orders'] })?.verdict).toBe('approved');
  });

  it('asks for the funds that another buffer needs', () => {
    // 100 × 11 × 1.001 is more than the 1,000 that were free.
    expect(again(approved, { marketBuyBuffer: '10' })).toMatchObject({
      verdict: 'denied',
      reason: expect.stringContaining('the order needs 1101.1 USDT'),
    });
  });

  it('tells another size: what is recorded of the position decides', () => {
    const target = recordDecision('target', {
      signal: { wanted: { kind: 'target', quantity: '1' } },
    });
    const input = { ...target.admission!.input, position: '0.4' };
    const edited = { ...target, admission: { ...target.admission!, input } };
    const now = again(edited);
    expect(now).toEqual({ verdict: 'approved', quantity: '0.6', reason: null });
    expect(differ(recordedOutcome(edited)!, now!)).toBe(true);
  });

  it('repeats the check of an amended size while admission agrees', () => {
    const { context } = approved.risk!;
    const risk = {
      ...approved.risk!,
      context: { ...context, order: { ...context.order, quantity: '1.2' } },
    };
    expect(again({ ...approved, risk })?.quantity).toBe('1.2');
  });

  it('says that an order would be admitted where the rules were never asked', () => {
    const late = recordDecision('late', { admission: { marketTime: T0 + 10 * 86_400_000 } });
    const input = { ...late.admission!.input, marketTime: T0 };
    expect(again({ ...late, admission: { ...late.admission!, input } })?.verdict).toBe('admitted');
  });

  it('is null where no inputs were recorded; the rules alone are asked where theirs were', () => {
    const bare = { ...approved, admission: null };
    expect(again({ ...bare, risk: null })).toBeNull();
    expect(recordedOutcome({ ...bare, risk: null })).toBeNull();
    expect(again(bare)).toEqual(recordedOutcome(bare));
  });
});

it('a difference is one of verdict or size, not of words', () => {
  const one = { verdict: 'denied', quantity: '1', reason: 'a' } as const;
  expect(differ(one, { ...one, quantity: '1.0', reason: 'b' })).toBe(false);
  expect(differ(one, { ...one, quantity: '2' })).toBe(true);
  expect(differ(one, { ...one, verdict: 'approved' })).toBe(true);
});
