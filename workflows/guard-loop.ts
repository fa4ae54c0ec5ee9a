/**
 * The loop of a guard: told, it looks, and rests until it is told again. It knows no Temporal: `guardWorkflow`
 * runs it over an activity and durable timers, and test/explorer over a virtual clock.
 */
import type { GuardOutcome, GuardStep } from '../activities/guard-activities.ts';
import type { GuardMessage } from '../core/guard.ts';

export interface GuardPorts {
  /** Wall clock, ms UTC. */
  now(): number;
  look(step: GuardStep): Promise<GuardOutcome>;
  /** Resolves once `what` holds, or `ms` later; `summary` says what is waited for. */
  until(what: () => boolean, ms: number, summary: string): Promise<unknown>;
  /** After each rest: where the history is long this ends the run, and another one goes on with `asking`. */
  handOver(asking: Asking): Promise<void>;
}

/** Who asked it to stand aside: order id → until when (ms UTC) that holds. */
export type Asking = Readonly<Record<string, number>>;

type Of<K extends GuardMessage['kind']> = Extract<GuardMessage, { kind: K }>;

/** An exit that waits asks again every 5 s at most; one that died in the meantime is not waited for. */
const ASKED_MS = 15_000;
/** A look all the same, and the chance to hand over to a newer build. */
const CALM_MS = 3_600_000;
/** Fills come in bursts: one look, and one new stop, for all of them. */
const BURST_MS = 250;

export class GuardLoop {
  private readonly key: Pick<GuardStep, 'strategyId' | 'symbol'>;
  private readonly ports: GuardPorts;
  private readonly asking: Map<string, number>;
  private trigger: Of<'trigger'> | undefined;
  private ratchet: Of<'ratchet'> | undefined;
  private told = true;
  private urgent = true;

  constructor(key: GuardLoop['key'], ports: GuardPorts, asking: Asking = {}) {
    this.key = key;
    this.ports = ports;
    this.asking = new Map(Object.entries(asking));
  }

  hear(message: GuardMessage): void {
    this.told = true;
    if (message.kind === 'standAside')
      this.asking.set(message.orderId, this.ports.now() + ASKED_MS);
    if (message.kind === 'trigger') this.trigger = message;
    if (message.kind === 'ratchet') this.ratchet = message;
    if (message.kind === 'standAside' || message.kind === 'trigger') this.urgent = true;
  }

  /** Resolves when the guard has ended and nothing was told since. */
  async toEnd(): Promise<GuardOutcome> {
    for (;;) {
      const outcome = await this.look();
      // What was told meanwhile may be of a position that was opened anew.
      if (outcome.state === 'ended' && !this.hasNews()) return outcome;
      await this.rest(outcome.lookAgainMs);
      await this.ports.handOver(Object.fromEntries(this.asking));
    }
  }

  private hasNews(): boolean {
    return this.told;
  }

  private async look(): Promise<GuardOutcome> {
    const { trigger, ratchet } = this;
    this.told = this.urgent = false;
    this.trigger = this.ratchet = undefined;
    const now = this.ports.now();
    for (const [orderId, until] of this.asking) if (until <= now) this.asking.delete(orderId);
    const asking = [...this.asking.keys()];
    const outcome = await this.ports.look({
      ...this.key,
      asking,
      ...(trigger === undefined ? {} : { trigger }),
      ...(ratchet === undefined ? {} : { ratchet }),
    });
    // Who was admitted or denied since is waited for no more; what it does is in the books.
    for (const orderId of asking)
      if (!outcome.asking.includes(orderId)) this.asking.delete(orderId);
    return outcome;
  }

  /** Until something is told, the look after `lookAgainMs` is due, or an asker is not waited for any more. */
  private async rest(lookAgainMs: number | null): Promise<void> {
    const now = this.ports.now();
    const dues = [...this.asking.values()].map((until) => Math.max(until - now, 1));
    const ms = Math.min(lookAgainMs ?? CALM_MS, ...dues);
    await this.ports.until(() => this.told, ms, 'look, though nothing was told');
    if (this.told && !this.urgent)
      await this.ports.until(() => this.urgent, BURST_MS, 'more fills may follow');
  }
}
