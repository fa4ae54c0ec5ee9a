import { describe, expect, it } from '@jest/globals';
import { createInstrument, T0 } from '../test/factories/market.ts';
import { createGuard } from '../test/factories/guards.ts';
import type { Guard, GuardNews, GuardPlan, GuardSight, GuardWorld } from './guard.ts';
import { planGuard } from './guard-plan.ts';

const NOW = 1_000_000;
const world: GuardWorld = {
  instrument: createInstrument(),
  venueStops: true,
  price: '100',
  marketTime: T0,
  now: NOW,
};
const QUIET: GuardNews = { asked: false };

type Own = NonNullable<GuardSight['own']>;
const own = (overrides: Partial<Own> = {}): Own => ({
  status: 'open',
  final: false,
  quantity: '1',
  filledQuantity: '0',
  reason: null,
  ...overrides,
});

/** One look at a long position of 1 at 100, whose stop belongs at 98. */
function look(
  given: {
    guard?: Partial<Guard>;
    quantity?: string;
    cost?: string;
    spread?: boolean;
    own?: Own | null;
    others?: GuardSight['others'];
    news?: Partial<GuardNews>;
    world?: Partial<GuardWorld>;
  } = {},
): GuardPlan {
  const quantity = given.quantity ?? '1';
  return planGuard(
    {
      guard: createGuard(given.guard),
      position: {
        quantity,
        averageCost: quantity === '0' ? null : (given.cost ?? '100'),
        spread: given.spread ?? false,
      },
      own: given.own ?? null,
      others: given.others ?? [],
    },
    { ...world, ...given.world },
    { ...QUIET, ...given.news },
  );
}

/** The guard once its stop rests. */
function armed(overrides: Partial<Guard> = {}): Guard {
  const { guard } = look({ guard: overrides });
  return { ...guard, state: 'armed' };
}

describe('a stop that traded a part', () => {
  it('is taken away though an entry made what is held as much as the stop was for', () => {
    const guard = armed();
    const partly = own({ status: 'partially_filled', filledQuantity: '0.3' });
    expect(look({ guard, quantity: '1', own: partly }).act).toMatchObject({ kind: 'cancel' });
    expect(look({ guard, quantity: '1', own: own() }).act).toEqual({ kind: 'none' });
  });
});

describe('arming', () => {
  it('puts the stop at the venue, for what is held, by an order named by its number', () => {
    const plan = look({ guard: { ordersMade: 6 }, quantity: '1.000009' });
    expect(plan.act).toMatchObject({
      kind: 'send',
      signal: {
        type: 'stop',
        stopPrice: '98',
        wanted: { kind: 'order', side: 'sell', quantity: '1' },
        source: { kind: 'guard', name: 's1' },
        sequence: 7,
        tag: 'stop-loss',
      },
    });
    expect(plan.guard).toMatchObject({ state: 'arming', ordersMade: 7, generation: 1 });
    expect(look({ guard: { ordersMade: 6 } }).guard.order?.signal.id).toBe(
      plan.guard.order?.signal.id,
    );
  });

  it('sends the same order again while the books do not know it', () => {
    const guard = armed();
    const plan = look({ guard });
    expect(plan.act).toEqual({ kind: 'send', signal: guard.order?.signal });
    expect(plan.guard.ordersMade).toBe(guard.ordersMade);
  });

  it('is armed once the stop rests, and then waits until it is told something', () => {
    expect(look({ guard: armed(), own: own({ status: 'submitting' }) })).toMatchObject({
      guard: { state: 'arming' },
      act: { kind: 'none' },
    });
    expect(look({ guard: armed(), own: own() })).toMatchObject({
      guard: { state: 'armed' },
      act: { kind: 'none' },
      lookAgainMs: null,
    });
  });

  it('is armed by its levels alone where the venue takes no stops, or no stop is asked for', () => {
    const local = { guard: { state: 'armed', order: null }, act: { kind: 'none' } };
    expect(look({ world: { venueStops: false } })).toMatchObject(local);
    expect(look({ spread: true })).toMatchObject(local);
    expect(look({ guard: { spec: { takeProfit: { fraction: '0.1' } } } })).toMatchObject(local);
  });

  it('waits for a position that is too small and growing; one that is not growing is dust', () => {
    const small = { quantity: '0.00002' };
    expect(look({ ...small, others: [{ side: 'buy', remaining: '1' }] })).toMatchObject({
      guard: { state: 'arming', order: null },
      act: { kind: 'none' },
      lookAgainMs: null,
    });
    expect(look(small)).toMatchObject({
      guard: { state: 'ended', ending: 'dust', quantity: '0.00002' },
      alert: { rule: 'guard-dust', level: 'warning' },
    });
  });

  it('guards a short position with a stop above it', () => {
    expect(look({ quantity: '-1' }).act).toMatchObject({
      signal: { stopPrice: '102', wanted: { side: 'buy', quantity: '1' } },
    });
  });
});

