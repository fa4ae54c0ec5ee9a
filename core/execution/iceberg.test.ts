import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createPlace, createTerms, runToEnd, totalOf } from '../../test/factories/execution.ts';
import { icebergStrategy } from './iceberg.ts';

const work = (
  displayQuantity: string,
  quantity: string,
  options: Omit<Parameters<typeof runToEnd>[1], 'startsAt'> = {},
  place = createPlace(),
) =>
  runToEnd(
    icebergStrategy(
      { kind: 'iceberg', displayQuantity },
      createTerms({ type: 'limit', price: '100', quantity }),
      [place],
    ),
    { startsAt: 0, ...options },
  );

describe('iceberg', () => {
  it('shows one tip after another; the last is the exact rest', () => {
    const { legs, reason } = work('0.3', '1');
    expect(legs.map(({ quantity, note }) => [quantity, note])).toEqual([
      ['0.3', 'tip 1'],
      ['0.3', 'tip 2'],
      ['0.3', 'tip 3'],
      ['0.1', 'tip 4'],
    ]);
    expect(reason).toBeNull();
  });

  it('leaves no rest that could not be sent', () => {
    // The least is 0.05: the third tip gives way.
    expect(work('0.33', '1.02').legs.map(({ quantity }) => quantity)).toEqual([
      ...['0.33', '0.33', '0.31', '0.05'],
    ]);
    expect(work('0.05', '0.09').legs.map(({ quantity }) => quantity)).toEqual(['0.09']);
  });

  it('tries a refused tip once more', () => {
    const refuse = (numbers: readonly number[]) =>
      work('0.5', '1', {
        fill: (leg) =>
          numbers.includes(leg.legNumber)
            ? { filled: '0', state: 'rejected', live: false }
            : { filled: leg.quantity, state: 'filled', live: false },
      });
    expect(refuse([2]).reason).toBeNull();
    expect(refuse([2, 3]).reason).toBe('0.5 of 1 is left unfilled: the venue refused two tips');
  });

  it('ends with a tip that the venue ended', () => {
    const { reason } = work('0.5', '1', {
      fill: () => ({ filled: '0.2', state: 'cancelled', live: false }),
    });
    expect(reason).toBe('0.8 of 1 is left unfilled: tip 1 ended cancelled');
  });

  it('waits for the tip that is out', () => {
    expect(() =>
      work('0.5', '1', { fill: () => ({ filled: '0', state: 'open', live: true }) }),
    ).toThrow('it waits for a leg that never changes');
  });

  it('sums up exactly, every tip sendable, whatever step, display and quantity', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('0.01', '0.03', '0.5'),
        fc.integer({ min: 1, max: 60 }),
        fc.integer({ min: 1, max: 600 }),
        fc.integer({ min: 0, max: 30 }),
        (step, display, units, minNotional) => {
          const times = (count: number): string =>
            totalOf(Array.from({ length: count }, () => ({ quantity: step })));
          const quantity = times(units);
          if (Number(quantity) * 100 < minNotional) return;
          const place = createPlace({ step, minQuantity: step, minNotional: String(minNotional) });
          const { legs, reason } = work(times(display), quantity, {}, place);
          expect(totalOf(legs)).toBe(quantity);
          expect(reason).toBeNull();
          for (const leg of legs) {
            expect(Number(leg.quantity) * 100).toBeGreaterThanOrEqual(minNotional - 1e-9);
          }
        },
      ),
      { numRuns: 100 },
    );
  });
});
