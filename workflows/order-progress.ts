/** What an order's workflow knows of it, carried from run to run, and shown at the Temporal UI as it changes. */
import {
  ApplicationFailure,
  setCurrentDetails,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type { ApprovalWait, OrderTerms } from '../activities/admission-steps.ts';
import type { ApprovalDecision } from '../core/approval.ts';
import type { OrderStatus } from '../core/order.ts';
import type { Signal } from '../core/signal.ts';
import type { ExecutionState } from './execution-state.ts';
import type { LegNews, LegSpec } from './leg-run.ts';
import { describeOrder, orderDetails } from './order-details.ts';
import type { CarriedProgress, OrderInput, OrderResult, Progress } from './order-messages.ts';
import { KEEL_ORDER_STATUS, KEEL_SIDE } from './order-names.ts';
import type { CancelRequest } from './order-outcome.ts';
import type { StepKind } from './order-steps.ts';

const NOT_YET = {
  terms: null,
  wait: null,
  decision: null,
  execution: null,
  unknown: null,
} as const;

export class OrderProgress {
  current: Progress;
  private readonly signal: Signal;
  private readonly steps: StepKind | undefined;
  private shownStatus: OrderStatus | null = null;
  private sideShown = false;
  /** Of an event that is stored and not told: the send that comes next tells it. */
  private untold: number | undefined;

  constructor({ carried, signal, steps }: OrderInput) {
    this.signal = signal;
    this.steps = steps;
    this.current = { ...NOT_YET, ...(carried ?? begun(signal)) };
    // Whoever starts an order with `steps` gives it these attributes from the start.
    if (steps === 'local') this.shownStatus = this.current.order?.status ?? 'pending';
    this.learn({});
  }

  /** Takes news in and shows them to people. */
  learn({ order, leg, finished, unknown }: LegNews): void {
    this.current = {
      ...this.current,
      ...(order === undefined ? {} : { order }),
      ...(leg === undefined ? {} : { leg }),
      ...(finished === undefined ? {} : { finished }),
      ...(unknown === undefined ? {} : { unknown }),
    };
    this.showStatus();
    this.show();
  }

  /** In as few events as the server takes: side and status are set together. */
  private showStatus(): void {
    const status = this.current.order?.status ?? 'pending';
    if (status === this.shownStatus) return;
    const side = this.steps === 'local' && !this.sideShown ? this.current.order?.side : undefined;
    this.shownStatus = status;
    this.sideShown ||= side !== undefined;
    upsertSearchAttributes([
      { key: KEEL_ORDER_STATUS, value: status },
      ...(side === undefined ? [] : [{ key: KEEL_SIDE, value: side }]),
    ]);
  }

  private show(): void {
    setCurrentDetails(orderDetails(this.signal, this.current));
  }

  /** What the order needs from here on, and whether a person is waited for. */
  admit(terms: OrderTerms, wait: ApprovalWait | null): void {
    this.current = { ...this.current, terms, wait };
    this.show();
  }

  /** What became of its legs, where it has several. */
  learnExecution(execution: ExecutionState): void {
    this.current = { ...this.current, execution };
    this.show();
  }

  decide(decision: ApprovalDecision): void {
    this.current = { ...this.current, decision };
    this.show();
  }

  /** Decided and written down, or too late. */
  stopWaiting(): void {
    this.current = { ...this.current, wait: null };
    this.show();
  }

  /** The first one counts. */
  requestCancel(request: CancelRequest): void {
    this.current = { ...this.current, cancel: this.current.cancel ?? request };
    this.show();
  }

  nextVersion(): number {
    this.current = { ...this.current, version: this.current.version + 1 };
    return this.current.version;
  }

  /** The event of the newest version is told with the send. */
  leaveUntold(): void {
    this.untold = this.current.version;
  }

  /** The one leg that serves the order. */
  legSpec(): LegSpec {
    const { order, orderId, startedAt } = this.current;
    const { accountId, eventTime, stopPrice, symbol, timeInForce, timeoutMs } = this.signal;
    if (order === null)
      throw ApplicationFailure.nonRetryable('the order was not admitted', 'CONFLICT');
    return {
      leg: {
        orderId,
        legNumber: 1,
        quantity: order.quantity,
        type: order.type,
        price: order.price,
        ...(stopPrice === undefined ? {} : { stopPrice }),
        ...(timeInForce === undefined ? {} : { timeInForce }),
      },
      accountId,
      symbol,
      ...(this.untold === undefined ? {} : { untold: this.untold }),
      timeoutAt: timeoutMs === undefined ? null : eventTime + timeoutMs,
      startedAt,
      summary: describeOrder(this.signal, order),
    };
  }

  result(): OrderResult {
    const { orderId, order } = this.current;
    return {
      orderId,
      status: order?.status ?? 'failed',
      filledQuantity: order?.filledQuantity ?? '0',
      averagePrice: order?.averagePrice ?? null,
      reason: order?.reason ?? null,
    };
  }
}

function begun(signal: Signal): CarriedProgress {
  return {
    orderId: signal.id,
    order: null,
    leg: null,
    finished: false,
    cancel: null,
    version: 0,
    startedAt: workflowInfo().startTime.getTime(),
  };
}
