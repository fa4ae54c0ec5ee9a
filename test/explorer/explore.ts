/**
 * Explores what can become of an order. `everyFate` takes each plot and each way a request can go, and lets
 * the process meet each fate at each of its awaits in turn; `drawn` draws whole schedules from a seed, with
 * several mishaps at once. Each schedule must keep the invariants of `violations`.
 */
import { decimal } from '../../core/money.ts';
import { isFinalIntent } from '../../core/intent-machine.ts';
import { isFinalLeg } from '../../core/leg-machine.ts';
import { Books } from './books.ts';
import { Collector, type Explored, FATES, type Selection } from './collector.ts';
import { QUANTITY } from './leg-life.ts';
import { play } from './play.ts';
import type { Plot, World } from './plot.ts';
import { PROTOCOL, type Protocol } from './protocol.ts';
import { type Fates, Schedule, seededChance } from './schedule.ts';
import { isOpen, type Passage, Venue } from './venue.ts';

const RESTS_AT_MOST_MS = 150_000;
const QUIET: Plot = {
  type: 'market',
  passages: [],
  trades: [],
  cancelAfterMs: null,
  timeoutAfterMs: null,
  placingBreaks: false,
  chase: null,
  witnesses: [],
  redeliverAfterMs: null,
  haltAfterMs: null,
};
const LIMIT: Plot = {
  ...QUIET,
  type: 'limit',
  trades: [
    { afterMs: 1_500, quantity: '0.2' },
    { afterMs: 40_000, quantity: '0.3' },
  ],
  // What nothing filled is cancelled.
  cancelAfterMs: 80_000,
};

const PLOTS: Readonly<Record<string, Plot>> = {
  market: QUIET,
  'market, delivered twice': { ...QUIET, redeliverAfterMs: 3_000 },
  'market, halted': { ...QUIET, haltAfterMs: 1 },
  'market, cancelled at once': { ...QUIET, cancelAfterMs: 1 },
  'market, its workflow fails': { ...QUIET, placingBreaks: true },
  limit: { ...LIMIT, witnesses: [{ afterMs: 2_000, bookAfterMs: 45_000 }] },
  chase: { ...LIMIT, chase: { repriceAfterMs: 4_000, maxLegs: 3 } },
  'limit, cancelled': { ...LIMIT, cancelAfterMs: 5_000 },
  'limit, filled while it is cancelled': {
    ...LIMIT,
    cancelAfterMs: 5_000,
    trades: [{ afterMs: 5_001, quantity: QUANTITY }],
  },
  'limit, timed out': { ...LIMIT, timeoutAfterMs: 8_000 },
  'limit, its workflow fails': { ...LIMIT, placingBreaks: true },
  // Nothing but its own loop brings it to its end.
  'chase, filled': {
    ...LIMIT,
    chase: { repriceAfterMs: 4_000, maxLegs: 3 },
    trades: Array.from({ length: 20 }, (_, index) => ({
      afterMs: 1_500 + index * 10_000,
      quantity: '0.2',
    })),
    cancelAfterMs: null,
  },
  'chase, cancelled': {
    ...LIMIT,
    chase: { repriceAfterMs: 4_000, maxLegs: 3 },
    cancelAfterMs: 6_000,
    witnesses: [{ afterMs: 3_000, bookAfterMs: 6_000 }],
  },
  'chase, timed out': {
    ...LIMIT,
    chase: { repriceAfterMs: 4_000, maxLegs: 3 },
    timeoutAfterMs: 9_000,
  },
};

const PASSAGES: readonly Passage[] = [
  { kind: 'arrives' },
  { kind: 'answer-lost' },
  { kind: 'request-lost' },
  { kind: 'late', underWayMs: 4_900, heldMs: 9_900 },
  { kind: 'late', underWayMs: 1_000, heldMs: 100 },
  { kind: 'late', underWayMs: 6_000, heldMs: 0 },
  { kind: 'hidden', ms: 3_000 },
  { kind: 'refused' },
  { kind: 'unread', code: 'VENUE_RATE_LIMITED' },
  { kind: 'unread', code: 'VENUE_CLOCK' },
  { kind: 'duplicate' },
];

const ENTRY_VALID_MS = 120_000;
/** A life has fewer. */
const MOST_AWAITS = 400;

