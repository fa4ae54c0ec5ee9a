/**
 * The context a strategy is called with: what it sees, and how its wishes become requests. One object for a
 * whole run; the session sets its moment before each call.
 */
import { z } from 'zod';
import { KeelError } from '../core/errors.ts';
import { executionPlan, sendsForMs } from '../core/execution/plan.ts';
import type { Side } from '../core/fill.ts';
import type { Instrument } from '../core/instrument.ts';
import type { Json } from '../core/json.ts';
import { positiveDecimal } from '../core/decimal-strings.ts';
import { Decimal, decimal, plainNumber, toDecimalString } from '../core/money.ts';
import type { OrderView } from '../core/order.ts';
import {
  EXECUTION_TYPES,
  executionFits,
  orderTypeOf,
  type Signal,
  TIME_IN_FORCE_TYPES,
  timeInForce,
  timeInForceFits,
} from '../core/signal.ts';
import { stopSpec } from '../core/stops.ts';
import {
  type AuxValue,
  type BarColumns,
  type Context,
  type Feed,
  feedKey,
  type OrderOptions,
  type PositionView,
  type SignalId,
  type Size,
} from './base-strategy.ts';
import type { FeedBook } from './feed-book.ts';
import { quantityOf } from './sizing.ts';

/** Symbol → last close. */
export type Closes = Readonly<Record<string, number>>;

/** The strategy's standing as its context asks for it: live a snapshot of the store, in a backtest its books. */
export interface Account {
  position(symbol: string): PositionView;
  /** Orders that are not final. */
  open(symbol: string): readonly OrderView[];
  /** Worth in quote, positions marked at the closes. */
  equity(closes: Closes): Decimal;
  /** Quote not bound in positions or reservations. */
  readonly free: string;
}

/** One thing a strategy asked for: all of a signal that is the strategy's to say. */
export interface Request extends Pick<
  Signal,
  'id' | 'symbol' | 'sequence' | 'eventTime' | 'validUntil' | 'wanted' | 'type' | 'tag'
> {
  /** The last close. */
  readonly referencePrice: number;
  readonly limitPrice: string | undefined;
  readonly stopPrice: string | undefined;
  readonly timeInForce: Signal['timeInForce'];
  readonly timeoutMs: number | undefined;
  readonly execution: Signal['execution'];
  readonly stops: Signal['stops'];
}

/** Whose signal a request becomes. */
export type SignalOwner = Pick<
  Signal,
  'strategyId' | 'strategyType' | 'runId' | 'accountId' | 'exchange'
>;

/** The signal of a request. */
export function signalOf(request: Request, owner: SignalOwner): Signal {
  return {
    ...request,
    ...owner,
    referencePrice: plainNumber(request.referencePrice),
    source: { kind: 'strategy', name: owner.strategyId },
  };
}

/** Names a signal; opaque to the strategy. */
export type SignalNamer = (symbol: string, eventTime: number, sequence: number) => SignalId;

export interface ContextParts {
  /** Where the strategy's state lives. */
  readonly holder: { strategy: Json };
  readonly book: Pick<FeedBook, 'windows' | 'closes' | 'closeOf'>;
  /** Symbol → last sequence given out; counted up here. */
  readonly sequences: Record<string, number>;
  readonly instruments: Readonly<Record<string, Instrument>>;
  readonly nameSignal: SignalNamer;
  readonly aux: ((name: string, now: number) => AuxValue | undefined) | undefined;
}

const TAG_LENGTH = 64;

const priceOption = z
  .union([z.number().positive(), positiveDecimal])
  .transform((price) => toDecimalString(new Decimal(price)));

const rareOptions = z
  .strictObject({
    tag: z.string().max(TAG_LENGTH),
    limitPrice: priceOption.optional(),
    stopPrice: priceOption.optional(),
    timeInForce: timeInForce.optional(),
    timeoutMs: z.int().positive().optional(),
    validForMs: z.int().nonnegative().optional(),
    execution: executionPlan.optional(),
    stops: stopSpec.optional(),
    stop: priceOption.optional(),
  })
  .refine(
    ({ execution, ...given }) =>
      execution === undefined || executionFits(execution.kind, orderTypeOf(given)),
    { error: EXECUTION_TYPES, path: ['execution'] },
  )
  .refine((given) => timeInForceFits({ ...given, type: orderTypeOf(given) }), {
    error: TIME_IN_FORCE_TYPES,
    path: ['timeInForce'],
  });
type CheckedOptions = z.infer<typeof rareOptions>;

