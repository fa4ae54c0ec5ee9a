/**
 * What a chaos run does and when, drawn from its seed: which signals of which strategies, which process is
 * killed for how long, and when trading is halted. The same options give the same plan; what the machine makes of it differs.
 */
import { seededRandom } from '../../simulator/seeded-random.ts';
import { ORDER_KINDS, type OrderKind } from './order-kinds.ts';
import { CHAOS_SYMBOLS, SPOT_MARKETS } from './venues.ts';

export interface PlannedSignal {
  /** Milliseconds after the start of the run. */
  readonly atMs: number;
  readonly strategyId: string;
  readonly kind: OrderKind;
  /** Published a second time, as a bus that delivers at least once may. */
  readonly twice: boolean;
  /** A person cancels the order so long after its publication. */
  readonly cancelAfterMs: number | undefined;
  /** What a person says of it, and when; absent: it needs nobody, or nobody says anything. */
  readonly decision: { readonly verb: 'approve' | 'reject'; readonly afterMs: number } | undefined;
  /** The strategy wants to be flat again so long after its publication. */
  readonly leftAfterMs: number | undefined;
  /** Of the numbers from which its kind draws. */
  readonly seed: number;
}

export interface PlannedKill {
  readonly atMs: number;
  readonly target: string;
  /** How long a server stays away; workers come back by themselves. */
  readonly downMs: number;
}

/** Nothing of the symbol is sent for a while. */
export interface PlannedHalt {
  readonly atMs: number;
  readonly symbol: string;
  readonly forMs: number;
}

export interface Plan {
  readonly signals: readonly PlannedSignal[];
  readonly kills: readonly PlannedKill[];
  readonly halts: readonly PlannedHalt[];
}

export interface PlanOptions {
  readonly orders: number;
  readonly kills: number;
  /** Of spot and of contracts in turn. Default: each once. */
  readonly halts?: number;
  readonly seed: number;
  readonly spanMs: number;
  /** Each is its market's name and a number. */
  readonly strategyIds: readonly string[];
  readonly targets: readonly string[];
  /** Of which orders are drawn. Default: all there are. */
  readonly kinds?: readonly OrderKind[];
}

const TWICE_SHARE = 0.1;
const LONGEST_CANCEL_MS = 8_000;
const LONGEST_DOWN_MS = 4_000;
/** A stop mostly rests at the venue by then. */
const SHORTEST_STAY_MS = 2_000;
const LONGEST_STAY_MS = 8_000;
const APPROVED_SHARE = 0.4;
const REJECTED_SHARE = 0.3;
const LONGEST_DECISION_MS = 8_000;
const HALT_SHARE = 0.15;
const LONGEST_HALT_MS = 4_000;

/** The name of the market that a strategy trades. */
export function marketNameOf(strategyId: string): string {
  return strategyId.replace(/-\d+$/, '');
}

export function planRun(options: PlanOptions): Plan {
  const {
    orders,
    kills,
    halts = CHAOS_SYMBOLS.length,
    seed,
    spanMs,
    strategyIds,
    targets,
  } = options;
  const { kinds = ORDER_KINDS } = options;
  const random = seededRandom(seed);
  const oneOf = <T>(items: readonly T[]): T => {
    const item = items[Math.floor(random() * items.length)];
    if (item === undefined) throw new RangeError('nothing to choose from');
    return item;
  };
  const decide = (): PlannedSignal['decision'] => {
    const drawn = random();
    if (drawn > APPROVED_SHARE + REJECTED_SHARE) return undefined;
    return {
      verb: drawn < APPROVED_SHARE ? 'approve' : 'reject',
      afterMs: Math.floor(random() * LONGEST_DECISION_MS),
    };
  };
  // As often as they weigh.
  const drawn = kinds.flatMap((kind) => Array.from({ length: kind.weight }, () => kind));
  const signals = Array.from({ length: orders }, (): PlannedSignal => {
    const kind = oneOf(drawn);
    return {
      atMs: Math.floor(random() * spanMs),
      strategyId: oneOf(
        strategyIds
          .filter((id) => (kind.markets ?? SPOT_MARKETS).some((name) => name === marketNameOf(id)))
          .slice(0, kind.strategies),
      ),
      kind,
      twice: random() < TWICE_SHARE,
      cancelAfterMs: kind.cancelled === true ? Math.floor(random() * LONGEST_CANCEL_MS) : undefined,
      decision: kind.decided === true ? decide() : undefined,
      leftAfterMs:
        random() < (kind.leftShare ?? 0)
          ? SHORTEST_STAY_MS + Math.floor(random() * (LONGEST_STAY_MS - SHORTEST_STAY_MS))
          : undefined,
      seed: Math.floor(random() * 2 ** 31),
    };
  });
  // Every target has its turn before one has a second.
  const rounds = Array.from({ length: Math.ceil(kills / targets.length) }, () =>
    shuffled(targets, random),
  );
  const turns = rounds.flat().slice(0, kills);
  return {
    signals: signals.sort((left, right) => left.atMs - right.atMs),
    kills: turns.map((target, index) => ({
      atMs: Math.floor(((index + 0.2 + 0.6 * random()) / kills) * spanMs),
      target,
      downMs: Math.floor(random() * LONGEST_DOWN_MS),
    })),
    halts: Array.from({ length: halts }, (_, index) => ({
      atMs: Math.floor(((index + 0.3 + 0.3 * random()) / halts) * spanMs),
      // In turn, so that two halts reach spot and contracts.
      symbol: CHAOS_SYMBOLS[index % CHAOS_SYMBOLS.length] ?? CHAOS_SYMBOLS[0],
      forMs: Math.min(LONGEST_HALT_MS, Math.floor((HALT_SHARE / halts) * spanMs)),
    })),
  };
}

function shuffled<T>(items: readonly T[], random: () => number): T[] {
  return items
    .map((item) => ({ item, place: random() }))
    .sort((left, right) => left.place - right.place)
    .map(({ item }) => item);
}
