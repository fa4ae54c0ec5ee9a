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
import { GuardLoop, type Asking } from './guard-loop.ts';
import { continueOnNewestBuild, handoverDue } from './long-lived.ts';

export interface GuardInput {
  readonly strategyId: string;
  readonly symbol: string;
  /** Set by continue-as-new alone. */
  readonly asking?: Asking;
}

type Of<K extends GuardMessage['kind']> = Extract<GuardMessage, { kind: K }>;

export const positionChangedSignal = defineSignal<[Of<'positionChanged'>]>('positionChanged');
export const standAsideSignal = defineSignal<[Of<'standAside'>]>('standAside');
export const triggerSignal = defineSignal<[Of<'trigger'>]>('trigger');
export const ratchetSignal = defineSignal<[Of<'ratchet'>]>('ratchet');
export const guardQuery = defineQuery<GuardOutcome | null>('state');

const { lookAtGuard } = proxyActivities<GuardActivities>({
  startToCloseTimeout: '30 seconds',
  // For ever: a position is not left alone because PostgreSQL or Temporal's front end was away for an hour.
  retry: {
    initialInterval: '200 milliseconds',
    backoffCoefficient: 2,
    maximumInterval: '10 seconds',
  },
});

export async function guardWorkflow({ asking, ...key }: GuardInput): Promise<GuardOutcome> {
  let seen: GuardOutcome | null = null;
  const loop = new GuardLoop(
    key,
    {
      now: () => Date.now(),
      async look(step) {
        const summary = guardSummary(step);
        const outcome = await lookAtGuard.executeWithOptions({ summary }, [step]);
        seen = outcome;
        setCurrentDetails(guardDetails(key, outcome));
        return outcome;
      },
      until: (what, ms, summary) => condition(what, ms, { summary }),
      async handOver(waiting) {
        if (handoverDue())
          await continueOnNewestBuild<typeof guardWorkflow>({ ...key, asking: waiting });
      },
    },
    asking,
  );
  setHandler(positionChangedSignal, () => {
    loop.hear({ kind: 'positionChanged' });
  });
  // A person at the Temporal UI need not say the kind again.
  setHandler(standAsideSignal, (message) => {
    loop.hear({ ...message, kind: 'standAside' });
  });
  setHandler(triggerSignal, (message) => {
    loop.hear({ ...message, kind: 'trigger' });
  });
  setHandler(ratchetSignal, (message) => {
    loop.hear({ ...message, kind: 'ratchet' });
  });
  setHandler(guardQuery, () => seen);
  CancellationScope.current().cancelRequested.catch(() => {
    log.warn('a guard is not cancelled while it has a position; clear it with `keel guard-clear`');
  });
  return CancellationScope.nonCancellable(() => loop.toEnd());
}
