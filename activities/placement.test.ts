/** Whatever crashes, hangs or gets lost, the venue never holds more than one order per leg. */
import { describe, expect, it } from '@jest/globals';
import {
  ORDER,
  VALID_FOR_MS,
  World,
  type Mishap,
  type VenueMood,
} from '../test/factories/placement-world.ts';
import { placeLeg, resolveLeg, type LegOutcome, type LegPorts } from './placement.ts';

/** What the workflow does: place, and while the outcome is open, resolve. */
async function placeAndResolve(ports: LegPorts): Promise<LegOutcome> {
  let outcome = await placeLeg(ports, ORDER);
  for (let rounds = 0; !outcome.finished && rounds < 20; rounds += 1) {
    await ports.sleep(1_000);
    outcome = await resolveLeg(ports, { ...ORDER, resend: true, patienceMs: 20_000 });
  }
  return outcome;
}

const SHOW_LATE_MS = 11_000;

const SCENARIOS: readonly {
  readonly name: string;
  readonly moods: readonly VenueMood[];
  readonly ends: readonly string[];
}[] = [
  { name: 'accepted and answered', moods: [{ kind: 'accept' }], ends: ['filled'] },
  {
    name: 'accepted, answer dropped',
    moods: [{ kind: 'accept-drop', showAfterMs: 0 }],
    ends: ['filled'],
  },
  {
    name: 'accepted, answer dropped, shown late',
    moods: [{ kind: 'accept-drop', showAfterMs: SHOW_LATE_MS }],
    ends: ['filled'],
  },
  {
    name: 'lost once, then accepted',
    moods: [{ kind: 'lose' }, { kind: 'accept' }],
    ends: ['filled', 'expired'],
  },
  {
    name: 'lost once, then accepted and dropped',
    moods: [{ kind: 'lose' }, { kind: 'accept-drop', showAfterMs: SHOW_LATE_MS }],
    ends: ['filled', 'expired'],
  },
  { name: 'lost for ever', moods: [{ kind: 'lose' }], ends: ['expired'] },
  {
    name: 'refused',
    moods: [{ kind: 'refuse', code: 'VENUE_INSUFFICIENT_BALANCE' }],
    ends: ['rejected', 'expired'],
  },
  {
    name: 'refused unread, then accepted',
    moods: [{ kind: 'refuse', code: 'VENUE_RATE_LIMITED' }, { kind: 'accept' }],
    ends: ['filled', 'expired'],
  },
  {
    name: 'refused for its timestamp twice, then accepted',
    moods: [
      { kind: 'refuse', code: 'VENUE_CLOCK' },
      { kind: 'refuse', code: 'VENUE_CLOCK' },
      { kind: 'accept' },
    ],
    ends: ['filled', 'expired'],
  },
  {
    name: 'refused for its timestamp for ever',
    moods: [{ kind: 'refuse', code: 'VENUE_CLOCK' }],
    ends: ['expired'],
  },
  { name: 'said to be a duplicate', moods: [{ kind: 'duplicate' }], ends: ['filled'] },
  {
    name: 'a code nobody listed',
    moods: [{ kind: 'refuse', code: 'INTERNAL' }, { kind: 'accept' }],
    ends: ['filled', 'expired'],
  },
];

const MISHAPS: readonly Mishap[] = ['crash-before', 'crash-after', 'hang'];

function expectSound(world: World, outcome: LegOutcome, ends: readonly string[]): void {
  expect(outcome.finished).toBe(true);
  expect(ends).toContain(outcome.leg.state);
  expect(world.taken).toHaveLength(outcome.leg.state === 'filled' ? 1 : 0);
  expect(world.leg?.state).toBe(outcome.leg.state);
}

