/** What the API takes and gives, one zod schema each. The OpenAPI document is made from them. */
import { z } from 'zod';
import type { Json } from '../core/json.ts';
import { failurePolicy } from '../core/failure-policy.ts';
import { fillSchema } from '../core/fill.ts';
import { decimalString, nonNegativeDecimal, positiveDecimal } from '../core/decimal-strings.ts';
import { orderStatus, orderViewSchema } from '../core/order.ts';
import { guardEnding, guardState } from '../core/guard.ts';
import { stopSpec } from '../core/stops.ts';
import { positionSchema } from '../core/position.ts';
import { findingKind } from '../core/reconciliation.ts';
import { symbol } from '../core/symbol.ts';
import { timestamp } from '../core/time.ts';
import { roleSchema } from './auth.ts';

const strategyId = z
  .string()
  .regex(
    /^[a-z0-9][a-z0-9-]{0,62}$/,
    'expected 1 to 63 lower-case letters, digits and dashes, such as sma-btc',
  );

/** Any value: it came as JSON. (`z.json()` is recursive, which the OpenAPI generator cannot follow.) */
const json: z.ZodType<Json> = z.any();
const quotaSchema = z.strictObject({
  allocation: positiveDecimal.meta({ description: 'Quote the strategy may work with' }),
  maxPosition: positiveDecimal
    .nullable()
    .default(null)
    .meta({ description: 'Largest position per symbol, in base' }),
  maxOrderNotional: positiveDecimal
    .nullable()
    .default(null)
    .meta({ description: 'Largest single order, in quote' }),
  maxOrdersPerDay: z.int().positive().nullable().default(null),
  approvalNotional: positiveDecimal.nullable().default(null).meta({
    description: 'A larger order, in quote, waits for a person; null: the configured limit',
  }),
});

export const newStrategySchema = z
  .strictObject({
    id: strategyId.optional().meta({ description: 'Made from the type where absent' }),
    name: z.string().min(1).max(100).optional(),
    type: z.string().min(1).meta({ description: 'One of GET /strategy-types' }),
    accountId: z.string().min(1),
    config: z.record(z.string(), json).default({}),
    quota: quotaSchema,
    failurePolicy: failurePolicy
      .default({ onFailure: 'stop' })
      .meta({ description: 'What becomes of it when its own code fails' }),
  })
  .meta({ id: 'NewStrategy' });
export type NewStrategyBody = z.infer<typeof newStrategySchema>;

export const strategySchema = z
  .object({
    id: z.string(),
    name: z.string(),
    type: z.string(),
    accountId: z.string(),
    exchange: z.string(),
    config: z.record(z.string(), json).readonly(),
    status: z.enum(['created', 'running', 'paused', 'stopping', 'stopped', 'failed']),
    statusReason: z.string().nullable(),
    runId: z.string().nullable(),
    failurePolicy,
    quota: z.object({
      allocation: nonNegativeDecimal,
      maxPosition: decimalString.nullable(),
      maxOrderNotional: decimalString.nullable(),
      maxOrdersPerDay: z.int().nullable(),
      approvalNotional: decimalString.nullable(),
    }),
    createdBy: z.string(),
    createdAt: timestamp,
    updatedAt: timestamp,
    workflowUrl: z.string().meta({ description: 'Its workflow in the Temporal web UI' }),
  })
  .meta({ id: 'Strategy' });
export type StrategyBody = z.infer<typeof strategySchema>;

const why = z.string().min(1).max(500);

export const stopSchema = z
  .strictObject({
    reason: why.optional(),
    flatten: z
      .boolean()
      .default(false)
      .meta({ description: 'Close its positions at the market before the run ends' }),
  })
  .meta({ id: 'StopStrategy' });
export type StopBody = z.infer<typeof stopSchema>;

export const pauseSchema = z.strictObject({ reason: why.optional() }).meta({ id: 'Pause' });
export type PauseBody = z.infer<typeof pauseSchema>;

export const newHaltSchema = z
  .strictObject({
    scope: z.enum(['all', 'strategy', 'exchange', 'symbol']),
    target: z
      .string()
      .default('')
      .meta({ description: 'Strategy id, exchange or symbol; none for scope `all`' }),
    reason: why,
    flatten: z
      .boolean()
      .default(false)
      .meta({ description: 'Close the positions it covers at the market as well' }),
  })
  .refine(({ scope, target }) => (scope === 'all') === (target === ''), {
    error: 'scope `all` takes no target, every other scope needs one',
    path: ['target'],
  })
  .meta({ id: 'NewHalt' });
export type NewHaltBody = z.infer<typeof newHaltSchema>;

export const resumeSchema = z
  .strictObject({ reason: why.meta({ description: 'Why it is safe to trade again' }) })
  .meta({ id: 'Resume' });

