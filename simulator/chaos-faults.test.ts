import { describe, expect, it } from '@jest/globals';
import { chaosFaults } from './chaos-faults.ts';
import { Faults, type Fault, type VenueAction, venueAction } from './faults.ts';

/** The injected faults' kinds of so many calls. A maintenance, which the clock ends, is ended at once. */
function inject(seed: number, action: VenueAction, calls: number): string[] {
  const faults = new Faults();
  const kinds: string[] = [];
  const { rules } = chaosFaults({ seed, intensity: 0.3 });
  faults.add({ seed, rules: rules.filter(({ fault }) => fault.kind !== 'maintenance') });
  for (let call = 0; call < calls; call += 1) {
    kinds.push(...faults.takeForCall({ method: 'ANY', path: '/', action }).map(kindOf));
  }
  return kinds;
}

const kindOf = ({ kind }: Fault): string => kind;

describe('the chaos preset', () => {
  it.each(venueAction.options)('has a fault decide its share of %s calls', (action) => {
    const deciding = inject(3, action, 10_000).filter(
      (kind) => !['hideOrder', 'partialFill', 'delay'].includes(kind),
    );
    expect(deciding.length / 10_000).toBeGreaterThan(0.27);
    expect(deciding.length / 10_000).toBeLessThan(0.33);
  });

  it('spoils orders in every way there is', () => {
    expect([...new Set(inject(1, 'place', 10_000))].sort()).toEqual([
      'clock',
      'delay',
      'dropAnswer',
      'dropRequest',
      'hideOrder',
      'html',
      'outcomeUnknown',
      'partialFill',
      'rateLimit',
      'reject',
      'status',
    ]);
  });

  it('is the same for the same seed', () => {
    expect(inject(5, 'place', 200)).toEqual(inject(5, 'place', 200));
    expect(inject(5, 'place', 200)).not.toEqual(inject(6, 'place', 200));
  });
});
