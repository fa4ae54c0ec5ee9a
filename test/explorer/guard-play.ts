/** Plays what becomes of a guarded position to its rest, and says what is wrong there. */
import { decimal } from '../../core/money.ts';
import type { GuardMessage } from '../../core/guard.ts';
import type { Signal } from '../../core/signal.ts';
import type { GuardLoop } from '../../workflows/guard-loop.ts';
import { createSignal } from '../factories/market.ts';
import { GUARD_PROTOCOL, GuardBooks, type GuardProtocol, STRATEGY_RUN } from './guard-books.ts';
import { guardLife } from './guard-life.ts';
import {
  type GuardedWorld,
  type GuardPlot,
  heldAtVenue,
  sidesOf,
  watchExits,
} from './guard-world.ts';
import { liveGuardedOrder } from './guarded-order-life.ts';
import { type Fates, Schedule, seededChance } from './schedule.ts';
import { isOpen, Venue } from './venue.ts';

/** The strategy takes back what still rests then; all comes to rest after it. */
const LAST_MS = 60_000;
const REST_MS = 180_000;
const SMALLEST_NOTIONAL = 5;

function createWorld(plot: GuardPlot, fates: Fates, seed: number, protocol: GuardProtocol) {
  const chance = seededChance(seed);
  const schedule = new Schedule(fates, chance);
  const network = schedule.process('network');
  const wrong = new Set<string>();
  let guard: GuardLoop | null = null;
  let runs = 0;
  let messages = 0;
  const arrive = (message: GuardMessage): void => {
    if (world.books.guard === null) return;
    if (guard === null) {
      runs += 1;
      const life = guardLife(world, `guard-${String(runs)}`);
      guard = life;
      life.toEnd().then(
        () => (guard = null),
        (error: unknown) => wrong.add(String(error)),
      );
    }
    guard.hear(message);
  };
  const world: GuardedWorld = {
    ...{ schedule, chance, plot, wrong },
    venue: new Venue(schedule),
    books: new GuardBooks(protocol, plot.side),
    lives: new Map(),
    tellGuard(message) {
      const delays = plot.deliveries[messages] ?? [0];
      messages += 1;
      for (const ms of delays) {
        void schedule.sleep(network, ms).then(() => {
          arrive(message);
        });
      }
    },
    startOrder(signal) {
      const known = world.lives.get(signal.id);
      if (known !== undefined) return known.over ? 'over' : 'on';
      const life = { cancel: false, over: false };
      world.lives.set(signal.id, life);
      liveGuardedOrder(world, signal, life).then(
        () => (life.over = true),
        (error: unknown) => wrong.add(String(error)),
      );
      return 'on';
    },
  };
  return world;
}

function strategySignal(sequence: number, now: number, more: Partial<Signal>): Signal {
  return createSignal({
    ...{ strategyId: 's1', accountId: 'test', runId: STRATEGY_RUN },
    ...{ sequence, eventTime: now, validUntil: now + LAST_MS, ...more },
  });
}

