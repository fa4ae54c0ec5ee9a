/** How a signal goes onto the bus: its id is the message's id, so a repeated publish is one signal. */
import { SIGNAL } from '../adapters/bus/messages.ts';
import { signalTopic, signalTopics } from '../adapters/bus/topics.ts';
import type { EventBus } from '../adapters/event-bus.ts';
import { actionOf, type Signal } from '../core/signal.ts';

/** Signals of one strategy and symbol keep their order. */
function signalKey(signal: Pick<Signal, 'strategyId' | 'symbol'>): string {
  return `${signal.strategyId}|${signal.symbol}`;
}

/** Creates the topics a strategy template writes to. Call once before `publishSignal`. */
export async function ensureSignalTopics(bus: EventBus, strategyType: string): Promise<void> {
  await bus.ensureTopics(signalTopics(strategyType));
}

/** Resolves when the signal is safe on `signals.<strategy>.<action>`. */
export async function publishSignal(bus: EventBus, signal: Signal): Promise<void> {
  await bus.publish(signalTopic(signal.strategyType, actionOf(signal)), SIGNAL, [
    { id: signal.id, key: signalKey(signal), time: signal.eventTime, data: signal },
  ]);
}