describe('following the position', () => {
  it('cancels the stop first and then makes one of the new quantity', () => {
    const guard = armed();
    const cancelling = look({ guard, own: own(), quantity: '2' });
    expect(cancelling.act).toMatchObject({ kind: 'cancel', signal: guard.order?.signal });
    const waiting = look({
      guard: cancelling.guard,
      own: own({ status: 'cancel_pending' }),
      quantity: '2',
    });
    expect(waiting.act.kind).toBe('cancel');
    const done = own({ status: 'cancelled', final: true });
    expect(look({ guard: waiting.guard, own: done, quantity: '2' })).toMatchObject({
      act: { kind: 'send', signal: { wanted: { quantity: '2' }, sequence: 2 } },
      guard: { failures: 0 },
    });
  });

  it('moves its levels with the average cost, as a new generation', () => {
    const plan = look({ guard: armed(), own: own(), cost: '110' });
    expect(plan.guard).toMatchObject({ levels: { stop: '107.8' }, generation: 2 });
    expect(plan.act.kind).toBe('cancel');
  });

  it('changes nothing for less than a step', () => {
    expect(look({ guard: armed(), own: own(), quantity: '1.000009' }).act.kind).toBe('none');
  });

  it('guards the other side once the position turned', () => {
    const guard = armed();
    const turned = look({ guard, own: own(), quantity: '-1' });
    expect(turned.guard).toMatchObject({ side: 'short', generation: 2, exit: null });
    expect(turned.act.kind).toBe('cancel');
  });

  it('trails the best price, never back', () => {
    const spec = { trailing: { fraction: '0.1' } };
    const guard = armed({ spec });
    expect(guard.levels).toMatchObject({ stop: '90', stopKind: 'trailing' });
    const ratchet = { generation: 1, price: '120' };
    const up = look({ guard, own: own(), news: { ratchet } });
    expect(up).toMatchObject({
      guard: { bestPrice: '120', levels: { stop: '108' }, generation: 2 },
      act: { kind: 'cancel' },
    });
    const stale = look({
      guard: up.guard,
      own: own(),
      news: { ratchet: { ...ratchet, price: '130' } },
    });
    expect(stale.guard.bestPrice).toBe('120');
    const down = look({
      guard: up.guard,
      own: own(),
      news: { ratchet: { generation: 2, price: '110' } },
    });
    expect(down.guard).toMatchObject({ bestPrice: '120', levels: { stop: '108' } });
  });
});

