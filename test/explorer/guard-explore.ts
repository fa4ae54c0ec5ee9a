/** Explores a guarded position as explore.ts does an order: every fate at every await, then drawn schedules. */
import { Collector, type Explored, FATES } from './collector.ts';
import type { ExploreOptions } from './explore.ts';
import type { GuardProtocol } from './guard-books.ts';
import { playGuard } from './guard-play.ts';
import type { GuardPlot } from './guard-world.ts';
import { type Fates, seededChance } from './schedule.ts';

const HELD: GuardPlot = {
  side: 'long',
  entry: 'market',
  venueStops: true,
  passages: [],
  trades: [],
  exits: [],
  prices: [],
  clearAfterMs: null,
  marketFills: '1',
  deliveries: [],
};

const LONG_PLOTS: Readonly<Record<string, GuardPlot>> = {
  cleared: { ...HELD, clearAfterMs: 5_000 },
  'the stop rests': HELD,
  'no stops at the venue, the stop is reached': {
    ...HELD,
    venueStops: false,
    prices: [{ afterMs: 4_000, kind: 'stop', price: '90' }],
  },
  'an entry in parts': {
    ...HELD,
    entry: 'limit',
    trades: [
      { afterMs: 1_500, of: 'entry', quantity: '0.4' },
      { afterMs: 5_000, of: 'entry', quantity: '0.6' },
    ],
  },
  'the stop fires in parts': {
    ...HELD,
    trades: [
      { afterMs: 5_000, of: 'stop', quantity: '0.3' },
      { afterMs: 9_000, of: 'stop', quantity: '0.7' },
    ],
  },
  'all but dust is sold': { ...HELD, trades: [{ afterMs: 5_000, of: 'stop', quantity: '0.96' }] },
  'the strategy leaves while the stop fires': {
    ...HELD,
    exits: [{ afterMs: 4_000, limit: null }],
    trades: [{ afterMs: 4_004, of: 'stop', quantity: '0.5' }],
  },
  'a limit exit beside the stop': {
    ...HELD,
    exits: [{ afterMs: 4_000, limit: '0.4' }],
    trades: [{ afterMs: 9_000, of: 'exit', quantity: '0.2' }],
  },
  'take-profit while the strategy leaves, in halves': {
    ...HELD,
    marketFills: '0.5',
    exits: [{ afterMs: 4_000, limit: null }],
    prices: [{ afterMs: 4_002, kind: 'takeProfit', price: '106' }],
  },
  'the trailing stop follows': {
    ...HELD,
    prices: [
      { afterMs: 4_000, kind: 'ratchet', price: '102' },
      { afterMs: 7_000, kind: 'ratchet', price: '104' },
    ],
    deliveries: [[0], [0, 3_000], [4_000], [0]],
  },
  'a refused stop': { ...HELD, passages: [{ kind: 'arrives' }, { kind: 'refused' }] },
};

const ENTRY_PRICE = 100;

/**
 * The same of a short position: prices as far on the other side of its entry. It is left wholly: an order of
 * part of it would, where the guard is first, open a long position of the contract, and rightly so.
 */
function mirrored(plot: GuardPlot): GuardPlot {
  const prices = plot.prices.map((one) => ({
    ...one,
    price: String(2 * ENTRY_PRICE - Number(one.price)),
  }));
  const exits = plot.exits.map(({ afterMs }) => ({ afterMs, limit: null }));
  return { ...plot, side: 'short', prices, exits };
}

const PLOTS: readonly (readonly [string, GuardPlot])[] = [
  ...Object.entries(LONG_PLOTS),
  ...Object.entries(LONG_PLOTS)
    .filter(([, { exits }]) => exits.every(({ limit }) => limit === null))
    .map(([title, plot]) => [`short: ${title}`, mirrored(plot)] as const),
];

const SHORT_SHARE = 0.3;
const MOST_AWAITS = 250;

export type GuardExploreOptions = Omit<ExploreOptions, 'protocol'> & {
  readonly protocol?: GuardProtocol;
};

export async function exploreGuards(options: GuardExploreOptions): Promise<Explored> {
  const { protocol } = options;
  const collector = new Collector(options);
  for (const [title, plot] of PLOTS) {
    await collector.everyFate(title, MOST_AWAITS, (fates) => playGuard(plot, fates, 1, protocol));
  }
  await collector.drawn(options, (seed) => playGuard(...draw(seed), seed, protocol));
  return collector.result();
}

function draw(seed: number): [GuardPlot, Fates] {
  const chance = seededChance(seed ^ 0x6a5d);
  const pick = <T>(values: readonly T[]): T => values[chance.below(values.length)] as T;
  const some = <T>(most: number, make: () => T): T[] =>
    Array.from({ length: chance.below(most + 1) }, make);
  const afterMs = (): number => chance.below(30_000);
  const plot: GuardPlot = {
    side: 'long',
    entry: pick(['market', 'limit'] as const),
    venueStops: chance.happens(0.8),
    passages: some(6, () =>
      pick([
        { kind: 'arrives' },
        { kind: 'refused' },
        { kind: 'answer-lost' },
        { kind: 'hidden', ms: 3_000 },
      ] as const),
    ),
    trades: some(6, () => ({
      afterMs: afterMs(),
      of: pick(['entry', 'entry', 'stop', 'exit'] as const),
      quantity: pick(['0.1', '0.3', '0.5', '0.96', '1']),
    })),
    exits: some(2, () => ({ afterMs: afterMs(), limit: pick([null, '0.4', '0.97']) })),
    prices: some(3, () => ({
      afterMs: afterMs(),
      ...pick([
        { kind: 'stop', price: '90' },
        { kind: 'takeProfit', price: '106' },
        { kind: 'ratchet', price: '102' },
        { kind: 'ratchet', price: '104' },
      ] as const),
    })),
    clearAfterMs: chance.happens(0.1) ? afterMs() : null,
    marketFills: pick(['1', '1', '0.5'] as const),
    deliveries: some(12, () => pick([[0], [0, 2_000], [5_000], [300, 20_000]])),
  };
  const rate = chance.below(15) / 100;
  const fates: Fates = ({ n }) => (n < 150 && chance.happens(rate) ? pick(FATES) : 'goes-on');
  // Of a chance of its own: what else is drawn is the same for both.
  const short = seededChance(seed ^ 0x51de).happens(SHORT_SHARE);
  return [short ? mirrored(plot) : plot, fates];
}