export const haltSchema = z
  .object({
    id: z.int(),
    scope: z.enum(['all', 'strategy', 'exchange', 'symbol']),
    target: z.string(),
    reason: z.string(),
    setBy: z.string(),
    setAt: timestamp.meta({ description: 'Wall milliseconds' }),
    flatten: z.boolean(),
    cleanedAt: timestamp
      .nullable()
      .meta({ description: 'When nothing it stops was open any more; null before' }),
    liftedBy: z.string().nullable(),
    liftedAt: timestamp.nullable(),
    liftReason: z.string().nullable(),
    workflowUrl: z.string().meta({ description: 'Its cleaning up in the Temporal web UI' }),
  })
  .meta({ id: 'Halt' });
export type HaltBody = z.infer<typeof haltSchema>;

export const strategyTypeSchema = z
  .object({
    type: z.string(),
    summary: z.string(),
    configSchema: z
      .record(z.string(), z.unknown())
      .readonly()
      .meta({ description: 'JSON Schema of the configuration, with ranges and defaults' }),
  })
  .meta({ id: 'StrategyType' });

export const orderSchema = orderViewSchema.meta({ id: 'Order' });

export const orderDetailSchema = z
  .object({
    order: orderSchema,
    events: z.array(z.object({ version: z.int(), status: orderStatus, at: timestamp })).readonly(),
    fills: z.array(fillSchema.meta({ id: 'Fill' })).readonly(),
    workflowUrl: z.string(),
  })
  .meta({ id: 'OrderDetail' });
export type OrderDetail = z.infer<typeof orderDetailSchema>;

/** Rows of a list at once. */
const pageLimit = z.coerce.number().pipe(z.int().min(1).max(500)).default(50);
const NEXT = { description: '`next` of the page before' };
/** Rows that are numbered. */
const numberedPage = {
  limit: pageLimit,
  after: z.coerce.number().pipe(z.int().positive()).optional().meta(NEXT),
};
/** Rows that people or we have given an id. */
const namedPage = {
  limit: pageLimit,
  after: z.string().min(1).optional().meta(NEXT),
};
export const next = z
  .string()
  .nullable()
  .meta({ description: 'For `after`; null on the last page' });

/** A query string's `true` or `false`. */
const flag = z.enum(['true', 'false']).transform((value) => value === 'true');

export const haltQuerySchema = z.strictObject(numberedPage);
export type HaltPageQuery = z.infer<typeof haltQuerySchema>;
export const haltPageSchema = z
  .object({ halts: z.array(haltSchema).readonly(), next })
  .meta({ id: 'HaltPage' });

export const orderQuerySchema = z.strictObject({
  strategyId: z.string().min(1).optional(),
  status: orderStatus.optional(),
  symbol: symbol.optional(),
  open: flag.optional().meta({ description: '`true`: only orders that are not final' }),
  ...namedPage,
});
export type OrderQueryInput = z.infer<typeof orderQuerySchema>;

export const studyQuerySchema = z.strictObject(namedPage);
export type StudyPageQuery = z.infer<typeof studyQuerySchema>;

export const decisionSchema = z
  .strictObject({
    note: z.string().min(1).max(500).optional().meta({ description: 'Why, for the record' }),
  })
  .meta({ id: 'Decision' });

export const orderPageSchema = z
  .object({ orders: z.array(orderSchema).readonly(), next })
  .meta({ id: 'OrderPage' });

export const positionRecordSchema = positionSchema
  .extend({
    strategyId: z.string(),
    accountId: z.string(),
    exchange: z.string(),
    updatedAt: timestamp,
  })
  .meta({ id: 'Position' });

export const balanceSchema = z
  .object({
    accountId: z.string(),
    asset: z.string(),
    total: decimalString,
    reserved: decimalString,
    updatedAt: timestamp,
  })
  .meta({ id: 'Balance' });

const money = {
  equity: decimalString,
  realisedPnl: decimalString,
  unrealisedPnl: decimalString,
};

export const pnlSchema = z
  .object({
    strategies: z
      .array(
        z.object({
          strategyId: z.string(),
          name: z.string(),
          at: timestamp
            .nullable()
            .meta({ description: 'Market time of the newest mark; null before the first' }),
          ...money,
          cash: decimalString,
          positionValue: decimalString,
          utilisation: decimalString,
          trades: z.int().meta({ description: 'Closed round trips' }),
        }),
      )
      .readonly(),
    total: z.object(money),
  })
  .meta({ id: 'Pnl' });
export type Pnl = z.infer<typeof pnlSchema>;

export const findingSchema = z
  .object({
    id: z.int(),
    accountId: z.string(),
    exchange: z.string(),
    kind: findingKind,
    subject: z.string().meta({ description: 'Client order id, trade, asset or symbol' }),
    symbol: z.string().nullable(),
    message: z.string(),
    off: decimalString.nullable().meta({ description: 'Venue less our books' }),
    state: z.enum(['open', 'resolved']),
    firstSeenAt: timestamp,
    lastSeenAt: timestamp,
    resolvedAt: timestamp.nullable(),
    resolvedBy: z.string().nullable(),
    resolution: z.string().nullable(),
  })
  .meta({ id: 'Finding' });

