/** Payloads as Temporal's JSON has them: bytes are base64. */
import type { Payload } from '@temporalio/common';

export interface JsonPayload {
  readonly metadata?: Readonly<Record<string, string>> | undefined;
  readonly data?: string | undefined;
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}

export function payloadFromJson({ metadata = {}, data }: JsonPayload): Payload {
  return {
    metadata: Object.fromEntries(
      Object.entries(metadata).map(([name, value]) => [name, Buffer.from(value, 'base64')]),
    ),
    data: data === undefined ? null : Buffer.from(data, 'base64'),
  };
}

export function payloadToJson({ metadata, data }: Payload): {
  metadata: Record<string, string>;
  data?: string;
} {
  return {
    metadata: Object.fromEntries(
      Object.entries(metadata ?? {}).map(([name, value]) => [name, base64(value)]),
    ),
    ...(data === null || data === undefined ? {} : { data: base64(data) }),
  };
}
