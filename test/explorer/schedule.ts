/**
 * One schedule of what can happen: a virtual clock, and at every await of every process a choice (go on,
 * die before, die after, stall, fail) taken from a seed or from a plan. The same choices give the same
 * schedule, so a failure is repeated from its seed.
 */
import { seededRandom } from '../../simulator/seeded-random.ts';

/** What the choices are drawn from. */
export interface Chance {
  /** A whole number below `limit`. */
  below(limit: number): number;
  /** True with that probability. */
  happens(probability: number): boolean;
}

/** The same choices for a seed on every machine. */
export function seededChance(seed: number): Chance {
  const next = seededRandom(seed);
  return {
    below: (limit) => Math.floor(next() * limit),
    happens: (probability) => next() < probability,
  };
}

/** How the process fares at one of its awaits. */
export type Fate =
  | 'goes-on'
  /** The process dies before the call takes effect. */
  | 'dies-before'
  /** The call takes effect, and the process dies before it hears of it. */
  | 'dies-after'
  /** The process stops for so long that everybody takes it for dead, then goes on. */
  | 'stalls'
  /** The call fails without effect; the process hears of it. */
  | 'fails'
  /** The call takes effect, and its answer is lost; the process hears of a failure. */
  | 'answer-lost';

export type CallKind = 'store' | 'venue';

/** Decides the fate of the nth call (from 1) of a schedule. */
export type Fates = (call: {
  readonly n: number;
  readonly kind: CallKind;
  readonly name: string;
}) => Fate;

/** How long a process that stalls is away: past every time-out of the protocol. */
export const STALL_MS = 25_000;

interface Waiting {
  readonly at: number;
  readonly order: number;
  readonly process: Process;
  readonly wake: () => void;
  /** Woken before its time where this holds. */
  readonly until: () => boolean;
}

/** A process as its ports see it: once it is dead nothing it waits for ever comes. */
export interface Process {
  readonly name: string;
  alive: boolean;
  /** Told when it dies or stalls, so that somebody else takes its work over. */
  onLost: () => void;
}

export class Stuck extends Error {}

/** More calls than any life of an order needs: it goes round in circles. */
const MOST_CALLS = 3_000;

export class Schedule {
  now = 1_700_000_000_000;
  readonly trace: string[] = [];
  private readonly waiting: Waiting[] = [];
  private readonly fates: Fates;
  private readonly chance: Chance;
  private count = 0;
  private calls = 0;

  constructor(fates: Fates, chance: Chance) {
    this.fates = fates;
    this.chance = chance;
  }

  process(name: string): Process {
    return { name, alive: true, onLost: () => undefined };
  }

  note(text: string): void {
    this.trace.push(text);
  }

  /** Resolves `ms` later, if the process lives then. */
  sleep(process: Process, ms: number): Promise<void> {
    return this.until(process, () => false, ms);
  }

  /** Resolves once `what` holds, or `ms` later where that is given, if the process lives then. */
  until(process: Process, what: () => boolean, ms = Infinity): Promise<void> {
    return new Promise((resolve) => {
      this.count += 1;
      const at = this.now + ms;
      this.waiting.push({ at, order: this.count, process, wake: resolve, until: what });
    });
  }

  /**
   * A call to the outside: it waits for its turn, and its fate is decided. `lost` is what the process hears
   * when the call fails or its answer is lost.
   */
  async call<T>(
    process: Process,
    kind: CallKind,
    name: string,
    effect: () => T | Promise<T>,
    lost: () => Error,
  ): Promise<T> {
    this.calls += 1;
    if (this.calls > MOST_CALLS) throw new Stuck(`${String(MOST_CALLS)} calls did not end it`);
    const fate = this.fates({ n: this.calls, kind, name });
    this.trace.push(
      fate === 'goes-on' ? `${process.name} ${name}` : `${process.name} ${name}!${fate}`,
    );
    if (fate === 'dies-before') return this.die(process);
    if (fate === 'stalls') {
      process.onLost();
      await this.sleep(process, STALL_MS);
    }
    // Somebody else may come first.
    await this.sleep(process, this.chance.below(3));
    if (fate === 'fails') throw lost();
    if (fate === 'dies-after' || fate === 'answer-lost') {
      await Promise.allSettled([Promise.resolve().then(effect)]);
      if (fate === 'dies-after') return this.die(process);
      throw lost();
    }
    return effect();
  }

  kill(process: Process): void {
    process.alive = false;
  }

  /** Runs until `done` resolves; the clock moves to the next who waits, whenever all are waiting. */
  async run<T>(done: Promise<T>): Promise<T> {
    const end: { result?: { value: T } | { error: unknown } } = {};
    done.then(
      (value) => (end.result = { value }),
      (error: unknown) => (end.result = { error }),
    );
    for (;;) {
      await settled();
      if (end.result !== undefined) break;
      const next = this.next();
      if (next === undefined) throw new Stuck('everybody waits, and nothing will come');
      this.now = Math.max(this.now, next.at);
      next.wake();
    }
    if ('error' in end.result) throw end.result.error;
    return end.result.value;
  }

  /** The one who is to be woken first, and when. */
  private next(): { readonly at: number; readonly wake: () => void } | undefined {
    const due = this.waiting.flatMap((waiting, index) => {
      if (!waiting.process.alive) return [];
      const at = waiting.until() ? this.now : waiting.at;
      return at === Infinity ? [] : { at, order: waiting.order, index, wake: waiting.wake };
    });
    if (due.length === 0) return undefined;
    const first = due.reduce((best, one) =>
      one.at < best.at || (one.at === best.at && one.order < best.order) ? one : best,
    );
    this.waiting.splice(first.index, 1);
    return first;
  }

  private die<T>(process: Process): Promise<T> {
    process.alive = false;
    process.onLost();
    return new Promise<T>(() => undefined);
  }
}

/** All that can go on without the clock has gone on. */
function settled(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