export const reconciliationSchema = z
  .object({
    accounts: z
      .array(
        z.object({
          accountId: z.string(),
          exchange: z.string(),
          lastRunAt: timestamp.nullable().meta({ description: 'Wall time; null before the first' }),
          openFindings: z.int().meta({ description: 'All of them, whatever `findings` holds' }),
          workflowUrl: z.string(),
        }),
      )
      .readonly(),
    findings: z.array(findingSchema).readonly(),
    next,
  })
  .meta({ id: 'Reconciliation' });
export type ReconciliationBody = z.infer<typeof reconciliationSchema>;

export const reconciliationQuerySchema = z.strictObject({
  accountId: z.string().min(1).optional(),
  state: z.enum(['open', 'resolved']).optional(),
  ...numberedPage,
});
export type ReconciliationQuery = z.infer<typeof reconciliationQuerySchema>;

export const resolveFindingSchema = z
  .strictObject({
    reason: z
      .string()
      .trim()
      .min(3)
      .max(500)
      .meta({ description: 'What was found, for the record' }),
    book: z.boolean().default(false).meta({
      description: 'A balance that is off: book the difference to the account as a transfer',
    }),
  })
  .meta({ id: 'ResolveFinding' });

export const closeSchema = z
  .strictObject({
    strategyId: z.string().min(1),
    symbol,
    requestId: z.uuid().optional().meta({
      description: 'Send the same one again to repeat a request safely; made where absent',
    }),
  })
  .meta({ id: 'ClosePosition' });
export type CloseBody = z.infer<typeof closeSchema>;

export const closeAnswerSchema = z.object({
  signalId: z.string().meta({ description: 'Also the order id and the workflow id' }),
  requestId: z.string(),
  workflowUrl: z.string(),
});

export const amendSchema = z
  .strictObject({
    quantity: positiveDecimal
      .optional()
      .meta({ description: 'The whole quantity in base, what is filled included' }),
    limitPrice: positiveDecimal.optional(),
    requestId: z.uuid().optional().meta({
      description: 'Send the same one again to repeat a request safely; made where absent',
    }),
  })
  .meta({ id: 'AmendOrder' });
export type AmendBody = z.infer<typeof amendSchema>;

export const amendAnswerSchema = z.object({
  newOrderId: z
    .string()
    .meta({ description: 'Takes the place of the order, if it leaves a remainder' }),
  requestId: z.string(),
  workflowUrl: z.string(),
});
export type AmendAnswer = z.infer<typeof amendAnswerSchema>;

export const guardQuerySchema = z.strictObject({
  live: flag.default(true).meta({ description: '`false`: those that have ended too' }),
  limit: pageLimit,
  after: z
    .string()
    .regex(/^.+ \S+$/, 'is not `next` of a page of guards')
    .optional()
    .meta(NEXT),
});
export type GuardPageQuery = z.infer<typeof guardQuerySchema>;

export const guardSchema = z
  .object({
    strategyId: z.string(),
    symbol,
    state: guardState,
    ending: guardEnding.nullable(),
    held: decimalString.meta({ description: 'Signed, in base' }),
    stop: decimalString.nullable(),
    takeProfit: decimalString.nullable(),
    spec: stopSpec,
    orderId: z.string().nullable().meta({ description: 'Its order in hand, such as the stop' }),
    reason: z.string().nullable(),
    setBy: z.string(),
    updatedAt: timestamp,
    workflowUrl: z.string(),
  })
  .meta({ id: 'Guard' });
export type GuardBody = z.infer<typeof guardSchema>;

export const guardPageSchema = z
  .object({ guards: z.array(guardSchema).readonly(), next })
  .meta({ id: 'GuardPage' });

export const setGuardSchema = z
  .strictObject({ strategyId: z.string().min(1), symbol, stops: stopSpec })
  .meta({ id: 'SetGuard' });
export type SetGuardBody = z.infer<typeof setGuardSchema>;

export const clearGuardSchema = z
  .strictObject({ strategyId: z.string().min(1), symbol, reason: why })
  .meta({ id: 'ClearGuard' });
export type ClearGuardBody = z.infer<typeof clearGuardSchema>;

export const loginSchema = z
  .strictObject({ name: z.string().min(1).max(100), password: z.string().min(1).max(200) })
  .meta({ id: 'Login' });
export const loginAnswerSchema = z.object({
  token: z.string(),
  name: z.string(),
  role: roleSchema,
});

const check = z.object({ ok: z.boolean(), detail: z.string() });
export const readySchema = z
  .object({ ready: z.boolean(), checks: z.record(z.string(), check) })
  .meta({ id: 'Ready' });
export type Ready = z.infer<typeof readySchema>;