/** Throws INVALID_INPUT with every fault. */
function checked(options: OrderOptions): CheckedOptions {
  const plain =
    options.limitPrice === undefined &&
    options.stopPrice === undefined &&
    options.execution === undefined &&
    options.stops === undefined &&
    options.stop === undefined &&
    options.timeInForce === undefined &&
    options.timeoutMs === undefined &&
    options.validForMs === undefined;
  // The way of nearly every market order.
  if (plain && typeof options.tag === 'string' && options.tag.length <= TAG_LENGTH) {
    return options as CheckedOptions;
  }
  const parsed = rareOptions.safeParse(options);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
  throw new KeelError('INVALID_INPUT', `no valid signal: ${faults.join('; ')}`);
}

export class StrategyContext implements Context {
  now = 0;
  warming = false;
  /** How long a signal is valid unless the strategy says so. */
  validForMs = 0;
  account: Account;
  /** What was asked for since they were last taken; made anew by each, since there is rarely more than one. */
  requests: readonly Request[] = [];
  cancels: SignalId[] = [];
  readonly #parts: ContextParts;

  constructor(parts: ContextParts, account: Account) {
    this.#parts = parts;
    this.account = account;
  }

  get state(): Json {
    return this.#parts.holder.strategy;
  }

  set state(next: Json) {
    this.#parts.holder.strategy = next;
  }

  get funds(): { equity: string; free: string } {
    const { account } = this;
    return {
      equity: toDecimalString(account.equity(this.#parts.book.closes)),
      free: account.free,
    };
  }

  bars(feed: Feed): BarColumns {
    const { windows } = this.#parts.book;
    const window = windows.get(feedKey(feed));
    if (window === undefined) {
      throw new KeelError(
        'NOT_FOUND',
        `${feedKey(feed)} is no feed of this strategy; it asked for ${[...windows.keys()].join(', ')}`,
      );
    }
    return window.view();
  }

  position(symbol: string): PositionView {
    return this.account.position(symbol);
  }

  open(symbol: string): readonly OrderView[] {
    return this.account.open(symbol);
  }

  aux(name: string): AuxValue | undefined {
    return this.#parts.aux?.(name, this.now);
  }

  target(symbol: string, size: Size, given: OrderOptions): SignalId {
    const options = checked(given);
    const close = this.#lastClose(symbol);
    const quantity = this.#quantity(symbol, size, options, close);
    return this.#ask(symbol, { kind: 'target', quantity }, options, close);
  }

  order(symbol: string, side: Side, size: Size, given: OrderOptions): SignalId {
    const options = checked(given);
    const close = this.#lastClose(symbol);
    const quantity = this.#quantity(symbol, size, options, close);
    if (decimal(quantity).lte(0)) {
      // Without funds every warm-up order is of size zero, and none is sent.
      if (this.warming) return this.#ask(symbol, { kind: 'target', quantity }, options, close);
      throw new KeelError(
        'INVALID_INPUT',
        `an order needs a size above zero, ${JSON.stringify(size)} comes to ${quantity} ${symbol}; to close a position use target(symbol, 'flat', …)`,
      );
    }
    return this.#ask(symbol, { kind: 'order', side, quantity }, options, close);
  }

  cancel(id: SignalId): void {
    if (!this.warming) this.cancels.push(id);
  }

  #lastClose(symbol: string): number {
    const { book } = this.#parts;
    const close = book.closeOf(symbol);
    if (close === undefined) {
      throw new KeelError(
        'INVALID_INPUT',
        `no bar of ${symbol} has come yet, so nothing can be sized; ask only for symbols of feeds(): ${Object.keys(book.closes).join(', ') || 'none yet'}`,
      );
    }
    return close;
  }

  #quantity(symbol: string, size: Size, options: CheckedOptions, close: number): string {
    const { book, instruments } = this.#parts;
    return quantityOf(size, {
      close,
      equity: () => this.account.equity(book.closes),
      stop: options.stop,
      step: instruments[symbol]?.quantityStep,
    });
  }

  /** Makes the request; while warming it only says which id it would have had. */
  #ask(symbol: string, wanted: Signal['wanted'], options: CheckedOptions, close: number): SignalId {
    const { sequences, nameSignal } = this.#parts;
    const { now } = this;
    const sequence = (sequences[symbol] ?? 0) + 1;
    const id = nameSignal(symbol, now, sequence);
    if (this.warming) return id;
    sequences[symbol] = sequence;
    const request = {
      id,
      symbol,
      sequence,
      eventTime: now,
      validUntil: now + (options.validForMs ?? this.validForMs + sendsForMs(options.execution)),
      wanted,
      type: orderTypeOf(options),
      referencePrice: close,
      tag: options.tag,
      limitPrice: options.limitPrice,
      stopPrice: options.stopPrice,
      timeInForce: options.timeInForce,
      timeoutMs: options.timeoutMs,
      execution: options.execution,
      stops: options.stops,
    };
    this.requests = this.requests.length === 0 ? [request] : [...this.requests, request];
    return id;
  }
}