/** What is wrong when all is over; empty where every invariant holds. */
export function violations({ venue, books }: Pick<World, 'venue' | 'books'>): string[] {
  const wrong: string[] = [];
  for (const leg of books.legs.values()) {
    const id = leg.clientOrderId.slice(-2);
    const there = venue.orders.filter(({ request }) => request.clientOrderId === leg.clientOrderId);
    if (there.length > 1) wrong.push(`leg ${id} has ${String(there.length)} venue orders`);
    if (!isFinalLeg(leg.state)) wrong.push(`leg ${id} is left ${leg.state}`);
    if (there.length === 0 && leg.venueOrderId !== null) wrong.push(`leg ${id} is at no venue`);
    if (there.length > 0 && leg.venueOrderId === null) {
      wrong.push(`leg ${id} is ${leg.state} here, and at the venue`);
    }
    const filled = there.reduce((sum, order) => sum.plus(order.filled), decimal('0'));
    if (!filled.eq(leg.filledQuantity)) {
      wrong.push(
        `leg ${id} is filled ${leg.filledQuantity} here, ${filled.toFixed()} at the venue`,
      );
    }
  }
  if (venue.orders.some(isOpen)) wrong.push('an order is open at the venue');
  if (venue.twoAtOnce) wrong.push('two orders were open at the venue at once');
  const traded = venue.orders.reduce((sum, order) => sum.plus(order.filled), decimal('0'));
  if (!traded.eq(books.position)) {
    wrong.push(`${books.position.toFixed()} is booked, ${traded.toFixed()} was traded`);
  }
  if (traded.gt(books.quantity)) wrong.push(`${traded.toFixed()} was traded of ${QUANTITY} wanted`);
  if (!isFinalIntent(books.state)) wrong.push(`the order is left ${books.state}`);
  if (!books.reserved.isZero()) wrong.push(`${books.reserved.toFixed()} is still reserved`);
  return wrong;
}

/** Plays one schedule. */
async function playOne(
  plot: Plot,
  fates: Fates,
  seed: number,
  protocol: Protocol,
): Promise<{ violations: string[]; trace: readonly string[] }> {
  const chance = seededChance(seed);
  const schedule = new Schedule(fates, chance);
  const venue = new Venue(schedule);
  const books = new Books({ quantity: QUANTITY, validUntil: schedule.now + ENTRY_VALID_MS });
  const world = { schedule, venue, books, chance, protocol, plot };
  try {
    await play(world);
  } catch (error) {
    return { violations: [String(error)], trace: schedule.trace };
  }
  return { violations: violations(world), trace: schedule.trace };
}

export interface ExploreOptions extends Selection {
  /** How many schedules are drawn, beside the enumerated ones. */
  readonly drawn: number;
  /** Of the first drawn one; they count up. */
  readonly seed: number;
  readonly protocol?: Protocol;
}

/** Every plot and passage with every fate at every await, then schedules drawn from seeds. */
export async function explore(options: ExploreOptions): Promise<Explored> {
  const { protocol = PROTOCOL } = options;
  const collector = new Collector(options);
  for (const [title, plot] of Object.entries(PLOTS)) {
    for (const [index, passage] of PASSAGES.entries()) {
      const name = `${title} / ${String(index)} ${passage.kind}`;
      const passed = { ...plot, passages: [passage] };
      await collector.everyFate(name, MOST_AWAITS, (fates) => playOne(passed, fates, 1, protocol));
    }
  }
  await collector.drawn(options, (seed) => playOne(...drawSchedule(seed), seed, protocol));
  return collector.result();
}

function drawSchedule(seed: number): [Plot, Fates] {
  const chance = seededChance(seed ^ 0x5eed);
  const pick = <T>(values: readonly [T, ...T[]] | readonly T[]): T =>
    values[chance.below(values.length)] as T;
  const some = <T>(most: number, make: () => T): T[] =>
    Array.from({ length: chance.below(most + 1) }, make);
  const type = pick(['market', 'limit'] as const);
  const plot: Plot = {
    type,
    passages: some(4, () => pick(PASSAGES)),
    trades: some(4, () => ({
      afterMs: chance.below(30_000),
      quantity: `0.${String(1 + chance.below(5))}`,
    })).concat({ afterMs: 60_000 + chance.below(30_000), quantity: QUANTITY }),
    cancelAfterMs: chance.happens(0.4) ? chance.below(30_000) : RESTS_AT_MOST_MS,
    timeoutAfterMs: chance.happens(0.2) ? 1_000 + chance.below(30_000) : null,
    placingBreaks: chance.happens(0.1),
    chase:
      type === 'limit' && chance.happens(0.5)
        ? { repriceAfterMs: 500 + chance.below(8_000), maxLegs: 1 + chance.below(4) }
        : null,
    witnesses: some(3, () => ({
      afterMs: chance.below(30_000),
      bookAfterMs: chance.below(30_000),
    })),
    redeliverAfterMs: chance.happens(0.3) ? chance.below(30_000) : null,
    haltAfterMs: chance.happens(0.15) ? chance.below(10_000) : null,
  };
  const rate = 0.02 + chance.below(20) / 100;
  const fates: Fates = ({ n }) =>
    // Mishaps end at some time: an order may wait for ever only where the world is broken for ever.
    n < 150 && chance.happens(rate) ? pick(FATES) : 'goes-on';
  return [plot, fates];
}
