/**
 * A message on the wire: one JSON document, the same on every bus. What cannot be read is never thrown at a
 * handler: it comes back with the reason, for the dead-letter topic.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import { z } from 'zod';
import { KeelError } from '../../core/errors.ts';
import { timestamp } from '../../core/time.ts';
import type { BusMessage, MessageKind, NewMessage } from '../event-bus.ts';
import { systemTopic } from './topics.ts';

const envelopeSchema = z.strictObject({
  id: z.string().min(1),
  type: z.string().min(1),
  schemaVersion: z.int().positive(),
  time: timestamp,
  source: z.string().min(1),
  trace: z.strictObject({ traceparent: z.string().min(1).optional() }),
  key: z.string().min(1),
  data: z.unknown(),
});

/** The wire form. Throws INVALID_INPUT, naming every fault, when the message breaks its kind's schema. */
export function encodeMessage<S extends z.ZodType>(
  kind: MessageKind<S>,
  source: string,
  message: NewMessage<z.infer<S>>,
): string {
  const data = kind.schema.safeParse(message.data);
  const envelope = envelopeSchema.safeParse({
    id: message.id,
    type: kind.type,
    schemaVersion: kind.schemaVersion,
    time: message.time,
    source,
    trace: message.traceparent === undefined ? {} : { traceparent: message.traceparent },
    key: message.key,
    data: data.data,
  });
  if (data.success && envelope.success) return JSON.stringify(envelope.data);
  const faults = [
    ...(data.error === undefined ? [] : faultsOf(data.error, 'data')),
    ...(envelope.error === undefined ? [] : faultsOf(envelope.error)),
  ];
  throw new KeelError(
    'INVALID_INPUT',
    `the ${kind.type} message "${message.id}" breaks its schema (version ${String(kind.schemaVersion)}): ` +
      `${faults.join('; ')}. Nothing was written.`,
    { details: { faults } },
  );
}

export type Decoded<T> =
  | { readonly ok: true; readonly message: BusMessage<T> }
  /** Why no handler can use it, for a person. */
  | { readonly ok: false; readonly reason: string };

/** Reads the wire form of a message of this kind. Never throws. */
export function decodeMessage<S extends z.ZodType>(
  kind: MessageKind<S>,
  text: string | null,
): Decoded<z.infer<S>> {
  if (text === null) return { ok: false, reason: 'the message is empty' };
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    return { ok: false, reason: `not JSON: ${(error as Error).message}` };
  }
  const envelope = envelopeSchema.safeParse(json);
  if (!envelope.success) {
    return { ok: false, reason: `not an envelope: ${faultsOf(envelope.error).join('; ')}` };
  }
  const { type, schemaVersion, trace } = envelope.data;
  if (type !== kind.type) {
    return { ok: false, reason: `wrong type: "${type}", expected "${kind.type}"` };
  }
  if (schemaVersion !== kind.schemaVersion) {
    return {
      ok: false,
      reason: `wrong version: ${type} ${String(schemaVersion)}, this reader knows ${String(kind.schemaVersion)}`,
    };
  }
  const data = kind.schema.safeParse(envelope.data.data);
  if (!data.success) {
    return { ok: false, reason: `schema breach: ${faultsOf(data.error, 'data').join('; ')}` };
  }
  const { traceparent } = trace;
  return {
    ok: true,
    message: {
      ...envelope.data,
      trace: traceparent === undefined ? {} : { traceparent },
      data: data.data,
    },
  };
}

function faultsOf(error: z.ZodError, at = ''): string[] {
  return error.issues.map((issue) => {
    const where = [at, ...issue.path].filter((part) => part !== '').join('.');
    return where === '' ? issue.message : `${where}: ${issue.message}`;
  });
}

/** Longest raw text a dead letter or a quarantine entry carries, in characters. */
const RAW_TEXT_LIMIT = 16_384;

export function truncateRaw(text: string): string {
  if (text.length <= RAW_TEXT_LIMIT) return text;
  return `${text.slice(0, RAW_TEXT_LIMIT)}… (cut; ${String(text.length)} characters in all)`;
}

/**
 * A group's name in the broker's alphabet: as it is where that is possible, otherwise with the other
 * characters replaced and a hash of the original, so that no two groups share a name.
 */
export function groupName(group: string): string {
  if (/^[A-Za-z0-9._-]{1,180}$/.test(group)) return group;
  const hash = bytesToHex(sha256(utf8ToBytes(group))).slice(0, 8);
  return `${group.replaceAll(/[^A-Za-z0-9._-]/g, '-').slice(0, 180)}-${hash}`;
}

/** Where the messages go that this group could not use. */
export function deadLetterTopic(group: string): string {
  return systemTopic('dead-letter', groupName(group));
}
