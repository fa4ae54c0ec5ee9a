/**
 * The shapes of an order. An **intent** is ours: one per signal. A **leg** is one venue order that serves
 * it. `intent-machine.ts` and `leg-machine.ts` say which moves they may take.
 */
import { z } from 'zod';
import { side } from './fill.ts';
import { decimalString, nonNegativeDecimal, positiveDecimal } from './decimal-strings.ts';
import { orderType, signalSource } from './signal.ts';
import { symbol } from './symbol.ts';
import { timestamp } from './time.ts';

export const intentState = z.enum([
  'pending',
  'admitted',
  'awaiting_approval',
  'working',
  'done',
  'denied',
  'expired',
  'superseded',
  'failed',
]);
export type IntentState = z.infer<typeof intentState>;

export const legState = z.enum([
  'submitting',
  'open',
  'partially_filled',
  'filled',
  'cancelled',
  'expired',
  'rejected',
  'cancel_pending',
  'amend_pending',
  'triggered',
  /** We do not know what the venue did. It is resolved, and never turned into `rejected`. */
  'unknown',
]);
export type LegState = z.infer<typeof legState>;

/**
 * What a person calls an order's state: the intent's, and while a leg works, or ended it, the leg's. Names
 * the topic `orders.<status>.<exchange>` and the search attribute KeelOrderStatus.
 */
export const orderStatus = z.enum([
  'pending',
  'admitted',
  'awaiting_approval',
  'submitting',
  'open',
  'partially_filled',
  'cancel_pending',
  'unknown',
  'filled',
  'cancelled',
  'rejected',
  'denied',
  'expired',
  'superseded',
  'failed',
  /** The target was already met: nothing was sent. */
  'unneeded',
]);
export type OrderStatus = z.infer<typeof orderStatus>;

const legViewSchema = z.strictObject({
  clientOrderId: z.string().min(1),
  legNumber: z.int().positive(),
  /** Where it trades; the order's own but for orders split across venues. */
  accountId: z.string().min(1),
  exchange: z.string().min(1),
  venueOrderId: z.string().nullable(),
  state: legState,
  quantity: positiveDecimal,
  price: positiveDecimal.nullable(),
  filledQuantity: nonNegativeDecimal,
  /** Quote paid or received so far, without fees. */
  filledQuote: nonNegativeDecimal,
  /** The venue's or our error code, where one explains the state. */
  errorCode: z.string().nullable(),
  errorMessage: z.string().nullable(),
});
export type LegView = Readonly<z.infer<typeof legViewSchema>>;

/** The whole of an order at one version: what every event carries, what API and strategies see. */
export const orderViewSchema = z.strictObject({
  orderId: z.string().min(1),
  version: z.int().nonnegative(),
  strategyId: z.string().min(1),
  strategyType: z.string().min(1),
  runId: z.string().min(1),
  source: signalSource,
  accountId: z.string().min(1),
  exchange: z.string().min(1),
  symbol,
  side,
  type: orderType,
  price: positiveDecimal.nullable(),
  quantity: nonNegativeDecimal,
  filledQuantity: nonNegativeDecimal,
  filledQuote: nonNegativeDecimal,
  /** Average fill price, null before the first fill. */
  averagePrice: positiveDecimal.nullable(),
  /** Fees so far, by asset, signed: positive is paid. */
  fees: z.record(z.string(), decimalString),
  /** True where the order can only make the strategy's position smaller: reckoned at admission, never claimed. */
  reducing: z.boolean(),
  state: intentState,
  status: orderStatus,
  /** Why it was denied, expired, rejected …; null while all is well. */
  reasonCode: z.string().nullable(),
  reason: z.string().nullable(),
  /** What a person decided about it, once one has. */
  approval: z
    .strictObject({
      verdict: z.enum(['approved', 'rejected']),
      by: z.string().min(1),
      /** Wall-clock milliseconds. */
      at: timestamp,
      note: z.string().nullable(),
    })
    .optional(),
  tag: z.string(),
  eventTime: timestamp,
  validUntil: timestamp,
  createdAt: timestamp,
  updatedAt: timestamp,
  legs: z.array(legViewSchema),
});
export type OrderView = Readonly<z.infer<typeof orderViewSchema>>;
