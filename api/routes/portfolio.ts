/** /positions, /balances, /pnl */
import { z } from 'zod';
import { EVERYONE, REDUCERS, route, type Route } from '../route.ts';
import {
  balanceSchema,
  closeAnswerSchema,
  closeSchema,
  pnlSchema,
  positionRecordSchema,
} from '../schemas.ts';
import type { CloseService } from '../services/close-service.ts';
import type { PortfolioService } from '../services/portfolio-service.ts';

const tag = 'portfolio';

export function portfolioRoutes(
  portfolio: PortfolioService,
  closing: CloseService,
): readonly Route[] {
  return [
    route({
      method: 'get',
      path: '/positions',
      tag,
      summary: 'What each strategy holds',
      status: 200,
      roles: EVERYONE,
      query: z.strictObject({ strategyId: z.string().min(1).optional() }),
      response: z.object({ positions: z.array(positionRecordSchema).readonly() }),
      handle: async ({ query }) => ({ positions: await portfolio.positions(query.strategyId) }),
    }),
    route({
      method: 'post',
      path: '/positions/close',
      tag,
      summary: 'Close a position: a signal to be flat, in the name of who asks',
      status: 202,
      fails: [404, 409, 503],
      roles: REDUCERS,
      body: closeSchema,
      response: closeAnswerSchema,
      handle: ({ body }, caller) => closing.close(body, caller.name),
    }),
    route({
      method: 'get',
      path: '/balances',
      tag,
      summary: 'What each account holds, and how much of it orders have reserved',
      status: 200,
      roles: EVERYONE,
      query: z.strictObject({ accountId: z.string().min(1).optional() }),
      response: z.object({ balances: z.array(balanceSchema).readonly() }),
      handle: async ({ query }) => ({ balances: await portfolio.balances(query.accountId) }),
    }),
    route({
      method: 'get',
      path: '/pnl',
      tag,
      summary: 'Equity, realised and unrealised profit and loss, by strategy and in total',
      status: 200,
      roles: EVERYONE,
      response: pnlSchema,
      handle: () => portfolio.pnl(),
    }),
  ];
}