describe('closing', () => {
  const atProfit = { generation: 1, level: 'takeProfit', price: '105' } as const;

  it('takes the stop away before it sells at the market, never both', () => {
    const withdrawn = look({ guard: armed(), own: own(), news: { trigger: atProfit } });
    expect(withdrawn).toMatchObject({
      guard: { state: 'closing', exit: 'take-profit' },
      act: { kind: 'cancel' },
    });
    const cancelled = own({ status: 'cancelled', final: true });
    expect(look({ guard: withdrawn.guard, own: cancelled })).toMatchObject({
      act: {
        kind: 'send',
        signal: { type: 'market', wanted: { kind: 'target', quantity: '0' }, tag: 'take-profit' },
      },
    });
  });

  it('ends when the stop was filled while it was being cancelled', () => {
    const { guard } = look({ guard: armed(), own: own(), news: { trigger: atProfit } });
    const filled = own({ status: 'filled', final: true, filledQuantity: '1' });
    expect(look({ guard, own: filled, quantity: '0' })).toMatchObject({
      guard: { state: 'ended', ending: 'flat', order: null },
      act: { kind: 'none' },
    });
  });

  it('leaves a stop that rests to the venue, and acts on the price where none rests', () => {
    const trigger = { generation: 1, level: 'stop', price: '97' } as const;
    expect(look({ guard: armed(), own: own(), news: { trigger } }).guard.exit).toBeNull();
    const local = look({ world: { venueStops: false } }).guard;
    expect(look({ guard: local, news: { trigger }, world: { venueStops: false } })).toMatchObject({
      guard: { exit: 'stop-loss', state: 'closing' },
      act: { kind: 'send', signal: { type: 'market' } },
    });
    const unsent = own({ status: 'submitting' });
    expect(look({ guard: armed(), own: unsent, news: { trigger } })).toMatchObject({
      guard: { exit: 'stop-loss' },
      act: { kind: 'cancel' },
    });
  });

  it('ignores a trigger of other levels, and one that its price does not reach', () => {
    for (const trigger of [
      { ...atProfit, generation: 7 },
      { ...atProfit, price: '104.9' },
    ]) {
      expect(look({ guard: armed(), own: own(), news: { trigger } }).guard.exit).toBeNull();
    }
  });

  it('closes what a fired stop left, and cancels entries that would open it again', () => {
    const fired = own({ status: 'cancelled', final: true, filledQuantity: '0.4' });
    expect(look({ guard: armed(), own: fired, quantity: '0.6' })).toMatchObject({
      guard: { exit: 'stop-loss', state: 'closing' },
      act: { kind: 'send', signal: { wanted: { quantity: '0' } } },
    });
    const filled = own({ status: 'filled', final: true, filledQuantity: '1' });
    const others = [{ side: 'buy', remaining: '1' }] as const;
    expect(look({ guard: armed(), own: filled, quantity: '0', others })).toMatchObject({
      act: { kind: 'send', signal: { type: 'market', wanted: { quantity: '0' } } },
    });
  });

  it('tries again after a pause that grows, and tells people', () => {
    const closing = look({ guard: { exit: 'take-profit' }, world: { venueStops: false } }).guard;
    const refused = own({ status: 'rejected', final: true, reason: 'no' });
    const first = look({ guard: closing, own: refused });
    expect(first).toMatchObject({ act: { kind: 'none' }, lookAgainMs: 500, alert: null });
    const again = look({ guard: first.guard, world: { now: NOW + 500 } });
    expect(again.act).toMatchObject({ kind: 'send', signal: { sequence: 2 } });
    const second = look({ guard: again.guard, own: refused });
    expect(second).toMatchObject({
      lookAgainMs: 1_000,
      alert: { rule: 'guard-close-refused', level: 'critical' },
    });
  });

  it('is not alarmed when another exit was first', () => {
    const closing = look({ guard: { exit: 'take-profit' }, world: { venueStops: false } }).guard;
    const unneeded = own({ status: 'unneeded', final: true, quantity: '0' });
    const others = [{ side: 'sell', remaining: '1' }] as const;
    expect(look({ guard: closing, own: unneeded, others })).toMatchObject({
      guard: { failures: 0, state: 'closing' },
      act: { kind: 'none' },
      lookAgainMs: 500,
    });
  });

  it('sells no more at once than the venue takes in a market order', () => {
    const instrument = createInstrument({ marketMaxQuantity: '3' });
    const plan = look({
      guard: { exit: 'stop-loss' },
      quantity: '10',
      world: { venueStops: false, instrument },
    });
    expect(plan.act).toMatchObject({ signal: { wanted: { kind: 'target', quantity: '7' } } });
  });
});

