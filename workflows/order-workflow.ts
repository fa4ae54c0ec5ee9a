/**
 * One signal's way to the venue: workflow id = signal id, task queue `orders`.
 *
 * decide (admission and risk; a person's approval where the order is over the limit) → placeOrder (→ resolveOrder
 * while the outcome is unknown) → trackOrder until the leg has finished → settleOrder. Signal `cancel` and
 * Temporal's own Cancel take the same path: the leg is cancelled and verified beside its tracker. An order is
 * never settled while a leg of it may live at the venue.
 */
import {
  allHandlersFinished,
  ApplicationFailure,
  CancellationScope,
  condition,
  setHandler,
} from '@temporalio/workflow';
import type { OrderFacts } from '../activities/order-activities.ts';
import { refuseDecision, type ApprovalDecision } from '../core/approval.ts';
import {
  approveUpdate,
  cancelSignal,
  legChangedSignal,
  rejectUpdate,
  stateQuery,
  type DecisionRequest,
  type OrderInput,
  type OrderResult,
} from './order-messages.ts';
import type { OrderProgress } from './order-progress.ts';
import { OrderRun } from './order-run.ts';

export async function orderWorkflow(input: OrderInput): Promise<OrderResult> {
  const run = new OrderRun(input);
  const { known } = run;
  setHandler(stateQuery, () => known.current);
  setHandler(cancelSignal, (request) => {
    known.requestCancel(request);
  });
  setHandler(legChangedSignal, (change) => {
    run.learnLeg(change);
  });
  takeDecisions(known);
  CancellationScope.current().cancelRequested.catch(() => {
    known.requestCancel({ by: 'temporal', reason: 'the workflow was cancelled' });
  });
  // Nothing in here is cut short: a cancel is a wish that the steps fulfil.
  return CancellationScope.nonCancellable(async () => {
    const result = await run.toEnd();
    await condition(allHandlersFinished);
    return result;
  });
}

/** A wrong role, or an order that waits for nobody, is refused before anything is written to the history. */
function takeDecisions(known: OrderProgress): void {
  const validator = (request: DecisionRequest): void => {
    const { decision, order, orderId, wait } = known.current;
    const refused = refuseDecision(request, {
      orderId,
      state: wait === null ? (order?.status ?? 'pending') : 'awaiting_approval',
      decided: decision !== null,
    });
    if (refused !== null) throw ApplicationFailure.nonRetryable(refused.reason, refused.code);
  };
  const handler =
    (verdict: ApprovalDecision['verdict']) =>
    async ({ by, note, role }: DecisionRequest): Promise<OrderFacts> => {
      known.decide({ verdict, by, role, note: note ?? null });
      await condition(() => known.current.wait === null);
      const { order } = known.current;
      if (order === null) throw ApplicationFailure.nonRetryable('no order', 'INTERNAL');
      return order;
    };
  setHandler(approveUpdate, handler('approved'), { validator });
  setHandler(rejectUpdate, handler('rejected'), { validator });
}
