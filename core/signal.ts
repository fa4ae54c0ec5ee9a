/**
 * A signal: what a strategy (or a person) wants, never how it is sent. It states a target position, or a
 * plain order. Its id names it for ever: one signal, one `orderWorkflow`, one intent row.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import { z } from 'zod';
import { executionPlan, type ExecutionKind } from './execution/plan.ts';
import { side } from './fill.ts';
import { decimalString, positiveDecimal } from './decimal-strings.ts';
import { hasLimit, hasTrigger, ORDER_TYPES } from './order-type.ts';
import { stopSpec } from './stops.ts';
import { symbol } from './symbol.ts';
import { timestamp } from './time.ts';

export const orderType = z.enum(ORDER_TYPES);
export type OrderType = z.infer<typeof orderType>;

/**
 * How long a limit order works: `gtc`, the default, until it is filled or cancelled; `ioc` trades at once what it
 * can, and the rest expires; `fok` trades whole at once or not at all; `post-only` rests, and is refused where it
 * would trade at once. Good till a time is `timeoutMs`.
 */
export const timeInForce = z.enum(['gtc', 'ioc', 'fok', 'post-only']);
export type TimeInForce = z.infer<typeof timeInForce>;

/**
 * Who wants it. Guards, flattens and persons may close a position while trading is halted. `venue` is no one's
 * wish: an order that the venue made itself, booked afterwards.
 */
export const signalSource = z.strictObject({
  kind: z.enum(['strategy', 'person', 'guard', 'flatten', 'venue']),
  /** The strategy's id, the person's user name, or the venue's cause (`liquidation`, `adl`). */
  name: z.string().min(1),
});
export type SignalSource = Readonly<z.infer<typeof signalSource>>;

const wanted = z.discriminatedUnion('kind', [
  /** Signed quantity in base the strategy wants to hold; `"0"` is flat, negative is short. */
  z.strictObject({ kind: z.literal('target'), quantity: decimalString }),
  z.strictObject({ kind: z.literal('order'), side, quantity: positiveDecimal }),
]);

export const EXECUTION_TYPES =
  'chase and iceberg work limit orders, twap, best-venue and split market or limit orders';
export const TIME_IN_FORCE_TYPES =
  'ioc, fok and post-only are of limit orders without an execution plan';

export const signalSchema = z
  .strictObject({
    id: z.string().regex(/^[0-9a-f]{24}$/, 'expected 24 hex digits'),
    strategyId: z.string().min(1),
    /** The strategy's template, such as `sma-cross`; names the topic. */
    strategyType: z.string().min(1),
    /** New each time a person starts the instance. */
    runId: z.string().min(1),
    source: signalSource,
    accountId: z.string().min(1),
    exchange: z.string().min(1),
    symbol,
    /** Counts up per run and symbol, from 1. */
    sequence: z.int().positive(),
    /** `closeAt` of the bar that caused it, or the moment a person asked: market time. */
    eventTime: timestamp,
    /** Market time up to which an entry may still be sent. Exits never expire. */
    validUntil: timestamp,
    wanted,
    type: orderType,
    /** Required for, and only for, limit and stop-limit orders. */
    limitPrice: positiveDecimal.optional(),
    /** Required for, and only for, stop and stop-limit orders: the trigger, in quote. */
    stopPrice: positiveDecimal.optional(),
    /** Of limit orders; `gtc` where absent. */
    timeInForce: timeInForce.optional(),
    /** How the order is worked; absent: as one leg of its type. */
    execution: executionPlan.optional(),
    /** Guards of the position that an entry opens or grows. */
    stops: stopSpec.optional(),
    /** Market milliseconds a resting order may live; then it is cancelled. */
    timeoutMs: z.int().positive().optional(),
    /** The last close, by which the size was reckoned. */
    referencePrice: positiveDecimal,
    /** Why, for people: `golden-cross`, `take-profit`. */
    tag: z.string().max(64),
  })
  .refine((signal) => hasLimit(signal.type) === (signal.limitPrice !== undefined), {
    error: 'a limit or stop-limit signal needs limitPrice, another one must not have it',
    path: ['limitPrice'],
  })
  .refine((signal) => hasTrigger(signal.type) === (signal.stopPrice !== undefined), {
    error: 'a stop or stop-limit signal needs stopPrice, another one must not have it',
    path: ['stopPrice'],
  })
  .refine(({ execution, type }) => execution === undefined || executionFits(execution.kind, type), {
    error: EXECUTION_TYPES,
    path: ['execution'],
  })
  .refine(timeInForceFits, { error: TIME_IN_FORCE_TYPES, path: ['timeInForce'] });

/** Whether orders of that type may be worked so. */
export function executionFits(kind: ExecutionKind, type: OrderType): boolean {
  return type === 'limit' || (type === 'market' && kind !== 'chase' && kind !== 'iceberg');
}

/** Whether an order may work so long. */
export function timeInForceFits(order: {
  readonly type: OrderType;
  readonly timeInForce?: TimeInForce | undefined;
  readonly execution?: unknown;
}): boolean {
  const { timeInForce: given = 'gtc', type, execution } = order;
  return given === 'gtc' || (type === 'limit' && execution === undefined);
}

/** The type of an order by the prices it states. */
export function orderTypeOf({
  limitPrice,
  stopPrice,
}: {
  readonly limitPrice?: unknown;
  readonly stopPrice?: unknown;
}): OrderType {
  if (limitPrice === undefined) return stopPrice === undefined ? 'market' : 'stop';
  return stopPrice === undefined ? 'limit' : 'stop-limit';
}

export type Signal = Readonly<z.infer<typeof signalSchema>>;

/**
 * The stable id of a signal. What it asks for is not in it, so a bar that is delivered again can never make
 * a second signal.
 */
export function signalId(
  key: Readonly<Pick<Signal, 'runId' | 'symbol' | 'eventTime' | 'sequence'>>,
): string {
  const text = [key.runId, key.symbol, key.eventTime, key.sequence].join('|');
  return bytesToHex(sha256(utf8ToBytes(text))).slice(0, 24);
}

/** The first letters of every client order id that Keel made. Orders without it are never touched. */
export const CLIENT_ORDER_ID_PREFIX = 'keel';

/**
 * The client order id of a leg: 30 lower-case letters and digits, within Binance's 36 and OKX's 32.
 * Throws `RangeError` for a leg number outside 1..1295.
 */
export function clientOrderId(orderId: string, legNumber: number): string {
  if (!Number.isInteger(legNumber) || legNumber < 1 || legNumber > 1295) {
    throw new RangeError(`leg number ${String(legNumber)} is not within 1..1295`);
  }
  return CLIENT_ORDER_ID_PREFIX + orderId + legNumber.toString(36).padStart(2, '0');
}

/** What a signal does, for its topic `signals.<strategy>.<action>`. */
export const signalAction = z.enum(['buy', 'sell', 'flat']);
export type SignalAction = z.infer<typeof signalAction>;

export function actionOf(signal: Pick<Signal, 'wanted'>): SignalAction {
  if (signal.wanted.kind === 'order') return signal.wanted.side;
  if (!/[1-9]/.test(signal.wanted.quantity)) return 'flat';
  return signal.wanted.quantity.startsWith('-') ? 'sell' : 'buy';
}
