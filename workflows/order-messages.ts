/** What an order's workflow is started with, asked and told, and what it answers. */
import { defineQuery, defineSignal, getExternalWorkflowHandle, log } from '@temporalio/workflow';
import type { OrderFacts } from '../activities/order-activities.ts';
import type { LegView, OrderStatus } from '../core/order.ts';
import type { Signal } from '../core/signal.ts';
import type { CancelRequest } from './order-outcome.ts';

export interface OrderInput {
  readonly signal: Signal;
  /** Set by continue-as-new alone. */
  readonly carried?: Progress;
}

/** What the workflow knows of its order; handed on by continue-as-new, answered by the `state` query. */
export interface Progress {
  readonly orderId: string;
  readonly order: OrderFacts | null;
  readonly leg: LegView | null;
  /** The leg is final and all its fills are booked. */
  readonly finished: boolean;
  readonly cancel: CancelRequest | null;
  /** Of the last event given out. */
  readonly version: number;
  /** Wall-clock milliseconds. */
  readonly startedAt: number;
}

export interface OrderResult {
  readonly orderId: string;
  readonly status: OrderStatus;
  readonly filledQuantity: string;
  readonly averagePrice: string | null;
  readonly reason: string | null;
}

export const cancelSignal = defineSignal<[CancelRequest]>('cancel');
export const stateQuery = defineQuery<Progress>('state');

/** Asks another order's workflow to cancel. One that has ended meanwhile needs no asking. */
export async function askToCancel(orderId: string, reason: string): Promise<void> {
  try {
    await getExternalWorkflowHandle(orderId).signal(cancelSignal, { by: 'keel', reason });
  } catch (error) {
    log.info('the order to cancel is gone', { orderId, reason: String(error) });
  }
}
