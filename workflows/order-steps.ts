/** The steps of an order as its workflow calls them: queues, time-outs and retries. */
import { ActivityCancellationType, proxyActivities } from '@temporalio/workflow';
import type { OrderActivities } from '../activities/order-activities.ts';
import { TRACKER_TASK_QUEUE } from './order-names.ts';

/** For ever: an order does not fail because PostgreSQL or a venue was away for an hour. */
const RETRY = {
  initialInterval: '200 milliseconds',
  backoffCoefficient: 2,
  maximumInterval: '30 seconds',
} as const;

export const books = proxyActivities<
  Pick<OrderActivities, 'admit' | 'checkRisk' | 'publishOrder' | 'settleOrder'>
>({
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
export const trackers = proxyActivities<Pick<OrderActivities, 'trackOrder'>>({
  taskQueue: TRACKER_TASK_QUEUE,
  startToCloseTimeout: '30 days',
  heartbeatTimeout: '10 seconds',
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
  retry: RETRY,
});
