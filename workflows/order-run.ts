/** One order from its signal to its settled end: the steps of `orderWorkflow` in their order. */
import {
  allHandlersFinished,
  ApplicationFailure,
  condition,
  continueAsNew,
  log,
  sleep,
  workflowInfo,
} from '@temporalio/workflow';
import type { FinalState } from '../activities/order-activities.ts';
import type { Signal } from '../core/signal.ts';
import { ExecutionRun } from './execution-run.ts';
import { LegRun, type LegHost } from './leg-run.ts';
import { legSteps } from './leg-steps.ts';
import { admitThenCheck, decideAndWait, type AdmissionHost } from './order-admission.ts';
import type { LegChange, OrderInput, OrderResult, Progress } from './order-messages.ts';
import { cancelReason, failureOf, finalStateOf } from './order-outcome.ts';
import { OrderProgress } from './order-progress.ts';
import { booksOf, type Books } from './order-steps.ts';

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 60_000;

export class OrderRun {
  readonly known: OrderProgress;
  private readonly input: OrderInput;
  private readonly books: Books;
  private readonly execution: ExecutionRun;
  /** Another run owns the order: it is not ours to end. */
  private refused = false;

  constructor(input: OrderInput) {
    this.input = input;
    this.books = booksOf(input.steps);
    this.known = new OrderProgress(input);
    this.execution = new ExecutionRun({
      signal: input.signal,
      known: this.known,
      books: this.books,
      breathe: () => this.continueIfLong(),
    });
  }

  /** News of a leg that a child works. */
  learnLeg(change: LegChange): void {
    this.execution.learn(change);
  }

  private get signal(): Signal {
    return this.input.signal;
  }

  private get progress(): Progress {
    return this.known.current;
  }

  async toEnd(): Promise<OrderResult> {
    let final: FinalState;
    try {
      const { execution, leg } = this.progress;
      const ready = leg !== null || execution !== null || (await this.prepare());
      if (ready === false) return this.known.result();
      final = ready === true ? await this.work() : ready;
    } catch (error) {
      if (this.refused) throw error;
      final = { state: 'failed', ...failureOf(error) };
      log.error('order failed; settling it', { ...final });
    }
    await this.settle(final);
    return this.known.result();
  }

  /** False when the order ended before it could be sent; a final state where it is still to be ended. */
  private prepare(): Promise<boolean | FinalState> {
    const host: AdmissionHost = {
      signal: this.signal,
      known: this.known,
      books: this.books,
      breathe: () => this.continueIfLong(),
      refuse: () => {
        this.refused = true;
      },
    };
    return this.input.steps === undefined ? admitThenCheck(host) : decideAndWait(host);
  }

  /** From the first send until the leg has finished. Returns how the order ends. */
  private async work(): Promise<FinalState> {
    if (this.hasSeveralLegs) return this.execution.toEnd();
    if (this.progress.leg === null) {
      if (this.progress.cancel !== null)
        return { state: 'done', reason: cancelReason(this.progress.cancel) };
      await this.legRun().place();
    }
    await this.legRun().follow();
    return finalStateOf(this.progress.leg, this.progress.cancel);
  }

  private get hasSeveralLegs(): boolean {
    return this.signal.execution !== undefined || this.progress.terms?.heldElsewhere === true;
  }

  private legRun(): LegRun {
    const { books, known, signal } = this;
    const timedOut = (): void => {
      known.requestCancel({
        by: 'timeout',
        reason: `not filled within ${String(signal.timeoutMs)} ms`,
      });
    };
    const host: LegHost = {
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
    };
    return new LegRun(known.legSpec(), host, legSteps);
  }

  /** Ends the order. A leg that may live is cancelled and followed to its end first. */
  private async settle(final: FinalState): Promise<void> {
    const { orderId, startedAt } = this.progress;
    const { accountId } = this.signal;
    let wanted = final;
    let pauseMs = FIRST_PAUSE_MS;
    for (;;) {
      try {
        const settled = await this.books.settleOrder({
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
        const request = { by: 'keel', reason: final.reason ?? 'the order is being ended' };
        if (this.hasSeveralLegs) {
          await this.execution.endAll(request);
        } else {
          this.known.requestCancel(request);
          await this.legRun().resolve();
          await this.legRun().follow();
          // What the venue did stands; the failure that led here is told as the reason.
          wanted = {
            ...finalStateOf(this.progress.leg, this.progress.cancel),
            ...(final.reason === undefined ? {} : { reason: final.reason }),
          };
        }
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
      await sleep(pauseMs, { summary: 'settle again' });
      pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
    }
  }

  private async continueIfLong(): Promise<void> {
    if (!workflowInfo().continueAsNewSuggested) return;
    await condition(allHandlersFinished);
    await continueAsNew<(input: OrderInput) => Promise<OrderResult>>({
      ...this.input,
      carried: this.progress,
    });
  }
}
