/** /orders/decisions: what was decided on orders and by which inputs, to be decided again. */
import { z } from 'zod';
import type { DecisionRepository } from '../../adapters/decision-repository.ts';
import type { RecordedAdmission } from '../../core/decision.ts';
import type { RiskReport } from '../../core/risk/rule.ts';
import type { Signal } from '../../core/signal.ts';
import { timestamp } from '../../core/time.ts';
import { pageOf } from '../paging.ts';
import { EVERYONE, route, type Route } from '../route.ts';

/** As the code of its day wrote them: whoever decides again finds out what still fits. */
const signal: z.ZodType<Signal> = z.any();
const admission: z.ZodType<RecordedAdmission | null> = z.any();
const risk: z.ZodType<RiskReport | null> = z.any();

export const decisionPageSchema = z
  .object({
    decisions: z
      .array(
        z.object({
          orderId: z.string(),
          strategyId: z.string(),
          symbol: z.string(),
          decidedAt: timestamp,
          signal: signal.meta({ description: 'As it came from the strategy or a person' }),
          admission: admission.meta({ description: 'Inputs and verdict of admission' }),
          risk: risk.meta({ description: 'Inputs, rule versions and verdicts of the risk rules' }),
        }),
      )
      .readonly(),
    next: z.string().nullable(),
  })
  .meta({ id: 'DecisionPage' });

const whole = z.coerce.number().pipe(z.int());

/** Mounted before /orders/{id}, which would take it for an order. */
export function decisionRoutes(repository: DecisionRepository): readonly Route[] {
  return [
    route({
      method: 'get',
      path: '/orders/decisions',
      tag: 'orders',
      summary: 'What was decided on orders, with the inputs, oldest first',
      status: 200,
      fails: [404],
      roles: EVERYONE,
      query: z.strictObject({
        since: whole.meta({ description: 'ms UTC by the wall clock, inclusive' }),
        until: whole.default(Number.MAX_SAFE_INTEGER),
        limit: whole.pipe(z.int().min(1).max(500)).default(200),
        after: z.string().min(1).optional().meta({ description: '`next` of the page before' }),
      }),
      response: decisionPageSchema,
      async handle({ query: { limit, ...asked } }) {
        const { rows, next } = await pageOf(
          limit,
          (most) => repository.list({ ...asked, limit: most }),
          ({ orderId }) => orderId,
        );
        return { decisions: rows, next };
      },
    }),
  ];
}
