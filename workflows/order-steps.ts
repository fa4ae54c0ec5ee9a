/** The steps of an order as its workflow calls them: queues, time-outs and retries. */
import {
  ActivityCancellationType,
  ActivityFailure,
  ApplicationFailure,
  TimeoutFailure,
  proxyActivities,
  proxyLocalActivities,
} from '@temporalio/workflow';
import type { GuardActivities } from '../activities/guard-activities.ts';
import type { OrderActivities } from '../activities/order-activities.ts';
import { TRACKER_TASK_QUEUE } from './order-names.ts';

/** For ever: an order does not fail because PostgreSQL or a venue was away for an hour. */
const RETRY = {
  initialInterval: '200 milliseconds',
  backoffCoefficient: 2,
  maximumInterval: '30 seconds',
} as const;

/** What touches PostgreSQL and the bus alone, each idempotent by the order. */
export type Books = Pick<
  OrderActivities,
  'admit' | 'checkRisk' | 'decide' | 'recordApproval' | 'publishOrder' | 'settleOrder'
>;

const durable = proxyActivities<Books>({ startToCloseTimeout: '15 seconds', retry: RETRY });

/** Three quick tries within the workflow's task; they must not outlast it. */
const local = proxyLocalActivities<Books>({
  startToCloseTimeout: '3 seconds',
  retry: {
    initialInterval: '100 milliseconds',
    backoffCoefficient: 2,
    maximumAttempts: 3,
  },
});

/** True for what trying again may heal: a server that is away, a step that takes too long. */
function mayHeal(error: unknown): boolean {
  // A local activity fails with its failure itself, or with one around it.
  const cause = error instanceof ActivityFailure ? error.cause : error;
  if (cause instanceof ApplicationFailure) return cause.nonRetryable !== true;
  return cause instanceof TimeoutFailure;
}

function localFirst<N extends keyof Books>(name: N): Books[N] {
  const step = async (input: Parameters<Books[N]>[0]): Promise<unknown> => {
    try {
      return await (local[name] as (given: typeof input) => Promise<unknown>)(input);
    } catch (error) {
      if (!mayHeal(error)) throw error;
      // An outage: from here on Temporal retries it, and the history does not grow with it.
      return (durable[name] as (given: typeof input) => Promise<unknown>)(input);
    }
  };
  return step as unknown as Books[N];
}

const LOCAL_FIRST: Books = {
  admit: localFirst('admit'),
  checkRisk: localFirst('checkRisk'),
  decide: localFirst('decide'),
  recordApproval: localFirst('recordApproval'),
  publishOrder: localFirst('publishOrder'),
  settleOrder: localFirst('settleOrder'),
};

/** How an order's workflow runs the steps of our own; absent in orders begun before there was a choice. */
export type StepKind = 'local';

/** `local`: as local activities, without a round trip to the server, and as normal ones once that fails. */
export function booksOf(steps: StepKind | undefined): Books {
  return steps === 'local' ? LOCAL_FIRST : durable;
}

/** Reads the books of several venues. */
export const router = proxyActivities<Pick<OrderActivities, 'routeOrder' | 'repriceLeg'>>({
  startToCloseTimeout: '1 minute',
  retry: RETRY,
});
/** A guard's stop is in the way: its guard is asked, for it alone takes that away. */
export const guards = proxyActivities<Pick<GuardActivities, 'askGuard'>>({
  startToCloseTimeout: '15 seconds',
  retry: RETRY,
});
export const venue = proxyActivities<
  Pick<OrderActivities, 'placeOrder' | 'resolveOrder' | 'cancelOrder'>
>({
  startToCloseTimeout: '2 minutes',
  heartbeatTimeout: '10 seconds',
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
  retry: RETRY,
});
/** A few tries: the outcome itself is asked for meanwhile no more, and the next round tries again. */
export const people = proxyActivities<Pick<OrderActivities, 'escalateUnknown'>>({
  startToCloseTimeout: '15 seconds',
  retry: { ...RETRY, maximumAttempts: 3 },
});
export const trackers = proxyActivities<Pick<OrderActivities, 'trackOrder'>>({
  taskQueue: TRACKER_TASK_QUEUE,
  startToCloseTimeout: '30 days',
  heartbeatTimeout: '10 seconds',
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
  retry: RETRY,
});
