/** What a person gives to place an order, and what comes back. */
import { z } from 'zod';
import { executionPlan } from '../core/execution/plan.ts';
import { side } from '../core/fill.ts';
import { positiveDecimal } from '../core/decimal-strings.ts';
import {
  EXECUTION_TYPES,
  executionFits,
  orderTypeOf,
  TIME_IN_FORCE_TYPES,
  timeInForce,
  timeInForceFits,
} from '../core/signal.ts';
import { stopSpec } from '../core/stops.ts';
import { symbol } from '../core/symbol.ts';
import { intervalMs } from '../core/time.ts';

export const newOrderSchema = z
  .strictObject({
    strategyId: z.string().min(1).meta({ description: 'In whose books, funds and limits it is' }),
    symbol,
    side,
    quantity: positiveDecimal.meta({ description: 'Base' }),
    limitPrice: positiveDecimal
      .optional()
      .meta({ description: 'Makes it a limit order; without a price it is a market order' }),
    stopPrice: positiveDecimal.optional().meta({
      description:
        'Makes it a stop order: at market once the price is reached; with limitPrice a stop-limit',
    }),
    timeInForce: timeInForce.optional().meta({
      description: 'How long a limit order works: gtc (default), ioc, fok or post-only',
    }),
    execution: executionPlan.optional().meta({ description: 'How it is worked; absent: as one' }),
    stops: stopSpec
      .optional()
      .meta({ description: 'Guards of the position that it opens or grows' }),
    timeoutMs: z
      .int()
      .positive()
      .optional()
      .meta({ description: 'Market milliseconds it may rest; then it is cancelled' }),
    validForMs: z.int().min(1_000).max(intervalMs('1d')).optional().meta({
      description:
        'Market milliseconds in which an entry may still be sent, its approval included; default a minute beyond what its plan spans',
    }),
    requestId: z.uuid().optional().meta({
      description: 'Send the same one again to repeat a request safely; made where absent',
    }),
  })
  .refine(
    (order) =>
      order.execution === undefined || executionFits(order.execution.kind, orderTypeOf(order)),
    { error: EXECUTION_TYPES, path: ['execution'] },
  )
  .refine((order) => timeInForceFits({ ...order, type: orderTypeOf(order) }), {
    error: TIME_IN_FORCE_TYPES,
    path: ['timeInForce'],
  })
  .meta({ id: 'NewOrder' });
export type NewOrderBody = z.infer<typeof newOrderSchema>;

export const newOrderAnswerSchema = z.object({
  orderId: z.string().meta({ description: 'Also the workflow id' }),
  requestId: z.string(),
  workflowUrl: z.string(),
});
export type NewOrderAnswer = z.infer<typeof newOrderAnswerSchema>;
