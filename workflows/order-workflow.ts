/**
 * One signal's way to the venue: workflow id = signal id, task queue `orders`.
 *
 * admit → checkRisk → placeOrder (→ resolveOrder while the outcome is unknown) → trackOrder until the leg has
 * finished → settleOrder. Signal `cancel` and Temporal's own Cancel take the same path: the leg is cancelled
 * and verified beside its tracker. An order is never settled while a leg of it may live at the venue.
 */
import {
  allHandlersFinished,
  ApplicationFailure,
  CancellationScope,
  condition,
  continueAsNew,
  log,
  setHandler,
  sleep,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type { FinalState } from '../activities/order-activities.ts';
import type { Signal } from '../core/signal.ts';
import { LegRun } from './leg-run.ts';
import {
  askToCancel,
  cancelSignal,
  stateQuery,
  type OrderInput,
  type OrderResult,
  type Progress,
} from './order-messages.ts';
import { cancelReason, failureOf, finalStateOf } from './order-outcome.ts';
import { KEEL_SIDE } from './order-names.ts';
import { OrderProgress } from './order-progress.ts';
import { books } from './order-steps.ts';

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 60_000;
const LONGEST_BLOCKED_PAUSE_MS = 5_000;

export async function orderWorkflow({ signal, carried }: OrderInput): Promise<OrderResult> {
  const run = new OrderRun(signal, carried);
  setHandler(stateQuery, () => run.known.current);
  setHandler(cancelSignal, (request) => {
    run.known.requestCancel(request);
  });
  CancellationScope.current().cancelRequested.catch(() => {
    run.known.requestCancel({ by: 'temporal', reason: 'the workflow was cancelled' });
  });
  // Nothing in here is cut short: a cancel is a wish that the steps fulfil.
  return CancellationScope.nonCancellable(async () => {
    const result = await run.toEnd();
    await condition(allHandlersFinished);
    return result;
  });
}

class OrderRun {
  readonly known: OrderProgress;
  private readonly signal: Signal;
  /** Another run owns the order: it is not ours to end. */
  private refused = false;

  constructor(signal: Signal, carried: Progress | undefined) {
    this.signal = signal;
    this.known = new OrderProgress(signal, carried);
  }

  private get progress(): Progress {
    return this.known.current;
  }

  async toEnd(): Promise<OrderResult> {
    let final: FinalState;
    try {
      if (this.progress.leg === null && !(await this.prepare())) return this.known.result();
      final = await this.work();
    } catch (error) {
      if (this.refused) throw error;
      final = { state: 'failed', ...failureOf(error) };
      log.error('order failed; settling it', { ...final });
    }
    await this.settle(final);
    return this.known.result();
  }

  /** Admission and risk. False when the order ended there, with its final row written. */
  private async prepare(): Promise<boolean> {
    const { signal } = this;
    const { firstExecutionRunId } = workflowInfo();
    let pauseMs = FIRST_PAUSE_MS;
    for (;;) {
      const admission = await books.admit({
        signal,
        workflowRunId: firstExecutionRunId,
        version: this.known.nextVersion(),
      });
      if (admission.verdict === 'refused') {
        this.refused = true;
        throw ApplicationFailure.nonRetryable(
          `workflow run ${admission.ownerRunId} owns signal ${signal.id}: this one did nothing`,
          'CONFLICT',
        );
      }
      if (admission.verdict !== 'blocked') {
        this.known.learn({ order: admission.order });
        upsertSearchAttributes([{ key: KEEL_SIDE, value: admission.order.side }]);
        if (admission.verdict === 'ended') return false;
        break;
      }
      await Promise.all(
        admission.cancelFirst.map((orderId) => askToCancel(orderId, `in the way of ${signal.id}`)),
      );
      if (pauseMs === LONGEST_BLOCKED_PAUSE_MS)
        log.warn('still blocked by orders that do not end', { orders: admission.cancelFirst });
      await sleep(pauseMs);
      pauseMs = Math.min(pauseMs * 2, LONGEST_BLOCKED_PAUSE_MS);
      await this.continueIfLong();
    }
    const { accountId, symbol } = signal;
    const risk = await books.checkRisk({
      orderId: signal.id,
      accountId,
      symbol,
      version: this.known.nextVersion(),
    });
    this.known.learn({ order: risk.order });
    return risk.approved;
  }

  /** From the first send until the leg has finished. Returns how the order ends. */
  private async work(): Promise<FinalState> {
    if (this.progress.leg === null) {
      if (this.progress.cancel !== null)
        return { state: 'done', reason: cancelReason(this.progress.cancel) };
      await this.legRun().place();
    }
    await this.legRun().follow();
    return finalStateOf(this.progress.leg, this.progress.cancel);
  }

  private legRun(): LegRun {
    const { signal, known } = this;
    const timedOut = (): void => {
      known.requestCancel({
        by: 'timeout',
        reason: `not filled within ${String(signal.timeoutMs)} ms`,
      });
    };
    return new LegRun(known.legSpec(), {
      known: () => known.current,
      learn: (news) => {
        known.learn(news);
      },
      stopRequest: () => known.current.cancel,
      timedOut,
      nextVersion: () => known.nextVersion(),
      tell: async () => {
        const version = known.nextVersion();
        known.learn({ order: await books.publishOrder({ orderId: signal.id, version }) });
      },
      breathe: () => this.continueIfLong(),
    });
  }

  /** Ends the order. A leg that may live is cancelled and followed to its end first. */
  private async settle(final: FinalState): Promise<void> {
    const { orderId, startedAt } = this.progress;
    const { accountId } = this.signal;
    let wanted = final;
    let pauseMs = FIRST_PAUSE_MS;
    for (;;) {
      try {
        const settled = await books.settleOrder({
          orderId,
          accountId,
          final: wanted,
          startedAt,
          version: this.known.nextVersion(),
        });
        if (settled.settled) {
          this.known.learn({ order: settled.order });
          return;
        }
        this.known.requestCancel({
          by: 'keel',
          reason: final.reason ?? 'the order is being ended',
        });
        await this.legRun().resolve();
        await this.legRun().follow();
        // What the venue did stands; the failure that led here is told as the reason.
        wanted = {
          ...finalStateOf(this.progress.leg, this.progress.cancel),
          ...(final.reason === undefined ? {} : { reason: final.reason }),
        };
      } catch (error) {
        const failure = failureOf(error);
        // No row: the signal was never admitted, and there is nothing to settle.
        if (failure.reasonCode === 'NOT_FOUND' && this.progress.order === null) {
          throw ApplicationFailure.nonRetryable(
            final.reason ?? failure.reason,
            final.reasonCode ?? 'NOT_FOUND',
          );
        }
        log.error('settling failed; trying again', { ...failure });
      }
      await sleep(pauseMs);
      pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
    }
  }

  private async continueIfLong(): Promise<void> {
    if (!workflowInfo().continueAsNewSuggested) return;
    await condition(allHandlersFinished);
    await continueAsNew<typeof orderWorkflow>({ signal: this.signal, carried: this.progress });
  }
}