/** Plays one schedule. */
export async function playGuard(
  plot: GuardPlot,
  fates: Fates,
  seed: number,
  protocol: GuardProtocol = GUARD_PROTOCOL,
): Promise<{ violations: string[]; trace: readonly string[] }> {
  const world = createWorld(plot, fates, seed, protocol);
  const { schedule, venue, books, lives } = world;
  const stage = schedule.process('stage');
  const at = (ms: number, happen: () => void): void => {
    void schedule.sleep(stage, ms).then(happen);
  };
  const limit = { type: 'limit', limitPrice: '100' } as const;
  const sides = sidesOf(plot);
  const entry = strategySignal(1, schedule.now, {
    ...(plot.entry === 'limit' ? limit : {}),
    wanted: { kind: 'order', side: sides.entry, quantity: '1' },
    stops: {
      stopLoss: { fraction: '0.02' },
      takeProfit: { fraction: '0.05' },
      trailing: { fraction: '0.03' },
    },
    tag: 'entry',
  });
  at(0, () => world.startOrder(entry));
  for (const { afterMs, of, quantity } of plot.trades) {
    at(afterMs, () => {
      const found = venue.orders.find(({ request, ...order }) => {
        const { side } = request;
        const type = { entry: side === sides.entry, stop: request.type === 'stop' };
        return isOpen(order) && (of === 'exit' ? side === sides.exit && !type.stop : type[of]);
      });
      if (found === undefined) return;
      schedule.note(`trade ${of} ${quantity}`);
      venue.trade(found, decimal(quantity));
      watchExits(world);
    });
  }
  for (const [index, { afterMs, limit: quantity }] of plot.exits.entries()) {
    at(afterMs, () =>
      world.startOrder(
        strategySignal(index + 2, schedule.now, {
          tag: 'exit',
          ...(quantity === null
            ? { wanted: { kind: 'target', quantity: '0' } }
            : { ...limit, wanted: { kind: 'order', side: sides.exit, quantity } }),
        }),
      ),
    );
  }
  for (const { afterMs, kind, price } of plot.prices) {
    at(afterMs, () => {
      const generation = books.guard?.generation ?? 0;
      if (kind === 'ratchet') world.tellGuard({ kind, generation, price });
      else world.tellGuard({ kind: 'trigger', level: kind, generation, price });
    });
  }
  if (plot.clearAfterMs !== null) {
    at(plot.clearAfterMs, () => {
      if (books.guard === null || books.guard.state === 'ended') return;
      books.guard = { ...books.guard, clearing: true };
      world.tellGuard({ kind: 'positionChanged' });
    });
  }
  at(LAST_MS, () => {
    for (const [id, life] of lives) {
      if (books.orders.get(id)?.signal.source.kind !== 'guard') life.cancel = true;
    }
  });
  try {
    await schedule.run(schedule.sleep(stage, LAST_MS + REST_MS));
  } catch (error) {
    return { violations: [String(error)], trace: schedule.trace };
  }
  return { violations: guardViolations(world), trace: schedule.trace };
}

/** What is wrong at rest; empty where every invariant holds. */
function guardViolations({ venue, books, lives, plot, wrong }: GuardedWorld): string[] {
  const found = [...wrong];
  const { guard, position } = books;
  const held = position.toFixed();
  const open = venue.orders.filter(isOpen);
  const stops = open.filter(({ request }) => request.type === 'stop');
  const stopsFor = stops.map(({ request, filled }) =>
    decimal(request.quantity).minus(filled).toFixed(),
  );
  if (!heldAtVenue(venue).eq(position)) {
    found.push(`${held} is booked, ${heldAtVenue(venue).toFixed()} is held at the venue`);
  }
  if (open.length > stops.length) found.push('an order that is no stop is left open');
  for (const [id, life] of lives) {
    const guards = books.orders.get(id)?.signal.source.kind === 'guard';
    if (!life.over && !guards) found.push('an order of the strategy never ended');
  }
  if (guard === null || guard.state === 'ended') {
    const closable = position.abs().mul(100).gte(SMALLEST_NOTIONAL);
    if (guard === null && !position.isZero()) found.push(`${held} is held and has no guard`);
    if (guard?.ending === 'flat' && !position.isZero()) {
      found.push(`${held} is held and its guard ended as flat`);
    }
    if (guard?.ending === 'dust' && closable) {
      found.push(`${held} is held and its guard ended as dust`);
    }
    if (stops.length > 0) found.push('the guard has ended and a stop rests at the venue');
    return found;
  }
  if (position.isZero()) found.push(`nothing is held and the guard is ${guard.state}`);
  if (guard.state !== 'armed') found.push(`the guard is left ${guard.state}`);
  // A stop under the smallest notional at its own price is refused: the risk monitor watches the level instead.
  const size = position.abs();
  const restable = size.mul(guard.levels.stop ?? '0').gte(SMALLEST_NOTIONAL);
  const wanted = plot.venueStops && restable ? [size.toFixed()] : [];
  if (stopsFor.join() !== wanted.join()) {
    found.push(`${held} is held and stops rest for [${stopsFor.join()}]`);
  }
  if (stops.some(({ request }) => request.stopPrice !== guard.levels.stop)) {
    found.push('the stop rests at a price that is not its level');
  }
  return found;
}
