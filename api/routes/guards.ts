/** /guards: the stops of positions */
import { EVERYONE, RISK_OWNERS, route, TRADERS, type Route } from '../route.ts';
import {
  clearGuardSchema,
  guardPageSchema,
  guardQuerySchema,
  guardSchema,
  setGuardSchema,
} from '../schemas.ts';
import type { GuardService } from '../services/guard-service.ts';

const tag = 'risk';

export function guardRoutes(service: GuardService): readonly Route[] {
  return [
    route({
      method: 'get',
      path: '/guards',
      tag,
      summary:
        'Guards of positions, a page at a time: their levels, the stop at the venue, how those ended that did',
      status: 200,
      roles: EVERYONE,
      query: guardQuerySchema,
      response: guardPageSchema,
      handle: ({ query }) => service.list(query),
    }),
    route({
      method: 'post',
      path: '/guards',
      tag,
      summary: 'Set or replace the stops of a position that is held',
      status: 202,
      fails: [404, 409, 503],
      roles: TRADERS,
      body: setGuardSchema,
      response: guardSchema,
      handle: ({ body }, caller) => service.set(body, caller.name),
    }),
    route({
      method: 'post',
      path: '/guards/clear',
      tag,
      summary: 'Take a position’s stops away: it is held without any from then on',
      status: 202,
      fails: [404, 409, 503],
      roles: RISK_OWNERS,
      body: clearGuardSchema,
      response: guardSchema,
      handle: ({ body }, caller) => service.clear(body, caller.name),
    }),
  ];
}
