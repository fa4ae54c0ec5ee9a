/** /halts: the kill switch */
import { z } from 'zod';
import { EVERYONE, REDUCERS, RISK_OWNERS, route, type Route } from '../route.ts';
import {
  haltPageSchema,
  haltQuerySchema,
  haltSchema,
  newHaltSchema,
  resumeSchema,
} from '../schemas.ts';
import type { HaltService } from '../services/halt-service.ts';

const tag = 'risk';

export function haltRoutes(service: HaltService): readonly Route[] {
  return [
    route({
      method: 'get',
      path: '/halts',
      tag,
      summary: 'Halts, newest first, a page at a time; one in force has no `liftedAt`',
      status: 200,
      roles: EVERYONE,
      query: haltQuerySchema,
      response: haltPageSchema,
      handle: ({ query }) => service.list(query),
    }),
    route({
      method: 'post',
      path: '/halts',
      tag,
      summary: 'Stop new orders at once, and cancel what is open; works while Temporal is away',
      status: 201,
      fails: [404],
      roles: REDUCERS,
      body: newHaltSchema,
      response: haltSchema,
      handle: ({ body }, caller) => service.set(body, caller.name),
    }),
    route({
      method: 'post',
      path: '/halts/{id}/resume',
      tag,
      summary: 'Lift a halt, with a reason',
      status: 200,
      fails: [404, 409],
      roles: RISK_OWNERS,
      params: z.object({ id: z.coerce.number().pipe(z.int().positive()) }),
      body: resumeSchema,
      response: haltSchema,
      handle: ({ params, body }, caller) => service.resume(params.id, body.reason, caller.name),
    }),
  ];
}
