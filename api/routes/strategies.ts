/** /strategies and /strategy-types */
import { z } from 'zod';
import { EVERYONE, REDUCERS, route, TRADERS, type Route } from '../route.ts';
import {
  newStrategySchema,
  pauseSchema,
  stopSchema,
  strategySchema,
  strategyTypeSchema,
} from '../schemas.ts';
import type { StrategyService } from '../services/strategy-service.ts';

const tag = 'strategies';
const byId = z.object({ id: z.string().min(1) });

export function strategyRoutes(service: StrategyService): readonly Route[] {
  return [
    route({
      method: 'get',
      path: '/strategy-types',
      tag,
      summary: 'The templates a strategy can be made of',
      status: 200,
      roles: EVERYONE,
      response: z.object({ types: z.array(strategyTypeSchema).readonly() }),
      handle: () => Promise.resolve({ types: service.types() }),
    }),
    route({
      method: 'get',
      path: '/strategies',
      tag,
      summary: 'All strategies',
      status: 200,
      roles: EVERYONE,
      response: z.object({ strategies: z.array(strategySchema).readonly() }),
      handle: async () => ({ strategies: await service.list() }),
    }),
    route({
      method: 'post',
      path: '/strategies',
      tag,
      summary: 'Create a strategy; it does not start by itself',
      status: 201,
      fails: [409],
      roles: TRADERS,
      body: newStrategySchema,
      response: strategySchema,
      handle: ({ body }, caller) => service.create(body, caller.name),
    }),
    route({
      method: 'get',
      path: '/strategies/{id}',
      tag,
      summary: 'One strategy',
      status: 200,
      fails: [404],
      roles: EVERYONE,
      params: byId,
      response: strategySchema,
      handle: ({ params }) => service.get(params.id),
    }),
    route({
      method: 'post',
      path: '/strategies/{id}/start',
      tag,
      summary: 'Start a new run: its workflow begins',
      status: 202,
      fails: [404, 409, 503],
      roles: TRADERS,
      params: byId,
      response: strategySchema,
      handle: ({ params }, caller) => service.start(params.id, caller.name),
    }),
    route({
      method: 'post',
      path: '/strategies/{id}/stop',
      tag,
      summary: 'Stop the run: its orders are cancelled, its positions stay or are closed',
      status: 202,
      fails: [404, 409, 503],
      roles: REDUCERS,
      params: byId,
      body: stopSchema,
      response: strategySchema,
      handle: ({ params, body }, caller) => service.stop(params.id, body, caller.name),
    }),
    route({
      method: 'post',
      path: '/strategies/{id}/pause',
      tag,
      summary: 'Open nothing more: entries are denied and cancelled, exits go on',
      status: 200,
      fails: [404, 409, 503],
      roles: REDUCERS,
      params: byId,
      body: pauseSchema,
      response: strategySchema,
      handle: ({ params, body }, caller) => service.pause(params.id, body, caller.name),
    }),
    route({
      method: 'post',
      path: '/strategies/{id}/resume',
      tag,
      summary: 'Let a paused strategy open positions again',
      status: 200,
      fails: [404, 409, 503],
      roles: TRADERS,
      params: byId,
      body: pauseSchema,
      response: strategySchema,
      handle: ({ params, body }, caller) => service.resume(params.id, body, caller.name),
    }),
  ];
}
