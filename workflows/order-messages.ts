/** What an order's workflow is started with, asked and told, and what it answers. */
import {
  defineQuery,
  defineSignal,
  defineUpdate,
  getExternalWorkflowHandle,
  log,
} from '@temporalio/workflow';
import type { ApprovalWait, OrderTerms } from '../activities/admission-steps.ts';
import type { OrderFacts } from '../activities/order-activities.ts';
import type { ApprovalDecision } from '../core/approval.ts';
import type { LegView, OrderStatus } from '../core/order.ts';
import type { Signal } from '../core/signal.ts';
import type { ExecutionState } from './execution-state.ts';
import type { UnknownOutcome } from './leg-run.ts';
import type { CancelRequest } from './order-outcome.ts';
import type { StepKind } from './order-steps.ts';

export interface OrderInput {
  readonly signal: Signal;
  /** `local` for every new order; absent in those begun before there was a choice. */
  readonly steps?: StepKind;
  /** Set by continue-as-new alone. */
  readonly carried?: CarriedProgress;
}

/** What the workflow knows of its order; handed on by continue-as-new, answered by the `state` query. */
export interface Progress {
  readonly orderId: string;
  readonly order: OrderFacts | null;
  /** Fixed at admission; null before it, and for orders begun without `steps`. */
  readonly terms: OrderTerms | null;
  /** What a person is waited for; null where nobody is. */
  readonly wait: ApprovalWait | null;
  readonly decision: ApprovalDecision | null;
  /** The newest leg; null before the first word about it. */
  readonly leg: LegView | null;
  /** Of an order worked by several legs, in children; null before its first and for all others. */
  readonly execution: ExecutionState | null;
  /** The leg is final and all its fills are booked. */
  readonly finished: boolean;
  /** Null where it is known what became of the send. */
  readonly unknown: UnknownOutcome | null;
  readonly cancel: CancelRequest | null;
  /** Of the last event given out. */
  readonly version: number;
  /** Wall-clock milliseconds. */
  readonly startedAt: number;
}

/** As an older run may have handed it on: what came later is missing. */
export type CarriedProgress = Omit<
  Progress,
  'terms' | 'wait' | 'decision' | 'execution' | 'unknown'
> &
  Partial<Progress>;

export interface OrderResult {
  readonly orderId: string;
  readonly status: OrderStatus;
  readonly filledQuantity: string;
  readonly averagePrice: string | null;
  readonly reason: string | null;
}

/** A person's word on an order that waits for it. */
export interface DecisionRequest {
  readonly by: string;
  readonly role: string;
  readonly note?: string;
}

/** Told to the order's workflow at each change of a leg that is not its last. */
export interface LegChange {
  readonly legNumber: number;
  readonly leg: LegView;
}

export const cancelSignal = defineSignal<[CancelRequest]>('cancel');
export const legChangedSignal = defineSignal<[LegChange]>('legChanged');
export const stateQuery = defineQuery<Progress>('state');
/** Both answer with the order as it stands once the decision is written down. */
export const approveUpdate = defineUpdate<OrderFacts, [DecisionRequest]>('approve');
export const rejectUpdate = defineUpdate<OrderFacts, [DecisionRequest]>('reject');

/** Asks another order's workflow to cancel. One that has ended meanwhile needs no asking. */
export async function askToCancel(orderId: string, reason: string): Promise<void> {
  try {
    await getExternalWorkflowHandle(orderId).signal(cancelSignal, { by: 'keel', reason });
  } catch (error) {
    log.info('the order to cancel is gone', { orderId, reason: String(error) });
  }
}
