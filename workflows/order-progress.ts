/** What an order's workflow knows of it, carried from run to run, and shown at the Temporal UI as it changes. */
import {
  ApplicationFailure,
  setCurrentDetails,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type { OrderStatus } from '../core/order.ts';
import type { Signal } from '../core/signal.ts';
import type { LegNews, LegSpec } from './leg-run.ts';
import { describeOrder, orderDetails } from './order-details.ts';
import type { OrderResult, Progress } from './order-messages.ts';
import { KEEL_ORDER_STATUS } from './order-names.ts';
import type { CancelRequest } from './order-outcome.ts';

export class OrderProgress {
  current: Progress;
  private readonly signal: Signal;
  private shownStatus: OrderStatus | null = null;

  constructor(signal: Signal, carried: Progress | undefined) {
    this.signal = signal;
    this.current = carried ?? {
      orderId: signal.id,
      order: null,
      leg: null,
      finished: false,
      cancel: null,
      version: 0,
      startedAt: workflowInfo().startTime.getTime(),
    };
    this.learn({});
  }

  /** Takes news in and shows them to people. */
  learn({ order, leg, finished }: LegNews): void {
    this.current = {
      ...this.current,
      ...(order === undefined ? {} : { order }),
      ...(leg === undefined ? {} : { leg }),
      ...(finished === undefined ? {} : { finished }),
    };
    const status = this.current.order?.status ?? 'pending';
    if (status !== this.shownStatus)
      upsertSearchAttributes([{ key: KEEL_ORDER_STATUS, value: status }]);
    this.shownStatus = status;
    setCurrentDetails(orderDetails(this.signal, this.current.order, this.current.leg));
  }

  /** The first one counts. */
  requestCancel(request: CancelRequest): void {
    this.current = { ...this.current, cancel: this.current.cancel ?? request };
  }

  nextVersion(): number {
    this.current = { ...this.current, version: this.current.version + 1 };
    return this.current.version;
  }

  /** The one leg that serves the order. */
  legSpec(): LegSpec {
    const { order, orderId, startedAt } = this.current;
    const { accountId, eventTime, stopPrice, symbol, timeoutMs } = this.signal;
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
      },
      accountId,
      symbol,
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
