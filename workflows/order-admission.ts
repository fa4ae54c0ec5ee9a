/**
 * The first part of an order's life: from the signal to the moment it may be sent, or to its end before that.
 * Admission, the risk rules, and a person's approval where the order is over the limit.
 */
import {
  ApplicationFailure,
  condition,
  log,
  sleep,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type { AdmitResult, AdmitStep, DecideResult } from '../activities/admission-steps.ts';
import type { FinalState } from '../activities/order-activities.ts';
import type { Signal } from '../core/signal.ts';
import { askToCancel } from './order-messages.ts';
import { KEEL_SIDE } from './order-names.ts';
import { cancelReason } from './order-outcome.ts';
import type { OrderProgress } from './order-progress.ts';
import { guards, type Books } from './order-steps.ts';

const FIRST_PAUSE_MS = 250;
const LONGEST_BLOCKED_PAUSE_MS = 5_000;

export interface AdmissionHost {
  readonly signal: Signal;
  readonly known: OrderProgress;
  readonly books: Books;
  /** A good moment to continue as new. */
  breathe(): Promise<void>;
  /** Another run owns the order: it is not ours to end. */
  refuse(): void;
}

type Answer = AdmitResult | DecideResult;
type NotYet = { readonly verdict: 'blocked' | 'refused' };

/** Asks until the orders in the way are gone. */
async function admitted<A extends Answer>(
  host: AdmissionHost,
  ask: (step: AdmitStep) => Promise<A>,
): Promise<Exclude<A, NotYet>> {
  const { known, signal } = host;
  const { firstExecutionRunId } = workflowInfo();
  let pauseMs = FIRST_PAUSE_MS;
  for (;;) {
    const version = known.nextVersion();
    const answer: Answer = await ask({ signal, workflowRunId: firstExecutionRunId, version });
    if (answer.verdict === 'refused') {
      host.refuse();
      throw ApplicationFailure.nonRetryable(
        `workflow run ${answer.ownerRunId} owns signal ${signal.id}: this one did nothing`,
        'CONFLICT',
      );
    }
    if (answer.verdict !== 'blocked') return answer as Exclude<A, NotYet>;
    await Promise.all(
      answer.cancelFirst.map((orderId) => askToCancel(orderId, `in the way of ${signal.id}`)),
    );
    if (answer.standAside === true) {
      const { strategyId, symbol, id: orderId } = signal;
      await guards.askGuard({ strategyId, symbol, orderId });
    }
    if (pauseMs === LONGEST_BLOCKED_PAUSE_MS)
      log.warn('still blocked by orders that do not end', { orders: answer.cancelFirst });
    await sleep(pauseMs, { summary: 'orders in the way are being cancelled' });
    pauseMs = Math.min(pauseMs * 2, LONGEST_BLOCKED_PAUSE_MS);
    await host.breathe();
  }
}

/** Admission and risk as two steps, for orders begun before `decide`. False when the order ended there. */
export async function admitThenCheck(host: AdmissionHost): Promise<boolean> {
  const { books, known, signal } = host;
  const admission = await admitted(host, (step) => books.admit(step));
  known.learn({ order: admission.order });
  upsertSearchAttributes([{ key: KEEL_SIDE, value: admission.order.side }]);
  if (admission.verdict === 'ended') return false;
  const { accountId, id: orderId, symbol } = signal;
  const version = known.nextVersion();
  const risk = await books.checkRisk({ orderId, accountId, symbol, version });
  known.learn({ order: risk.order });
  return risk.approved;
}

/**
 * Admission, risk and approval. `true`: go on and send. `false`: it ended, with its final row written. A final
 * state: end it with that.
 */
export async function decideAndWait(host: AdmissionHost): Promise<boolean | FinalState> {
  const { books, known, signal } = host;
  if (known.current.terms === null) {
    const decided = await admitted(host, (step) => books.decide(step));
    known.learn({ order: decided.order });
    if (decided.verdict === 'ended') return false;
    known.admit(decided.terms, decided.wait);
    if (decided.untold === true) known.leaveUntold();
    // One that waits for a person learns of it at once.
    await Promise.all(
      decided.superseded.map((orderId) => askToCancel(orderId, `superseded by ${signal.id}`)),
    );
  }
  const { wait } = known.current;
  if (wait === null) return true;
  const heard = await condition(
    () => known.current.decision !== null || known.current.cancel !== null,
    Math.max(wait.expiresInMs, 1),
    { summary: 'expires unless a person decides' },
  );
  const { cancel, decision } = known.current;
  if (decision === null) {
    known.stopWaiting();
    if (heard && cancel !== null) return { state: 'done', reason: cancelReason(cancel) };
    return {
      state: 'expired',
      reasonCode: 'APPROVAL_EXPIRED',
      reason: `nobody approved it within ${String(wait.expiresInMs)} ms`,
    };
  }
  const { accountId, id: orderId, symbol } = signal;
  const version = known.nextVersion();
  const outcome = await books.recordApproval({ orderId, accountId, symbol, version, decision });
  known.learn({ order: outcome.order });
  known.stopWaiting();
  return outcome.approved;
}
