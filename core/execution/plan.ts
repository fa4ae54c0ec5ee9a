/**
 * How an order is worked at the venue, beyond sending it whole: stated by the signal, carried out by
 * `orderWorkflow` and its child workflows. An order without a plan is one leg of the signal's type.
 *
 * Chase and TWAP follow the wall clock's timers, so they are outside the parity of live and backtest.
 */
import { z } from 'zod';
import { positiveDecimal } from '../decimal-strings.ts';

const accounts = z
  .array(z.string().min(1))
  .min(2)
  .max(10)
  .refine((ids) => new Set(ids).size === ids.length, { error: 'each account once' })
  .readonly();

/** Limit with chase: a limit order that is replaced nearer to the market while it rests. */
const chase = z.strictObject({
  kind: z.literal('chase'),
  /** Legs sent at most, the first included. */
  maxAttempts: z.int().min(1).max(50),
  /** Wall milliseconds a leg may rest before it is cancelled, verified, and its remainder placed anew. */
  repriceAfterMs: z.int().min(100),
  /** In quote: a buy is never placed above it, a sell never below. */
  priceLimit: positiveDecimal,
});

/** Time-weighted: the quantity in equal slices over a span. */
const twap = z.strictObject({
  kind: z.literal('twap'),
  /** Wall milliseconds from the first slice's slot to the end of the last one's. */
  durationMs: z.int().min(1_000),
  slices: z.int().min(2).max(500),
  /** Fraction of its slot by which a slice may be late; drawn from the signal's id, so it is the same on replay. */
  jitter: z.number().min(0).max(1).default(0),
  /**
   * What becomes of slices that an outage made late: `spread` shares them among the slots left, `burst` sends
   * them as one at once, `skip` leaves them unfilled.
   */
  catchUp: z.enum(['spread', 'burst', 'skip']).default('spread'),
});

/** Shows the book a part of a limit order at a time. */
const iceberg = z.strictObject({
  kind: z.literal('iceberg'),
  /** Base. */
  displayQuantity: positiveDecimal,
});

/** The whole order on the account whose book and fees fill it best. */
const bestVenue = z.strictObject({ kind: z.literal('best-venue'), accounts });

/** The order shared among accounts by the depth of their books and their fees. */
const split = z.strictObject({ kind: z.literal('split'), accounts });

export const executionPlan = z.discriminatedUnion('kind', [chase, twap, iceberg, bestVenue, split]);
export type ExecutionPlan = Readonly<z.infer<typeof executionPlan>>;
/** As it may be written: what has a default may be left out. */
export type ExecutionPlanInput = Readonly<z.input<typeof executionPlan>>;
export type ExecutionKind = ExecutionPlan['kind'];

/** How long after its first leg a plan still sends others: an entry must stay valid as long. Milliseconds. */
export function sendsForMs(plan: ExecutionPlanInput | undefined): number {
  if (plan?.kind === 'chase') return (plan.maxAttempts - 1) * plan.repriceAfterMs;
  return plan?.kind === 'twap' ? plan.durationMs : 0;
}

/** The accounts a plan shares its order among; none for a plan that works it on the strategy's own. */
export function accountsOf(plan: ExecutionPlan | undefined): readonly string[] {
  return plan !== undefined && 'accounts' in plan ? plan.accounts : [];
}
