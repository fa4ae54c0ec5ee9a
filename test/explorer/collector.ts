/** Plays schedules under every fate, and from seeds, and collects what came out of them. */
import { createHash } from 'node:crypto';
import type { Fate, Fates } from './schedule.ts';

export interface Explored {
  /** Different traces. */
  readonly distinct: number;
  readonly schedules: number;
  readonly failures: readonly Failure[];
}

export interface Failure {
  /** Repeats it: `npm run explore -- --only <name>`. */
  readonly name: string;
  readonly violations: readonly string[];
  readonly trace: readonly string[];
}

export const FATES: readonly Exclude<Fate, 'goes-on'>[] = [
  'dies-before',
  'dies-after',
  'stalls',
  'fails',
  'answer-lost',
];

interface Outcome {
  readonly violations: string[];
  readonly trace: readonly string[];
}

/** Which schedules a run plays. */
export interface Selection {
  /** Enough failures to stop at. Default 1. */
  readonly mostFailures?: number | undefined;
  /** Only the schedule of that name. */
  readonly only?: string | undefined;
}

export class Collector {
  readonly #failures: Failure[] = [];
  #schedules = 0;
  readonly #traces = new Set<string>();
  readonly #mostFailures: number;
  readonly #only: string | undefined;

  constructor({ mostFailures = 1, only }: Selection) {
    this.#mostFailures = mostFailures;
    this.#only = only;
  }

  /**
   * Lets the process meet each fate at each of its awaits in turn; an enumeration ends at the first await that
   * nobody reaches.
   * @param mostAwaits a life has fewer awaits than this
   */
  async everyFate(
    title: string,
    mostAwaits: number,
    play: (fates: Fates) => Promise<Outcome>,
  ): Promise<void> {
    for (const fate of FATES) {
      for (let n = 1; n <= mostAwaits && !this.#full; n += 1) {
        const met = { fate: false };
        const fates: Fates = (call) => {
          if (call.n !== n) return 'goes-on';
          met.fate = true;
          return fate;
        };
        const played = await this.#play(`${title} / ${fate} at ${String(n)}`, () => play(fates));
        if (played && !met.fate) break;
      }
    }
  }

  /** Plays so many schedules drawn from seeds that count up. */
  async drawn(
    { drawn, seed: first }: { readonly drawn: number; readonly seed: number },
    play: (seed: number) => Promise<Outcome>,
  ): Promise<void> {
    for (let count = 0; count < drawn && !this.#full; count += 1) {
      const seed = first + count;
      await this.#play(`seed ${String(seed)}`, () => play(seed));
    }
  }

  result(): Explored {
    return {
      distinct: this.#traces.size,
      schedules: this.#schedules,
      failures: this.#failures,
    };
  }

  get #full(): boolean {
    return this.#failures.length >= this.#mostFailures;
  }

  /** False where another schedule was asked for. */
  async #play(name: string, play: () => Promise<Outcome>): Promise<boolean> {
    if (this.#only !== undefined && this.#only !== name) return false;
    const outcome = await play();
    this.#schedules += 1;
    this.#traces.add(createHash('sha1').update(outcome.trace.join('\n')).digest('base64'));
    if (outcome.violations.length > 0) this.#failures.push({ name, ...outcome });
    return true;
  }
}
