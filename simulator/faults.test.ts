import { describe, expect, it } from '@jest/globals';
import { type Fault, Faults, faultScriptSchema } from './faults.ts';

const PLACE = {
  method: 'POST',
  path: '/api/v3/order',
  action: 'place',
  clientOrderId: 'a',
} as const;
const READ = { method: 'GET', path: '/api/v3/account', action: 'read' } as const;

function faultsOf(script: unknown): Faults {
  const faults = new Faults();
  faults.add(faultScriptSchema.parse(script));
  return faults;
}

const kinds = (taken: readonly Fault[]): string[] => taken.map(({ kind }) => kind);

describe('fault rules', () => {
  it('match by what a call is about, whatever the venue calls it', () => {
    const faults = faultsOf([{ match: { action: 'place' }, fault: { kind: 'clock' } }]);
    expect(kinds(faults.takeForCall(READ))).toEqual([]);
    expect(kinds(faults.takeForCall(PLACE))).toEqual(['clock']);
  });

  it('decide a call once, and spoil the order it places besides', () => {
    const faults = faultsOf([
      { fault: { kind: 'dropAnswer' } },
      { fault: { kind: 'html' } },
      { fault: { kind: 'hideOrder', ms: 1 } },
    ]);
    expect(kinds(faults.takeForCall(PLACE))).toEqual(['dropAnswer', 'hideOrder']);
    expect(kinds(faults.takeForCall(PLACE))).toEqual(['html']);
  });

  it('count calls, the faulted ones, and what was injected by kind', () => {
    const faults = faultsOf([{ match: { nth: 2, times: 2 }, fault: { kind: 'reject' } }]);
    for (let call = 0; call < 5; call += 1) faults.takeForCall(PLACE);
    expect(faults.report()).toMatchObject({
      injected: { reject: 2 },
      total: 2,
      calls: { all: 5, faulted: 2 },
    });
  });

  it('draw the same chances from the same seed', () => {
    const draw = (seed: number): string => {
      const faults = faultsOf({
        seed,
        rules: [{ match: { times: 0, probability: 0.5 }, fault: { kind: 'clock' } }],
      });
      return Array.from({ length: 40 }, () => faults.takeForCall(READ).length).join('');
    };
    expect(draw(7)).toBe(draw(7));
    expect(draw(7)).not.toBe(draw(8));
  });

  it('keep every call out during a maintenance, until it is over or forgotten', () => {
    const faults = faultsOf([{ fault: { kind: 'maintenance', ms: 60_000 } }]);
    let told = 0;
    faults.onMaintenance(() => (told += 1));
    expect(faults.inMaintenance).toBe(false);
    expect(kinds(faults.takeForCall(READ))).toEqual(['maintenance']);
    expect(faults.inMaintenance).toBe(true);
    expect(kinds(faults.takeForCall(PLACE))).toEqual(['maintenance']);
    expect(told).toBe(1);
    faults.clear();
    expect(kinds(faults.takeForCall(PLACE))).toEqual([]);
    expect(faults.report().calls).toEqual({ all: 3, faulted: 2 });
  });

  it.each([
    [{ kind: 'maintenance' }],
    [{ kind: 'reorder', withinMs: 0 }],
    [{ kind: 'outcomeUnknown', why: 'mood' }],
  ])('refuse %j', (fault) => {
    expect(faultScriptSchema.safeParse([{ fault }]).success).toBe(false);
  });
});
