/**
 * Workflow histories as JSON files: enums by name, 64-bit numbers as strings, bytes as base64. What was
 * encrypted is stored readable, to be replayed without keys; what names a machine (identities, stack traces,
 * sticky queues) is left out. (The SDK's own historyToJSON needs one protobufjs for all packages, which npm
 * does not promise.)
 */
import type { HistoryAndWorkflowId } from '@temporalio/client';
import type { PayloadCodec } from '@temporalio/common';
import proto from '@temporalio/proto';
import { z } from 'zod';
import { KeelError } from '../../core/errors.ts';
import { payloadFromJson, payloadToJson } from './payload-json.ts';

export type History = HistoryAndWorkflowId['history'];

const { History: HistoryMessage } = proto.temporal.api.history.v1;

/** Any JSON object with events; the rest is Temporal's. */
export const historyJsonSchema = z.object({
  events: z.array(z.record(z.string(), z.unknown())).min(1),
});
export type HistoryJson = z.infer<typeof historyJsonSchema>;

const ENCRYPTED = Buffer.from('binary/encrypted').toString('base64');
const encryptedPayload = z.object({
  metadata: z.looseObject({ encoding: z.literal(ENCRYPTED) }).catchall(z.string()),
  data: z.string(),
});
const MACHINE_FIELDS = new Set(['identity', 'stackTrace']);
const encodedAttributes = z.object({ encodedAttributes: z.object({ data: z.string() }) });
const failureText = z.object({ message: z.string() });
const stickyQueue = z.object({ name: z.string(), kind: z.literal('TASK_QUEUE_KIND_STICKY') });

/** Decrypts with the codecs of the connection it came by. Throws what they throw. */
export async function historyToJson(
  history: History,
  codecs: readonly PayloadCodec[],
): Promise<HistoryJson> {
  const object: unknown = HistoryMessage.toObject(HistoryMessage.fromObject(history as object), {
    longs: String,
    enums: String,
    bytes: String,
  });
  return historyJsonSchema.parse(await cleaned(object, codecs));
}

async function cleaned(value: unknown, codecs: readonly PayloadCodec[]): Promise<unknown> {
  if (Array.isArray(value)) return Promise.all(value.map((part) => cleaned(part, codecs)));
  if (typeof value !== 'object' || value === null) return value;
  const encrypted = encryptedPayload.safeParse(value);
  if (encrypted.success) {
    let payloads = [payloadFromJson(encrypted.data)];
    for (const codec of codecs.toReversed()) payloads = await codec.decode(payloads);
    return payloads[0] && payloadToJson(payloads[0]);
  }
  const kept = Object.entries(value).filter(([name]) => !MACHINE_FIELDS.has(name));
  const parts = await Promise.all(
    kept.map(async ([name, part]): Promise<[string, unknown]> => [
      name,
      await cleaned(part, codecs),
    ]),
  );
  return withoutMachine(Object.fromEntries(parts));
}

/** An encrypted failure keeps its message in a payload, beside its stack trace: only the message goes back. */
function withoutMachine(object: Record<string, unknown>): Record<string, unknown> {
  if (stickyQueue.safeParse(object).success) return { ...object, name: 'sticky' };
  const failure = encodedAttributes.safeParse(object);
  if (!failure.success) return object;
  const { encodedAttributes: attributes, ...rest } = object;
  const text = Buffer.from(failure.data.encodedAttributes.data, 'base64').toString('utf8');
  return attributes === undefined ? rest : { ...rest, ...failureText.parse(JSON.parse(text)) };
}

export function workflowTypeOf({ events }: HistoryJson): string | undefined {
  const started = z
    .object({
      workflowExecutionStartedEventAttributes: z.object({
        workflowType: z.object({ name: z.string() }),
      }),
    })
    .safeParse(events[0]);
  return started.success
    ? started.data.workflowExecutionStartedEventAttributes.workflowType.name
    : undefined;
}

/** The text of a file that `historyToJson` made. Throws INVALID_INPUT for anything else. */
export function parseHistory(text: string): {
  readonly json: HistoryJson;
  readonly history: History;
} {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw new KeelError('INVALID_INPUT', `it is not JSON (${(error as Error).message})`);
  }
  const json = historyJsonSchema.safeParse(parsed);
  if (!json.success || workflowTypeOf(json.data) === undefined) {
    throw new KeelError(
      'INVALID_INPUT',
      'it is no workflow history: `events` must begin with the start of a workflow; `keel history save` writes one',
    );
  }
  try {
    return { json: json.data, history: HistoryMessage.fromObject(json.data) };
  } catch (error) {
    throw new KeelError(
      'INVALID_INPUT',
      `an event is not as \`keel history save\` writes it (${(error as Error).message})`,
      { cause: error },
    );
  }
}
