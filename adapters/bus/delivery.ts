/** One message from the wire to a handler, the same on every bus: decode, handle, judge, count. */
import type { z } from 'zod';
import type { Logger } from '../../observability/logger.ts';
import { counter, gauge, histogram } from '../../observability/metrics.ts';
import { PoisonMessageError, type NewMessage, type SubscribeOptions } from '../event-bus.ts';
import { decodeMessage, truncateRaw } from './envelope.ts';
import type { DEAD_LETTER } from './messages.ts';

export const published = counter(
  'keel_bus_published_total',
  'Messages written to the bus and safe there',
  ['type'],
);
const handled = counter('keel_bus_handled_total', 'Messages a consumer group has handled', [
  'group',
]);
const failed = counter('keel_bus_handler_failures_total', 'Throws of handlers, each retried', [
  'group',
]);
const deadLettered = counter(
  'keel_bus_dead_lettered_total',
  'Messages a consumer group could not use',
  ['group'],
);
const handlingSeconds = histogram('keel_bus_handling_seconds', 'Time in handlers', ['group']);
export const lagGauge = gauge('keel_bus_lag', 'Messages a group has not yet handled', [
  'group',
  'topic',
  'partition',
]);

export type DeadLetter = NewMessage<z.infer<typeof DEAD_LETTER.schema>>;

export interface RawMessage {
  readonly topic: string;
  /** Where it lies, unique within the topic: makes the dead letter's id stable. */
  readonly position: string;
  readonly text: string | null;
}

export type Outcome =
  | { readonly kind: 'handled' }
  /** Write this, then go on. */
  | { readonly kind: 'poison'; readonly letter: DeadLetter }
  /** Try again after a back-off. */
  | { readonly kind: 'failed'; readonly error: unknown };

/** Decodes the message and hands it to the subscriber. Never throws. */
export async function deliver<S extends z.ZodType>(
  subscription: SubscribeOptions<S>,
  raw: RawMessage,
  logger: Logger | undefined,
): Promise<Outcome> {
  const { group, kind } = subscription;
  const decoded = decodeMessage(kind, raw.text);
  if (!decoded.ok) return setAside(group, raw, decoded.reason, Date.now(), logger);
  const stopTimer = handlingSeconds.startTimer({ group });
  try {
    await subscription.handle({ topic: raw.topic, message: decoded.message });
    handled.inc({ group });
    return { kind: 'handled' };
  } catch (error) {
    if (error instanceof PoisonMessageError) {
      return setAside(group, raw, `refused: ${error.message}`, decoded.message.time, logger);
    }
    failed.inc({ group });
    logger?.warn(
      { err: error, group, topic: raw.topic, id: decoded.message.id },
      'bus_handler_failed',
    );
    return { kind: 'failed', error };
  } finally {
    stopTimer();
  }
}

function setAside(
  group: string,
  raw: RawMessage,
  reason: string,
  time: number,
  logger: Logger | undefined,
): Outcome {
  deadLettered.inc({ group });
  logger?.error(
    { group, topic: raw.topic, position: raw.position, reason },
    'bus_message_dead_lettered',
  );
  return {
    kind: 'poison',
    letter: {
      id: `${raw.topic}/${raw.position}`,
      key: raw.topic,
      time,
      data: { topic: raw.topic, group, reason, raw: truncateRaw(raw.text ?? '') },
    },
  };
}
