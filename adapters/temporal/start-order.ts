/** Starting an order's workflow: one a signal, for ever. */
import type { Client } from '@temporalio/client';
import { TypedSearchAttributes } from '@temporalio/common';
import { actionOf, type Signal } from '../../core/signal.ts';
import {
  KEEL_EXCHANGE,
  KEEL_ORDER_STATUS,
  KEEL_STRATEGY,
  KEEL_SYMBOL,
  ORDER_TASK_QUEUE,
} from '../../workflows/order-names.ts';
import type { orderWorkflow } from '../../workflows/order-workflow.ts';
import { isAlreadyStarted, unavailable } from './client.ts';

/** `known`: it runs or ran already, and nothing was started. Throws UNAVAILABLE. */
export async function startOrder(client: Client, signal: Signal): Promise<'started' | 'known'> {
  try {
    await client.workflow.start<typeof orderWorkflow>('orderWorkflow', {
      workflowId: signal.id,
      taskQueue: ORDER_TASK_QUEUE,
      args: [{ signal, steps: 'local' }],
      workflowIdReusePolicy: 'REJECT_DUPLICATE',
      staticSummary: summaryOf(signal),
      typedSearchAttributes: new TypedSearchAttributes([
        { key: KEEL_STRATEGY, value: signal.strategyId },
        { key: KEEL_SYMBOL, value: signal.symbol },
        { key: KEEL_EXCHANGE, value: signal.exchange },
        { key: KEEL_ORDER_STATUS, value: 'pending' },
      ]),
    });
    return 'started';
  } catch (error) {
    if (isAlreadyStarted(error)) return 'known';
    throw unavailable(`Temporal did not take the order workflow of signal ${signal.id}`, error);
  }
}

/** One line for the list of workflows: `buy 0.01 BTC/USDT · sma-cross (golden-cross)`. */
export function summaryOf(signal: Signal): string {
  const { wanted } = signal;
  const target = wanted.quantity === '0' ? '' : `to ${wanted.quantity} `;
  const size = wanted.kind === 'order' ? `${wanted.quantity} ` : target;
  const price = signal.limitPrice ?? signal.stopPrice;
  const at = price === undefined ? '' : ` at ${price}`;
  return `${actionOf(signal)} ${size}${signal.symbol}${at} · ${signal.strategyType} (${signal.tag})`;
}
