/** /orders */
import { z } from 'zod';
import { RISK_OWNERS, EVERYONE, REDUCERS, route, TRADERS, type Route } from '../route.ts';
import {
  amendAnswerSchema,
  amendSchema,
  decisionSchema,
  orderDetailSchema,
  orderPageSchema,
  orderQuerySchema,
  orderSchema,
} from '../schemas.ts';
import { newOrderAnswerSchema, newOrderSchema } from '../new-order-schema.ts';
import type { OrderService } from '../services/order-service.ts';
import type { PlaceService } from '../services/place-service.ts';

const tag = 'orders';
const byId = z.object({ id: z.string().min(1) });

export function orderRoutes(service: OrderService, placing: PlaceService): readonly Route[] {
  return [
    route({
      method: 'post',
      path: '/orders',
      tag,
      summary: "Place an order in a strategy's name; it answers before the order is admitted",
      status: 202,
      fails: [404, 409, 422, 503],
      roles: TRADERS,
      body: newOrderSchema,
      response: newOrderAnswerSchema,
      handle: ({ body }, caller) => placing.place(body, caller.name),
    }),
    route({
      method: 'get',
      path: '/orders',
      tag,
      summary: 'Orders, newest first, a page at a time',
      status: 200,
      roles: EVERYONE,
      query: orderQuerySchema,
      response: orderPageSchema,
      handle: ({ query }) => service.list(query),
    }),
    route({
      method: 'get',
      path: '/orders/{id}',
      tag,
      summary: 'One order with its events and fills, and a link to its workflow',
      status: 200,
      fails: [404],
      roles: EVERYONE,
      params: byId,
      response: orderDetailSchema,
      handle: ({ params }) => service.show(params.id),
    }),
    route({
      method: 'post',
      path: '/orders/{id}/amend',
      tag,
      summary:
        'Replace a resting limit order: cancelled, verified, its remainder placed at new terms, with its stops, execution plan and what is left of its time-out',
      status: 202,
      fails: [404, 409, 422, 503],
      roles: TRADERS,
      params: byId,
      body: amendSchema,
      response: amendAnswerSchema,
      handle: ({ params, body }, caller) => service.amend(params.id, body, caller.name),
    }),
    route({
      method: 'post',
      path: '/orders/{id}/cancel',
      tag,
      summary: 'Ask the order to cancel; it answers before the venue does',
      status: 202,
      fails: [404, 409, 503],
      roles: REDUCERS,
      params: byId,
      response: orderSchema,
      handle: ({ params }, caller) => service.cancel(params.id, caller.name),
    }),
    ...(['approve', 'reject'] as const).map((verb) =>
      route({
        method: 'post',
        path: `/orders/{id}/${verb}`,
        tag,
        summary: `${verb === 'approve' ? 'Approve' : 'Reject'} an order that waits for a person`,
        status: 200,
        fails: [404, 409, 503],
        roles: RISK_OWNERS,
        params: byId,
        body: decisionSchema,
        response: orderSchema,
        handle: ({ body, params }, { name: by, role }) =>
          service.decide(params.id, verb, {
            by,
            role,
            ...(body.note === undefined ? {} : { note: body.note }),
          }),
      }),
    ),
  ];
}
