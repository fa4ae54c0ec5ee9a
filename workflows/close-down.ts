/** What is common to a halt and the stop of a strategy: orders told to cancel, rounds until all is done. */
import { proxyActivities, sleep } from '@temporalio/workflow';
import type { CloseDownActivities, CloseDownRound } from '../activities/close-down.ts';
import { askToCancel } from './order-messages.ts';
import { ORDER_TASK_QUEUE } from './order-names.ts';

const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 5_000;

export const closing = proxyActivities<CloseDownActivities>({
  // The orders worker has the venues; a strategy worker needs none.
  taskQueue: ORDER_TASK_QUEUE,
  startToCloseTimeout: '30 seconds',
  // For ever: what was halted or stopped is cleaned up, however long a server was away.
  retry: {
    initialInterval: '200 milliseconds',
    backoffCoefficient: 2,
    maximumInterval: '10 seconds',
  },
});

/**
 * Runs rounds until one says that it is done, or `enough` says to leave it. Orders are told to cancel in
 * every round: one that was being admitted in the last is open in this.
 */
export async function closeDown<R extends CloseDownRound>(
  sweep: () => Promise<R>,
  told: {
    /** What the orders are cancelled for, in one sentence. */
    reason(round: R): string;
    show(round: R): void;
    enough(): boolean;
  },
): Promise<R> {
  let pauseMs = FIRST_PAUSE_MS;
  for (;;) {
    const round = await sweep();
    told.show(round);
    if (round.done || told.enough()) return round;
    await Promise.all(round.open.map((orderId) => askToCancel(orderId, told.reason(round))));
    await sleep(pauseMs, { summary: 'what is left' });
    pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
  }
}

/** For people: what is still to be cancelled and closed. */
export function remainderOf({ open, held }: CloseDownRound): string {
  const positions = held.map(
    ({ strategyId, symbol, quantity, state }) =>
      `- ${state === 'dust' ? 'dust stays' : 'closing'}: ${quantity} ${symbol} of ${strategyId}`,
  );
  const orders = open.map((orderId) => `- cancelling order \`${orderId}\``);
  return [...orders, ...positions].join('\n');
}
