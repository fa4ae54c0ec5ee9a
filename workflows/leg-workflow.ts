/**
 * One leg of an order that has several: workflow id `<order id>:leg-<n>`, child of the order's workflow, left
 * alone when that closes. It ends when its leg has finished and is booked; a stop cancels and verifies it.
 */
import {
  allHandlersFinished,
  CancellationScope,
  condition,
  continueAsNew,
  getExternalWorkflowHandle,
  log,
  setCurrentDetails,
  setHandler,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type { LegView } from '../core/order.ts';
import {
  LegRun,
  type LegHost,
  type LegNews,
  type LegSpec,
  type UnknownOutcome,
} from './leg-run.ts';
import { legSteps } from './leg-steps.ts';
import { cancelSignal, legChangedSignal } from './order-messages.ts';
import { unknownLines } from './order-details.ts';
import { KEEL_ORDER_STATUS } from './order-names.ts';
import { cancelReason, failureOf, type CancelRequest } from './order-outcome.ts';

export interface LegInput {
  readonly spec: LegSpec;
  /** Which part of the plan it is: `slice 3 of 10`. */
  readonly note: string;
  /** Set by continue-as-new alone. */
  readonly carried?: LegProgress;
}

interface LegProgress {
  readonly leg: LegView | null;
  readonly finished: boolean;
  /** Absent or null where it is known what became of the send. */
  readonly unknown?: UnknownOutcome | null;
  readonly stop: CancelRequest | null;
  readonly timedOut: boolean;
}

export interface LegResult {
  readonly leg: LegView;
  /** It rested until the order's time-out. */
  readonly timedOut: boolean;
}

export async function legWorkflow(input: LegInput): Promise<LegResult> {
  const life = new LegLife(input);
  setHandler(cancelSignal, (request) => {
    life.stop(request);
  });
  CancellationScope.current().cancelRequested.catch(() => {
    life.stop({ by: 'temporal', reason: 'the workflow of the leg was cancelled' });
  });
  // Nothing in here is cut short: a cancel is a wish that the steps fulfil.
  return CancellationScope.nonCancellable(async () => {
    const result = await life.toEnd();
    await condition(allHandlersFinished);
    return result;
  });
}

class LegLife implements LegHost {
  private readonly input: LegInput;
  private current: LegProgress;

  constructor(input: LegInput) {
    this.input = input;
    this.current = input.carried ?? { leg: null, finished: false, stop: null, timedOut: false };
    this.show();
  }

  async toEnd(): Promise<LegResult> {
    const run = new LegRun(this.input.spec, this, legSteps);
    if (this.current.leg === null && this.current.stop === null) {
      try {
        await run.place();
      } catch (error) {
        // Whatever is at the venue by now is found, cancelled and verified.
        this.stop({ by: 'keel', reason: failureOf(error).reason });
      }
      if (!this.current.finished) await this.tell();
    }
    const leg = await run.follow();
    if (leg === null) throw new Error('a leg has finished of which nothing is known');
    return { leg, timedOut: this.current.timedOut };
  }

  /** The first one counts. */
  stop(request: CancelRequest): void {
    this.current = { ...this.current, stop: this.current.stop ?? request };
    this.show();
  }

  known(): LegProgress {
    return this.current;
  }

  learn({ finished, leg, unknown }: LegNews): void {
    const before = this.current.leg?.state;
    this.current = {
      ...this.current,
      ...(leg === undefined ? {} : { leg }),
      ...(finished === undefined ? {} : { finished }),
      ...(unknown === undefined ? {} : { unknown }),
    };
    if (leg !== undefined && leg.state !== before) {
      upsertSearchAttributes([{ key: KEEL_ORDER_STATUS, value: leg.state }]);
    }
    this.show();
  }

  stopRequest(): CancelRequest | null {
    return this.current.stop;
  }

  timedOut(): void {
    this.current = { ...this.current, timedOut: true };
    this.stop({ by: 'timeout', reason: 'the order was not filled in time' });
  }

  nextVersion(): undefined {
    // The order's workflow tells its events.
    return undefined;
  }

  async tell(): Promise<void> {
    const { leg } = this.current;
    const { parent } = workflowInfo();
    if (parent === undefined || leg === null) return;
    try {
      const { legNumber } = this.input.spec.leg;
      await getExternalWorkflowHandle(parent.workflowId).signal(legChangedSignal, {
        legNumber,
        leg,
      });
    } catch (error) {
      log.info('the order of this leg is gone', { reason: String(error) });
    }
  }

  async breathe(): Promise<void> {
    if (!workflowInfo().continueAsNewSuggested) return;
    await condition(allHandlersFinished);
    await continueAsNew<typeof legWorkflow>({ ...this.input, carried: this.current });
  }

  private show(): void {
    const { leg, stop, unknown } = this.current;
    const lines = [`**${this.input.spec.summary}**`, `- ${this.input.note}`];
    if (leg !== null) {
      const { clientOrderId, filledQuantity, quantity, state, venueOrderId } = leg;
      lines.push(`- venue order: ${venueOrderId ?? 'not known yet'} (${clientOrderId}), ${state}`);
      lines.push(`- filled: ${filledQuantity} of ${quantity}`);
      if (leg.errorMessage !== null) lines.push(`- reason: ${leg.errorMessage}`);
    }
    lines.push(...unknownLines(unknown ?? null));
    if (stop !== null) lines.push(`- ${cancelReason(stop)}`);
    setCurrentDetails(lines.join('\n'));
  }
}
