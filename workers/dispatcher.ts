/**
 * The dispatcher: one `orderWorkflow` per signal, its id the signal's id. A redelivered signal starts nothing.
 * A signal past its time is started too: admission records it as `expired`, so none goes without a trace.
 */
import { SIGNAL } from '../adapters/bus/messages.ts';
import { ALL_SIGNALS } from '../adapters/bus/topics.ts';
import { startOrder } from '../adapters/temporal/start-order.ts';
import { counter } from '../observability/metrics.ts';
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
      signals.inc({ outcome: await startOrder(client, message.data) });
    },
  });
  return {
    stop: () => subscription.close(),
  };
}

if (import.meta.main) await runProcess('dispatcher', startDispatcher);