describe.each(SCENARIOS)('placeLeg, $name', ({ moods, ends }) => {
  it('ends with one order, or none', async () => {
    const world = new World(moods);
    expectSound(world, await world.drive(placeAndResolve), ends);
  });

  it.each(MISHAPS)('survives a %s at every single call', async (mishap) => {
    for (let at = 1; ; at += 1) {
      const world = new World(moods, new Map([[at, mishap]]));
      const outcome = await world.drive(placeAndResolve);
      expectSound(world, outcome, ends);
      await world.resume();
      // The process that hung woke up too late to do harm.
      expectSound(world, outcome, ends);
      if (world.calls < at) break;
    }
  });

  it('survives any two mishaps', async () => {
    for (let first = 1; first <= 8; first += 1) {
      for (let second = first + 1; second <= first + 6; second += 1) {
        for (const one of MISHAPS) {
          for (const two of MISHAPS) {
            const world = new World(
              moods,
              new Map([
                [first, one],
                [second, two],
              ]),
            );
            const outcome = await world.drive(placeAndResolve);
            expectSound(world, outcome, ends);
            await world.resume();
            expectSound(world, outcome, ends);
          }
        }
      }
    }
  });
});

describe('placeLeg', () => {
  it('comes back with `unknown` instead of guessing', async () => {
    const world = new World([{ kind: 'lose' }]);
    const outcome = await world.drive((ports) => placeLeg(ports, ORDER));
    expect(outcome).toMatchObject({
      finished: false,
      leg: { state: 'unknown', errorCode: 'VENUE_UNKNOWN_OUTCOME' },
    });
  });

  it('sends an exit again however late it is', async () => {
    const lost: VenueMood[] = Array.from({ length: 5 }, () => ({ kind: 'lose' }));
    const world = new World([...lost, { kind: 'accept' }], new Map(), true);
    const outcome = await world.drive(placeAndResolve);
    expect(world.now).toBeGreaterThan(world.start + VALID_FOR_MS);
    expect(outcome.leg.state).toBe('filled');
    expect(world.taken).toHaveLength(1);
  });

  it('does not send once trading is halted', async () => {
    const world = new World([{ kind: 'accept' }]);
    world.halted = true;
    const outcome = await world.drive(placeAndResolve);
    expect(outcome).toMatchObject({
      finished: true,
      leg: { state: 'expired', errorCode: 'HALTED' },
    });
    expect(world.requests).toBe(0);
  });

  it('does not send an order that was superseded meanwhile', async () => {
    const world = new World([{ kind: 'accept' }]);
    world.superseded = true;
    const outcome = await world.drive(placeAndResolve);
    expect(outcome).toMatchObject({ leg: { state: 'expired', errorCode: 'SIGNAL_SUPERSEDED' } });
    expect(world.requests).toBe(0);
  });

  it('does not send again after a halt came between', async () => {
    const world = new World([{ kind: 'lose' }, { kind: 'accept' }]);
    await world.drive((ports) => placeLeg(ports, ORDER));
    world.halted = true;
    const outcome = await world.drive(placeAndResolve);
    expect(outcome.leg).toMatchObject({ state: 'expired', errorCode: 'HALTED' });
    expect(world.taken).toHaveLength(0);
  });
});

describe('resolveLeg without leave to send again', () => {
  it('gives an order up that never arrived', async () => {
    const world = new World([{ kind: 'lose' }, { kind: 'accept' }]);
    await world.drive((ports) => placeLeg(ports, ORDER));
    const outcome = await world.drive((ports) =>
      resolveLeg(ports, { ...ORDER, resend: false, patienceMs: 60_000 }),
    );
    expect(outcome).toMatchObject({ finished: true, leg: { state: 'cancelled' } });
    expect(world.taken).toHaveLength(0);
  });

  it('finds the order that did arrive', async () => {
    const world = new World([{ kind: 'accept-drop', showAfterMs: SHOW_LATE_MS }]);
    await world.drive((ports) => placeLeg(ports, ORDER));
    const outcome = await world.drive((ports) =>
      resolveLeg(ports, { ...ORDER, resend: false, patienceMs: 60_000 }),
    );
    expect(outcome).toMatchObject({ finished: true, leg: { state: 'filled' } });
  });
});
