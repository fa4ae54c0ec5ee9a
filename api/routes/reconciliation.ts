/** /reconciliation */
import { z } from 'zod';
import type { Role } from '../../adapters/repositories.ts';
import { EVERYONE, REDUCERS, route, type Route } from '../route.ts';
import {
  findingSchema,
  reconciliationQuerySchema,
  reconciliationSchema,
  resolveFindingSchema,
} from '../schemas.ts';
import type { ReconciliationService } from '../services/reconciliation-service.ts';

const tag = 'reconciliation';
/** Who may say that a difference is explained. */
const JUDGES: readonly Role[] = ['risk', 'admin'];
const account = z.strictObject({ accountId: z.string().min(1) });

export function reconciliationRoutes(service: ReconciliationService): readonly Route[] {
  return [
    route({
      method: 'get',
      path: '/reconciliation',
      tag,
      summary:
        'When each account was last held against its venue, and what did not agree, newest first, a page at a time',
      status: 200,
      roles: EVERYONE,
      query: reconciliationQuerySchema,
      response: reconciliationSchema,
      handle: ({ query }) => service.show(query),
    }),
    route({
      method: 'post',
      path: '/reconciliation',
      tag,
      summary: 'Reconcile an account now, beside its schedule',
      status: 202,
      fails: [404, 503],
      roles: REDUCERS,
      body: account,
      response: account,
      handle: async ({ body }, caller) => {
        await service.run(body.accountId, caller.name);
        return body;
      },
    }),
    route({
      method: 'post',
      path: '/reconciliation/findings/{id}/resolve',
      tag,
      summary: 'Close a finding with what was found; a balance can be booked as a transfer',
      status: 200,
      fails: [404, 409],
      roles: JUDGES,
      params: z.object({ id: z.coerce.number().pipe(z.int().positive()) }),
      body: resolveFindingSchema,
      response: findingSchema,
      handle: ({ params, body }, caller) => service.resolve(params.id, caller.name, body),
    }),
  ];
}
