/** /workflows: what a workflow did, event by event, to be replayed later. */
import { z } from 'zod';
import { historyJsonSchema } from '../../adapters/temporal/history-json.ts';
import type { Workflows } from '../../adapters/temporal/workflows.ts';
import { REDUCERS, route, type Route } from '../route.ts';

/** For the same people as the codec endpoint: a history holds all that an order knew. */
export function workflowRoutes(workflows: Pick<Workflows, 'history'>): readonly Route[] {
  return [
    route({
      method: 'get',
      path: '/workflows/{id}/history',
      tag: 'workflows',
      summary: "A workflow's history, decrypted; of its newest run unless `run` names another",
      status: 200,
      fails: [404, 503],
      roles: REDUCERS,
      params: z.object({ id: z.string().min(1) }),
      query: z.strictObject({ run: z.string().min(1).optional() }),
      response: historyJsonSchema.meta({ id: 'History' }),
      handle: ({ params, query }) => workflows.history(params.id, query.run),
    }),
  ];
}
