import { describe, expect, it } from '@jest/globals';
import { KeelError } from '../core/errors.ts';
import { ORDER, World } from '../test/factories/placement-world.ts';
import { placeLeg, type LegPorts } from './placement.ts';
import { cancelLeg, trackLeg, type TrackInput, type TrackPorts } from './tracking.ts';

const LEG = { clientOrderId: `keel${ORDER.orderId}01`, symbol: 'BTC/USDT' };

/** A world whose leg rests at the venue. */
async function resting(): Promise<World> {
  const world = new World([{ kind: 'rest' }]);
  await placeLeg(world.ports(), ORDER);
  return world;
}

/** `rounds[n]` happens while the tracker waits for the n-th time. */
function trackPorts(
  world: World,
  rounds: readonly (() => void)[] = [],
): TrackPorts & { beats: number } {
  let round = 0;
  return {
    ...world.ports(),
    beats: 0,
    beat() {
      this.beats += 1;
    },
    waitForNotice: async (ms) => {
      world.now += ms;
      const act = rounds[round];
      round += 1;
      if (act === undefined) throw new Error('nothing more happens: the tracker waits for ever');
      act();
    },
    pollMs: 2_000,
  };
}

function input(change: Partial<TrackInput> = {}): TrackInput {
  return { ...LEG, lastSeen: { state: 'open', filledQuantity: '0' }, timeoutAt: null, ...change };
}

const nothing = (): void => undefined;

describe('trackLeg', () => {
  it('returns at once when the truth is ahead of what the caller knows', async () => {
    const world = await resting();
    world.fillAtVenue('0.2');
    const result = await trackLeg(trackPorts(world), input());
    expect(result).toMatchObject({
      kind: 'changed',
      finished: false,
      leg: { state: 'partially_filled', filledQuantity: '0.2' },
    });
  });

  it('waits, round after round, and beats in each, until something is new', async () => {
    const world = await resting();
    const ports = trackPorts(world, [
      nothing,
      nothing,
      () => {
        world.fillAtVenue(ORDER.quantity);
      },
    ]);
    expect(await trackLeg(ports, input())).toMatchObject({
      kind: 'changed',
      finished: true,
      leg: { state: 'filled' },
    });
    expect(ports.beats).toBe(4);
  });

  it('tells a time-out by the time of the market', async () => {
    const world = await resting();
    const timeoutAt = world.now + 5_000;
    const result = await trackLeg(
      trackPorts(world, [nothing, nothing, nothing]),
      input({ timeoutAt }),
    );
    expect(result).toMatchObject({ kind: 'timeout', finished: false, leg: { state: 'open' } });
    expect(world.now).toBe(timeoutAt + 1_000);
  });

  it('a fill in the round of the time-out goes first', async () => {
    const world = await resting();
    world.fillAtVenue(ORDER.quantity);
    const result = await trackLeg(trackPorts(world), input({ timeoutAt: world.now - 1 }));
    expect(result).toMatchObject({ kind: 'changed', finished: true });
  });

  it('goes on polling while the venue does not show the order', async () => {
    const world = await resting();
    const [hidden] = world.taken.splice(0);
    const ports = trackPorts(world, [nothing, () => world.taken.push(hidden!)]);
    const lastSeen = { state: 'unknown', filledQuantity: '0' } as const;
    expect(await trackLeg(ports, input({ lastSeen }))).toMatchObject({
      kind: 'changed',
      leg: { state: 'open' },
    });
  });

  it('tells people of an order that the venue does not show any more', async () => {
    const world = await resting();
    const [hidden] = world.taken.splice(0);
    const rounds = [...Array<() => void>(30).fill(nothing), () => world.taken.push(hidden!)];
    const lastSeen = { state: 'unknown', filledQuantity: '0' } as const;
    await trackLeg(trackPorts(world, rounds), input({ lastSeen }));
    expect(world.notes).toEqual([
      expect.objectContaining({
        kind: 'anomaly',
        detail: expect.stringContaining('at the last 30 looks'),
      }),
    ]);
  });

  it('is not finished while fills lag the order that says filled', async () => {
    const world = await resting();
    world.fillAtVenue(ORDER.quantity);
    const whole = world.taken[0]!.seen;
    world.taken[0]!.seen = { ...whole, fills: [] };
    const first = await trackLeg(trackPorts(world), input());
    expect(first).toMatchObject({ kind: 'changed', finished: false, leg: { state: 'filled' } });
    const ports = trackPorts(world, [
      () => {
        world.taken[0]!.seen = whole;
      },
    ]);
    // The leg has not moved since; that its fills are there is news enough.
    const second = await trackLeg(ports, input({ lastSeen: first.leg, timeoutAt: world.now - 1 }));
    expect(second).toMatchObject({ kind: 'changed', finished: true });
  });

  it('lets a read that failed be tried again by its caller', async () => {
    const world = await resting();
    const ports = trackPorts(world);
    const down = new KeelError('VENUE_UNAVAILABLE', '502');
    const broken = {
      ...ports,
      adapter: { ...ports.adapter, getOrderStatus: () => Promise.reject(down) },
    };
    await expect(trackLeg(broken, input())).rejects.toBe(down);
  });
});

