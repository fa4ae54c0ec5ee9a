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
  isCancellation,
  log,
  setHandler,
  sleep,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type { FinalState } from '../activities/order-activities.ts';
import type { TrackResult } from '../activities/tracking.ts';
import type { LegView } from '../core/order.ts';
import type { Signal } from '../core/signal.ts';
import { describeOrder } from './order-details.ts';
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
import { books, trackers, venue } from './order-steps.ts';

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
      await Promise.all(admission.cancelFirst.map((orderId) => askToCancel(orderId, signal.id)));
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
      await this.placeUnlessCancelled();
    }
    await this.follow();
    return finalStateOf(this.progress.leg, this.progress.cancel);
  }

  /**
   * A venue that turns the order away unread is asked again, for days if it must be; a cancel ends that. What
   * was in flight by then is found by `follow`.
   */
  private async placeUnlessCancelled(): Promise<void> {
    const summary = describeOrder(this.signal, this.progress.order);
    const scope = new CancellationScope();
    void condition(() => this.progress.cancel !== null).then(() => {
      scope.cancel();
    });
    try {
      this.known.learn(
        await scope.run(() =>
          venue.placeOrder.executeWithOptions({ summary }, [this.known.placeStep()]),
        ),
      );
    } catch (error) {
      if (!isCancellation(error)) throw error;
    }
  }

  private async follow(): Promise<void> {
    let pauseMs = FIRST_PAUSE_MS;
    while (!this.progress.finished) {
      const { leg } = this.progress;
      const known =
        leg !== null && leg.venueOrderId !== null
          ? await this.followOpen(leg)
          : await this.resolve();
      if (known) pauseMs = FIRST_PAUSE_MS;
      else {
        await sleep(pauseMs);
        pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
      }
      await this.continueIfLong();
    }
  }

  /**
   * One round of finding out what became of a send; true when that is known. A failure is one more reason to
   * go on asking.
   */
  private async resolve(): Promise<boolean> {
    try {
      const resend = this.progress.cancel === null;
      const outcome = await venue.resolveOrder({ ...this.known.placeStep(), resend });
      this.known.learn(outcome);
      return outcome.finished || outcome.leg.venueOrderId !== null;
    } catch (error) {
      log.error('the outcome is still unknown', { ...failureOf(error) });
      return false;
    }
  }

  /**
   * Follows a leg at the venue to its next change; a cancel runs beside the tracker and may end it first.
   * False when the tracker failed for good: pause, and start another.
   */
  private async followOpen(leg: LegView): Promise<boolean> {
    const { signal } = this;
    const { clientOrderId, state, filledQuantity } = leg;
    const timeoutAt =
      signal.timeoutMs === undefined || this.progress.cancel !== null
        ? null
        : signal.eventTime + signal.timeoutMs;
    const tracking: { result?: TrackResult; error?: unknown } = {};
    const scope = new CancellationScope();
    void scope
      .run(() =>
        trackers.trackOrder.executeWithOptions(
          { summary: `follow ${state}, filled ${filledQuantity}` },
          [
            {
              accountId: signal.accountId,
              clientOrderId,
              symbol: signal.symbol,
              lastSeen: { state, filledQuantity },
              timeoutAt,
            },
          ],
        ),
      )
      .then(
        (result) => (tracking.result = result),
        (error: unknown) => (tracking.error = error),
      );
    const returned = (): boolean => tracking.result !== undefined || tracking.error !== undefined;
    for (;;) {
      await condition(() => returned() || this.progress.cancel !== null);
      if (returned()) break;
      if (await this.cancelLeg()) {
        // The tracker would learn the same; nobody waits for its next heartbeat.
        scope.cancel();
        return true;
      }
      await condition(returned, FIRST_PAUSE_MS);
    }
    const { result, error } = tracking;
    if (result === undefined) {
      log.error('the tracker failed; starting another', { ...failureOf(error) });
      return false;
    }
    if (result.kind === 'timeout') {
      this.known.requestCancel({
        by: 'timeout',
        reason: `not filled within ${String(signal.timeoutMs)} ms`,
      });
    }
    this.known.learn(result);
    if (result.kind === 'changed' && !result.finished) {
      this.known.learn({
        order: await books.publishOrder({ orderId: signal.id, version: this.known.nextVersion() }),
      });
    }
    return true;
  }

  /** True when the leg has finished, be it cancelled or filled on the way. */
  private async cancelLeg(): Promise<boolean> {
    try {
      const outcome = await venue.cancelOrder.executeWithOptions(
        { summary: cancelReason(this.progress.cancel) },
        [{ accountId: this.signal.accountId, leg: this.known.newLeg() }],
      );
      if (outcome.finished) this.known.learn(outcome);
      return outcome.finished;
    } catch (error) {
      log.error('cancel failed; trying again', { ...failureOf(error) });
      await sleep(LONGEST_BLOCKED_PAUSE_MS);
      return false;
    }
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
        await this.resolve();
        await this.follow();
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
