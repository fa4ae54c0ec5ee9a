/**
 * The guard of one position: workflow id `guard:<strategyId>:<symbol>`, task queue `orders`. It is told that
 * something happened and looks; what follows is decided by core/guard-plan.ts inside the look, in the
 * transaction that holds position and guard. So nothing is kept here that a look would not find again, save
 * who asked it to stand aside.
 *
 * It ends when the guard has: the position flat (or dust, or cleared), its stop cancelled and verified.
 */
import {
  CancellationScope,
  condition,
  defineQuery,
  defineSignal,
  log,
  proxyActivities,
  setCurrentDetails,
  setHandler,
} from '@temporalio/workflow';
import type { GuardActivities, GuardOutcome } from '../activities/guard-activities.ts';
import type { GuardMessage } from '../core/guard.ts';
import { guardDetails, guardSummary } from './guard-details.ts';
import { continueOnNewestBuild, handoverDue } from './long-lived.ts';

export interface GuardInput {
  readonly strategyId: string;
  readonly symbol: string;
  /** Set by continue-as-new alone: who asked it to stand aside, and until when (workflow milliseconds) that holds. */
  readonly asking?: Readonly<Record<string, number>>;
}

type Of<K extends GuardMessage['kind']> = Extract<GuardMessage, { kind: K }>;

export const positionChangedSignal = defineSignal<[Of<'positionChanged'>]>('positionChanged');
export const standAsideSignal = defineSignal<[Of<'standAside'>]>('standAside');
export const triggerSignal = defineSignal<[Of<'trigger'>]>('trigger');
export const ratchetSignal = defineSignal<[Of<'ratchet'>]>('ratchet');
export const guardQuery = defineQuery<GuardOutcome | null>('state');

/** An exit that waits asks again every 5 s at most; one that died in the meantime is not waited for. */
const ASKED_MS = 15_000;
/** A look all the same, and the chance to hand over to a newer build. */
const CALM_MS = 3_600_000;
/** Fills come in bursts: one look, and one new stop, for all of them. */
const BURST_MS = 250;

const { lookAtGuard } = proxyActivities<GuardActivities>({
  startToCloseTimeout: '30 seconds',
  // For ever: a position is not left alone because PostgreSQL or Temporal's front end was away for an hour.
  retry: {
    initialInterval: '200 milliseconds',
    backoffCoefficient: 2,
    maximumInterval: '10 seconds',
  },
});

export async function guardWorkflow(input: GuardInput): Promise<GuardOutcome> {
  const guard = new GuardRun(input);
  CancellationScope.current().cancelRequested.catch(() => {
    log.warn('a guard is not cancelled while it has a position; clear it with `keel guard-clear`');
  });
  return CancellationScope.nonCancellable(() => guard.toEnd());
}

class GuardRun {
  private readonly key: Pick<GuardInput, 'strategyId' | 'symbol'>;
  /** Order id → until when it holds. */
  private readonly asking: Map<string, number>;
  private trigger: Of<'trigger'> | undefined;
  private ratchet: Of<'ratchet'> | undefined;
  private told = true;
  private urgent = true;
  private outcome: GuardOutcome | null = null;

  constructor({ strategyId, symbol, asking = {} }: GuardInput) {
    this.key = { strategyId, symbol };
    this.asking = new Map(Object.entries(asking));
    setHandler(positionChangedSignal, () => {
      this.told = true;
    });
    setHandler(standAsideSignal, ({ orderId }) => {
      this.asking.set(orderId, Date.now() + ASKED_MS);
      this.told = this.urgent = true;
    });
    setHandler(triggerSignal, (trigger) => {
      this.trigger = trigger;
      this.told = this.urgent = true;
    });
    setHandler(ratchetSignal, (ratchet) => {
      this.ratchet = ratchet;
      this.told = true;
    });
    setHandler(guardQuery, () => this.outcome);
  }

  async toEnd(): Promise<GuardOutcome> {
    for (;;) {
      const outcome = await this.look();
      // What was told meanwhile may be of a position that was opened anew.
      if (outcome.state === 'ended' && !this.hasNews()) return outcome;
      await this.rest(outcome.lookAgainMs);
      if (handoverDue()) {
        await continueOnNewestBuild<typeof guardWorkflow>({
          ...this.key,
          asking: Object.fromEntries(this.asking),
        });
      }
    }
  }

  private hasNews(): boolean {
    return this.told;
  }

  private async look(): Promise<GuardOutcome> {
    const { trigger, ratchet } = this;
    this.told = this.urgent = false;
    this.trigger = this.ratchet = undefined;
    const now = Date.now();
    for (const [orderId, until] of this.asking) if (until <= now) this.asking.delete(orderId);
    const asking = [...this.asking.keys()];
    const step = {
      ...this.key,
      asking,
      ...(trigger === undefined ? {} : { trigger }),
      ...(ratchet === undefined ? {} : { ratchet }),
    };
    const summary = guardSummary(step);
    const outcome = await lookAtGuard.executeWithOptions({ summary }, [step]);
    // Who was admitted or denied since is waited for no more; what it does is in the books.
    for (const orderId of asking)
      if (!outcome.asking.includes(orderId)) this.asking.delete(orderId);
    this.outcome = outcome;
    setCurrentDetails(guardDetails(this.key, outcome));
    return outcome;
  }

  /** Until something is told, the look after `lookAgainMs` is due, or an asker is not waited for any more. */
  private async rest(lookAgainMs: number | null): Promise<void> {
    const now = Date.now();
    const dues = [...this.asking.values()].map((until) => Math.max(until - now, 1));
    await condition(() => this.told, Math.min(lookAgainMs ?? CALM_MS, ...dues), {
      summary: 'look, though nothing was told',
    });
    if (this.told && !this.urgent)
      await condition(() => this.urgent, BURST_MS, { summary: 'more fills may follow' });
  }
}