describe('cancelLeg', () => {
  it('cancels what rests and reads that it is over', async () => {
    const world = await resting();
    expect(await cancelLeg(world.ports(), ORDER)).toMatchObject({
      finished: true,
      leg: { state: 'cancelled' },
    });
    expect(world.cancels).toBe(1);
  });

  it('never sent: over without a word to the venue', async () => {
    const world = new World([{ kind: 'accept' }]);
    expect(await cancelLeg(world.ports(), ORDER)).toMatchObject({
      finished: true,
      leg: { state: 'cancelled', venueOrderId: null },
    });
    expect([world.requests, world.cancels]).toEqual([0, 0]);
    // Nor is it sent by whoever comes later.
    await placeLeg(world.ports(), ORDER);
    expect(world.requests).toBe(0);
  });

  it('claimed by another sender before it could be given up: looked for at the venue', async () => {
    const world = new World([{ kind: 'accept' }]);
    const ports = world.ports();
    let claimed = false;
    const racing: LegPorts = {
      ...ports,
      store: {
        ...ports.store,
        recordLeg: async (update) => {
          if (!claimed) {
            claimed = true;
            await placeLeg(ports, ORDER);
          }
          return ports.store.recordLeg(update);
        },
      },
    };
    expect(await cancelLeg(racing, ORDER)).toMatchObject({
      finished: true,
      leg: { state: 'filled' },
    });
    expect(world.taken).toHaveLength(1);
  });

  it('filled on the way: says so, fills booked', async () => {
    const world = await resting();
    world.fillAtVenue(ORDER.quantity);
    expect(await cancelLeg(world.ports(), ORDER)).toMatchObject({
      finished: true,
      leg: { state: 'filled', filledQuantity: ORDER.quantity },
    });
  });

  it('comes back unfinished where the venue has not come to an end, and can be called again', async () => {
    const world = await resting();
    world.deafToCancels = 1;
    expect(await cancelLeg(world.ports(), ORDER)).toMatchObject({
      finished: false,
      leg: { state: 'cancel_pending' },
    });
    expect(await cancelLeg(world.ports(), ORDER)).toMatchObject({
      finished: true,
      leg: { state: 'cancelled' },
    });
  });

  it('sent, and the venue shows nothing: unfinished, with what is known', async () => {
    const world = new World([{ kind: 'lose' }]);
    await placeLeg(world.ports(), ORDER);
    const outcome = await cancelLeg(world.ports(), ORDER);
    expect(outcome).toMatchObject({ finished: false, leg: { state: 'unknown' } });
  });

  it('already over: asks the venue for its end, never for a cancel', async () => {
    const world = await resting();
    await cancelLeg(world.ports(), ORDER);
    expect(await cancelLeg(world.ports(), ORDER)).toMatchObject({ finished: true });
    expect(world.cancels).toBe(1);
  });

  it('throws what may be tried again when the venue does not answer', async () => {
    const world = await resting();
    const ports = world.ports();
    const down = new KeelError('VENUE_UNAVAILABLE', '502');
    const broken: LegPorts = {
      ...ports,
      adapter: { ...ports.adapter, cancelOrder: () => Promise.reject(down) },
    };
    await expect(cancelLeg(broken, ORDER)).rejects.toBe(down);
  });
});
