/**
 * The dispatcher: one `orderWorkflow` per signal, its id the signal's id. A redelivered signal starts nothing.
 * A signal past its time is started too: admission records it as `expired`, so none goes without a trace.
 */
import { TypedSearchAttributes } from '@temporalio/common';
import { SIGNAL } from '../adapters/bus/messages.ts';
import { ALL_SIGNALS } from '../adapters/bus/topics.ts';
import { isAlreadyStarted, unavailable } from '../adapters/temporal/client.ts';
import { actionOf, type Signal } from '../core/signal.ts';
import { counter } from '../observability/metrics.ts';
import {
  KEEL_EXCHANGE,
  KEEL_ORDER_STATUS,
  KEEL_STRATEGY,
  KEEL_SYMBOL,
  ORDER_TASK_QUEUE,
} from '../workflows/order-names.ts';
import type { orderWorkflow } from '../workflows/order-workflow.ts';
import type { House } from './house.ts';
import { runProcess, type Running } from './run-process.ts';

const signals = counter('keel_signals_dispatched_total', 'Signals taken from the bus', ['outcome']);

export async function startDispatcher(house: House): Promise<Running> {
  const { client } = await house.temporal();
  const subscription = await house.bus.subscribe({
    group: 'dispatcher',
    topics: ALL_SIGNALS,
    kind: SIGNAL,
    async handle({ message }) {
      const signal = message.data;
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
        signals.inc({ outcome: 'started' });
      } catch (error) {
        if (!isAlreadyStarted(error)) {
          throw unavailable(
            `Temporal did not take the order workflow of signal ${signal.id}`,
            error,
          );
        }
        signals.inc({ outcome: 'known' });
      }
    },
  });
  return {
    stop: () => subscription.close(),
  };
}

/** One line for the list of workflows: `buy 0.01 BTC/USDT · sma-cross (golden-cross)`. */
export function summaryOf(signal: Signal): string {
  const { wanted } = signal;
  const size = wanted.kind === 'order' ? wanted.quantity : `to ${wanted.quantity}`;
  const at = signal.limitPrice === undefined ? '' : ` at ${signal.limitPrice}`;
  return `${actionOf(signal)} ${size} ${signal.symbol}${at} · ${signal.strategyType} (${signal.tag})`;
}

if (import.meta.main) await runProcess('dispatcher', startDispatcher);
