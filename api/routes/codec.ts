/** /api/codec: Temporal's remote codec protocol, as its web UI and command line speak it. */
import type { PayloadCodec } from '@temporalio/common';
import { z } from 'zod';
import { payloadFromJson, payloadToJson } from '../../adapters/temporal/payload-json.ts';
import { CODEC_PATH } from '../codec.ts';
import { REDUCERS, route, type Route } from '../route.ts';

const payloadsSchema = z
  .object({
    payloads: z.array(
      z.object({
        metadata: z.record(z.string(), z.base64()).optional(),
        data: z.base64().optional(),
      }),
    ),
  })
  .meta({ id: 'Payloads', description: "Temporal's payloads as JSON: bytes are base64" });
/** A viewer sees orders through the API, but not all that their workflows hold. */
export function codecRoutes(codec: PayloadCodec): readonly Route[] {
  return (['decode', 'encode'] as const).map((step) =>
    route({
      method: 'post',
      path: `${CODEC_PATH}/${step}`,
      tag: 'codec',
      summary:
        step === 'decode'
          ? 'Decrypt payloads for the Temporal UI; what is not encrypted comes back unchanged'
          : 'Encrypt payloads that are sent from the Temporal UI',
      status: 200,
      roles: REDUCERS,
      body: payloadsSchema,
      response: payloadsSchema,
      async handle({ body }) {
        const payloads = await codec[step](body.payloads.map(payloadFromJson));
        return { payloads: payloads.map(payloadToJson) };
      },
    }),
  );
}
