/** /builds: which builds of the workers there are, and which one new workflows go to. */
import { z } from 'zod';
import { ADMINS, EVERYONE, route, type Route } from '../route.ts';
import type { BuildService } from '../services/build-service.ts';

const tag = 'builds';

export const buildsSchema = z
  .object({
    deployment: z.string(),
    builds: z
      .array(
        z.object({
          buildId: z.string(),
          status: z.enum(['inactive', 'current', 'ramping', 'draining', 'drained', 'unknown']),
          createdAt: z.int().meta({ description: 'When its workers were first seen' }),
        }),
      )
      .readonly(),
  })
  .meta({ id: 'Builds' });

export function buildRoutes(service: BuildService): readonly Route[] {
  return [
    route({
      method: 'get',
      path: '/builds',
      tag,
      summary: 'Builds of the workers, newest first; a drained one may be stopped',
      status: 200,
      fails: [503],
      roles: EVERYONE,
      response: buildsSchema,
      handle: () => service.list(),
    }),
    route({
      method: 'post',
      path: '/builds/current',
      tag,
      summary: 'Send new workflows to a build; those under way stay where they began',
      status: 200,
      fails: [409, 503],
      roles: ADMINS,
      body: z.strictObject({ buildId: z.string().min(1) }),
      response: buildsSchema,
      handle: ({ body }, caller) => service.makeCurrent(body.buildId, caller.name),
    }),
  ];
}
