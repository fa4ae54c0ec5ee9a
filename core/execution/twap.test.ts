import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createPlace, createTerms, runToEnd, totalOf } from '../../test/factories/execution.ts';
import { twapSchedule, twapStrategy, type TwapPlan } from './twap.ts';

const STARTS_AT = 1_000_000;
const plan = (change: Partial<TwapPlan> = {}): TwapPlan => ({
  kind: 'twap',
  durationMs: 10_000,
  slices: 4,
  jitter: 0,
  catchUp: 'spread',
  ...change,
});
const opening = (change: Partial<TwapPlan>): number[] =>
  twapSchedule(plan(change), createTerms(), createPlace(), STARTS_AT).slots.map(
    ({ opensAt }) => opensAt - STARTS_AT,
  );

describe('the schedule', () => {
  it('opens slots evenly; the last slice takes the exact rest', () => {
    const { slots, endsAt } = twapSchedule(
      plan({ slices: 3 }),
      createTerms(),
      createPlace(),
      STARTS_AT,
    );
    expect(slots).toEqual([
      { opensAt: 1_000_000, quantity: '0.33' },
      { opensAt: 1_003_333, quantity: '0.33' },
      { opensAt: 1_006_666, quantity: '0.34' },
    ]);
    expect(endsAt).toBe(1_009_999);
  });

  it('draws the jitter from the order id: always the same, within its share of the slot', () => {
    const drawn = opening({ jitter: 0.5 });
    expect(drawn).toEqual(opening({ jitter: 0.5 }));
    expect(drawn).not.toEqual(opening({}));
    drawn.forEach((at, index) => {
      expect(at).toBeGreaterThanOrEqual(index * 2_500);
      expect(at).toBeLessThan(index * 2_500 + 1_250);
    });
    const other = twapSchedule(
      plan({ jitter: 0.5 }),
      createTerms({ orderId: 'b'.repeat(24) }),
      createPlace(),
      STARTS_AT,
    );
    expect(other.slots.map(({ opensAt }) => opensAt - STARTS_AT)).not.toEqual(drawn);
  });

  it('merges slices that would be too small', () => {
    // 0.12 × 100 is 12 in quote: two slices of at least 5.
    const { slots } = twapSchedule(plan(), createTerms({ quantity: '0.12' }), createPlace(), 0);
    expect(slots.map(({ quantity }) => quantity)).toEqual(['0.06', '0.06']);
  });

  it('sums up exactly, every slice on the step and large enough, whatever step and quantity', () => {
    const steps = fc.constantFrom('0.00001', '0.003', '0.05', '1', '7');
    fc.assert(
      fc.property(
        steps,
        fc.integer({ min: 1, max: 10_000 }),
        fc.integer({ min: 2, max: 500 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.integer({ min: 0, max: 50 }),
        (step, units, slices, jitter, minNotional) => {
          const quantity = totalOf(Array.from({ length: units }, () => ({ quantity: step })));
          const place = createPlace({ step, minQuantity: step, minNotional: String(minNotional) });
          const { slots, endsAt } = twapSchedule(
            plan({ slices, jitter }),
            createTerms({ quantity, referencePrice: '10' }),
            place,
            STARTS_AT,
          );
          expect(totalOf(slots)).toBe(quantity);
          expect(slots.length).toBeLessThanOrEqual(slices);
          for (const [index, slot] of slots.entries()) {
            const sendable = Number(slot.quantity) * 10 >= minNotional - 1e-9;
            expect(slots.length === 1 || sendable).toBe(true);
            expect(Number.isInteger(slot.opensAt)).toBe(true);
            expect(slot.opensAt).toBeGreaterThanOrEqual(slots[index - 1]?.opensAt ?? STARTS_AT);
            expect(slot.opensAt).toBeLessThan(endsAt + 1);
          }
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe('the slices', () => {
  const work = (
    change: Partial<TwapPlan>,
    options: Omit<Parameters<typeof runToEnd>[1], 'startsAt'> = {},
  ) =>
    runToEnd(twapStrategy(plan(change), createTerms(), [createPlace()], STARTS_AT), {
      startsAt: STARTS_AT,
      ...options,
    });

  it('go out one a slot, and fill the order', () => {
    const { legs, reason } = work({});
    expect(legs.map(({ quantity, note }) => [quantity, note])).toEqual([
      ['0.25', 'slice 1 of 4'],
      ['0.25', 'slice 2 of 4'],
      ['0.25', 'slice 3 of 4'],
      ['0.25', 'slice 4 of 4'],
    ]);
    expect(reason).toBeNull();
  });

  // The second wait oversleeps by two slots: at 7 500 the third and the fourth are due.
  const outage = { oversleepMs: (waits: number) => (waits === 1 ? 5_000 : 0) };
  it.each<[TwapPlan['catchUp'], string[], string | null]>([
    ['spread', ['0.25', '0.75'], null],
    ['burst', ['0.25', '0.75'], null],
    ['skip', ['0.25', '0.25'], '0.5 of 1 is left unfilled: the span is over'],
  ])('after an outage up to the last slot: %s', (catchUp, quantities, reason) => {
    const done = work({ catchUp }, outage);
    expect(done.legs.map(({ quantity }) => quantity)).toEqual(quantities);
    expect(done.legs.at(-1)?.note).toBe(`slice 4 of 4 (2 late: ${catchUp})`);
    expect(done.reason).toBe(reason);
  });

  it.each<[TwapPlan['catchUp'], string[], string | null]>([
    ['spread', ['0.25', '0.37', '0.38'], null],
    ['burst', ['0.25', '0.5', '0.25'], null],
    ['skip', ['0.25', '0.25', '0.25'], '0.25 of 1 is left unfilled: the span is over'],
  ])('after an outage of one slot: %s', (catchUp, quantities, reason) => {
    const done = work({ catchUp }, { oversleepMs: (waits) => (waits === 1 ? 2_500 : 0) });
    expect(done.legs.map(({ quantity }) => quantity)).toEqual(quantities);
    expect(done.reason).toBe(reason);
  });

  it.each<[TwapPlan['catchUp'], string[], string | null]>([
    ['spread', ['0.25'], '0.75 of 1 is left unfilled: late: spread'],
    ['burst', ['0.25', '0.75'], null],
    ['skip', ['0.25'], '0.75 of 1 is left unfilled: late: skip'],
  ])('after an outage over the end: %s', (catchUp, quantities, reason) => {
    const done = work({ catchUp }, { oversleepMs: (waits) => (waits === 1 ? 60_000 : 0) });
    expect(done.legs.map(({ quantity }) => quantity)).toEqual(quantities);
    expect(done.reason).toBe(reason);
  });

  it('a slice that was late for the span itself may rest for a slot’s length', () => {
    const { legs, endedAt } = work(
      { catchUp: 'burst' },
      {
        fill: (leg) =>
          leg.slot === 0
            ? { filled: leg.quantity, state: 'filled', live: false }
            : { filled: '0', state: 'open', live: true },
        oversleepMs: (waits) => (waits === 1 ? 60_000 : 0),
      },
    );
    expect(legs.map(({ quantity, state }) => [quantity, state])).toEqual([
      ['0.25', 'filled'],
      ['0.75', 'cancelled'],
    ]);
    expect(endedAt).toBe(STARTS_AT + 2_500 + 60_000 + 2_500);
  });

  it('carry on what the slice before left unfilled', () => {
    const rest = { filled: '0.1', state: 'partially_filled', live: true } as const;
    for (const catchUp of ['burst', 'skip'] as const) {
      const { legs, reason } = work(
        { catchUp },
        { fill: (leg) => (leg.slot < 3 ? rest : { ...rest, filled: leg.quantity, live: false }) },
      );
      expect(legs.map(({ quantity }) => quantity)).toEqual(['0.25', '0.4', '0.55', '0.7']);
      expect(reason).toBeNull();
    }
  });

  it('leave the last one no longer than the span', () => {
    const { legs, reason, endedAt } = work(
      {},
      { fill: () => ({ filled: '0', state: 'open', live: true }) },
    );
    expect(legs.every(({ state }) => state === 'cancelled')).toBe(true);
    expect(reason).toBe('1 of 1 is left unfilled: the span is over');
    expect(endedAt).toBe(STARTS_AT + 10_000);
  });

  it('a refused slice goes with the next one; a second refusal ends the order', () => {
    const refuse = (slots: readonly number[]) =>
      work(
        { catchUp: 'burst' },
        {
          fill: (leg) =>
            slots.includes(leg.slot)
              ? { filled: '0', state: 'rejected', live: false }
              : { filled: leg.quantity, state: 'filled', live: false },
        },
      );
    expect(refuse([1]).legs.map(({ quantity }) => quantity)).toEqual([
      '0.25',
      '0.25',
      '0.5',
      '0.25',
    ]);
    expect(refuse([1]).reason).toBeNull();
    expect(refuse([1, 2]).reason).toBe('0.75 of 1 is left unfilled: the venue refused two slices');
  });

  it('end where a leg was kept from being sent', () => {
    const strategy = twapStrategy(plan(), createTerms(), [createPlace()], STARTS_AT);
    const [first] = work({}).legs;
    if (first === undefined) throw new Error('no slice was sent');
    const halted = { ...first, filled: '0', state: 'expired', errorCode: 'HALTED' } as const;
    expect(strategy.decide({ now: STARTS_AT, legs: [halted] })).toEqual({
      kind: 'done',
      reason: 'slice 1 of 4: HALTED, no more is sent',
    });
    const live = { ...first, legNumber: 2, live: true, filled: '0', state: 'open' } as const;
    expect(strategy.decide({ now: STARTS_AT, legs: [halted, live] })).toMatchObject({
      kind: 'cancel',
      legNumbers: [2],
    });
  });

  it('an exit takes each slice from where the position is held', () => {
    const places = [
      createPlace({ capacity: '0.3' }),
      createPlace({ accountId: 'other', capacity: '0.7' }),
    ] as const;
    const { legs, reason } = runToEnd(
      twapStrategy(plan({ catchUp: 'burst' }), createTerms({ side: 'sell' }), places, STARTS_AT),
      { startsAt: STARTS_AT },
    );
    expect(legs.map(({ accountId, quantity }) => [accountId, quantity])).toEqual([
      ['home', '0.25'],
      ['home', '0.05'],
      ['other', '0.2'],
      ['other', '0.25'],
      ['other', '0.25'],
    ]);
    expect(reason).toBeNull();
  });

  it('fill no more than the order, whatever is filled and however late it wakes', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('spread', 'burst', 'skip'),
        fc.array(fc.integer({ min: 0, max: 100 }), { minLength: 1 }),
        fc.array(fc.integer({ min: 0, max: 8_000 }), { minLength: 1 }),
        (catchUp, shares, lates) => {
          const { legs } = work(
            { catchUp, slices: 7, jitter: 0.3 },
            {
              fill: (leg) => {
                const share = shares[leg.legNumber % shares.length] ?? 0;
                const filled = Math.floor(Number(leg.quantity) * share) / 100;
                return { filled: filled.toFixed(2), state: 'partially_filled', live: true };
              },
              oversleepMs: (waits) => lates[waits % lates.length] ?? 0,
            },
          );
          const filled = legs.reduce((sum, leg) => sum + Number(leg.filled), 0);
          expect(filled).toBeLessThanOrEqual(1 + 1e-9);
          const slots = legs.map((leg) => leg.slot);
          expect(slots).toEqual(slots.toSorted((a, b) => a - b));
        },
      ),
      { numRuns: 100 },
    );
  });
});