describe('standing aside', () => {
  it('takes its stop away when asked, waits for the exit, and stands again for what is left', () => {
    const asked = look({ guard: armed(), own: own(), news: { asked: true } });
    expect(asked).toMatchObject({ guard: { state: 'standing_aside' }, act: { kind: 'cancel' } });
    const cancelled = own({ status: 'cancelled', final: true });
    const aside = look({ guard: asked.guard, own: cancelled, news: { asked: true } });
    expect(aside).toMatchObject({
      guard: { state: 'standing_aside', order: null },
      act: { kind: 'none' },
    });
    const selling = look({ guard: aside.guard, others: [{ side: 'sell', remaining: '1' }] });
    expect(selling).toMatchObject({ guard: { state: 'standing_aside' }, act: { kind: 'none' } });
    expect(look({ guard: aside.guard, quantity: '0.5' }).act).toMatchObject({
      kind: 'send',
      signal: { type: 'stop', wanted: { quantity: '0.5' } },
    });
    expect(look({ guard: aside.guard, quantity: '0' }).guard).toMatchObject({ ending: 'flat' });
  });

  it('guards what a resting exit has not spoken for', () => {
    expect(look({ others: [{ side: 'sell', remaining: '0.3' }] }).act).toMatchObject({
      signal: { wanted: { quantity: '0.7' } },
    });
  });

  it('still acts on its levels', () => {
    const aside = look({ others: [{ side: 'sell', remaining: '1' }] }).guard;
    const trigger = { generation: 1, level: 'stop', price: '98' } as const;
    expect(
      look({ guard: aside, others: [{ side: 'sell', remaining: '1' }], news: { trigger } }),
    ).toMatchObject({
      guard: { exit: 'stop-loss' },
      act: { kind: 'send', signal: { type: 'market' } },
    });
  });
});

describe('ending', () => {
  it('cancels and verifies the stop of a position that is flat, then ends', () => {
    const flat = look({ guard: armed(), own: own(), quantity: '0' });
    expect(flat).toMatchObject({ act: { kind: 'cancel' }, guard: { state: 'armed' } });
    const cancelled = own({ status: 'cancelled', final: true });
    expect(look({ guard: flat.guard, own: cancelled, quantity: '0' }).guard).toMatchObject({
      state: 'ended',
      ending: 'flat',
    });
  });

  it('is cleared by a person, with its stop taken away', () => {
    const guard: Guard = { ...armed(), clearing: true };
    const clearing = look({ guard, own: own() });
    expect(clearing.act.kind).toBe('cancel');
    const cancelled = own({ status: 'cancelled', final: true });
    expect(look({ guard: clearing.guard, own: cancelled }).guard.ending).toBe('cleared');
  });

  it('puts a stop that somebody cancelled back', () => {
    const cancelled = own({ status: 'cancelled', final: true });
    const put = look({ guard: armed(), own: cancelled });
    expect(put).toMatchObject({ lookAgainMs: 500, alert: null, guard: { order: null } });
    expect(look({ guard: put.guard, world: { now: NOW + 500 } }).act.kind).toBe('send');
  });

  it('gives an order up whose workflow is over and that the books never saw', () => {
    const guard = armed();
    const lostOrderId = guard.order?.signal.id ?? '';
    const lost = look({ guard, news: { lostOrderId } });
    expect(lost.guard).toMatchObject({ order: null, failures: 1 });
  });

  it('stays ended', () => {
    const guard = { state: 'ended', ending: 'flat' } as const;
    expect(look({ guard })).toMatchObject({ guard, act: { kind: 'none' }, lookAgainMs: null });
  });
});
