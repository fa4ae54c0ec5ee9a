/** The context a strategy is called with: what it sees, and how its wishes become signals. */
import type { z } from 'zod';
import { KeelError } from '../core/errors.ts';
import { sendsForMs } from '../core/execution/plan.ts';
import type { Side } from '../core/fill.ts';
import type { Instrument } from '../core/instrument.ts';
import { averageCost, emptyPosition } from '../core/ledger.ts';
import { decimal, toDecimalString } from '../core/money.ts';
import { type Signal, signalId, signalSchema } from '../core/signal.ts';
import type { BarRing } from './bar-ring.ts';
import {
  type AuxValue,
  type Context,
  feedKey,
  type OrderOptions,
  type SignalId,
  type Size,
  type Standing,
} from './base-strategy.ts';
import type { Json } from '../core/json.ts';
import { equityOf, quantityOf } from './sizing.ts';

/** What a strategy asked for during one event. */
export interface Wish {
  readonly signals: Signal[];
  readonly cancels: SignalId[];
}

export interface ContextInput {
  readonly strategyId: string;
  readonly strategyType: string;
  readonly runId: string;
  readonly accountId: string;
  readonly exchange: string;
  readonly instruments?: Readonly<Record<string, Instrument>>;
  readonly aux?: (name: string, now: number) => AuxValue | undefined;
  readonly now: number;
  readonly warming: boolean;
  /** How long a signal is valid unless the strategy says so. */
  readonly validForMs: number;
  readonly standing: Standing;
  readonly closes: Readonly<Record<string, string>>;
  /** Counted up here as signals are made. */
  readonly sequences: Record<string, number>;
  readonly rings: ReadonlyMap<string, BarRing>;
  /** Filled here. */
  readonly wish: Wish;
  /** Where the strategy's state lives. */
  readonly holder: { strategy: Json };
}

function lastClose(input: ContextInput, symbol: string): string {
  const close = input.closes[symbol];
  if (close === undefined) {
    throw new KeelError(
      'INVALID_INPUT',
      `no bar of ${symbol} has come yet, so nothing can be sized; ask only for symbols of feeds(): ${Object.keys(input.closes).join(', ') || 'none yet'}`,
    );
  }
  return close;
}

function quantityFor(
  input: ContextInput,
  symbol: string,
  size: Size,
  options: OrderOptions,
): string {
  return quantityOf(size, {
    close: lastClose(input, symbol),
    equity: equityOf(input.standing, input.closes),
    stop: options.stop,
    step: input.instruments?.[symbol]?.quantityStep,
  });
}

/** Makes the signal; while warming it only says which id it would have had. */
function express(
  input: ContextInput,
  symbol: string,
  wanted: Signal['wanted'],
  options: OrderOptions,
): SignalId {
  const { runId, now } = input;
  const sequence = (input.sequences[symbol] ?? 0) + 1;
  const id = signalId({ runId, symbol, eventTime: now, sequence });
  if (input.warming) return id;
  const parsed = signalSchema.safeParse({
    id,
    strategyId: input.strategyId,
    strategyType: input.strategyType,
    runId,
    source: { kind: 'strategy', name: input.strategyId },
    accountId: input.accountId,
    exchange: input.exchange,
    symbol,
    sequence,
    eventTime: now,
    validUntil: now + (options.validForMs ?? input.validForMs + sendsForMs(options.execution)),
    wanted,
    type: options.limitPrice === undefined ? 'market' : 'limit',
    ...(options.limitPrice === undefined ? {} : { limitPrice: options.limitPrice }),
    ...(options.timeoutMs === undefined ? {} : { timeoutMs: options.timeoutMs }),
    ...(options.execution === undefined ? {} : { execution: options.execution }),
    ...(options.stops === undefined ? {} : { stops: options.stops }),
    referencePrice: lastClose(input, symbol),
    tag: options.tag,
  } satisfies z.input<typeof signalSchema>);
  if (!parsed.success) {
    const faults = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
    throw new KeelError('INVALID_INPUT', `no valid signal: ${faults.join('; ')}`);
  }
  input.sequences[symbol] = sequence;
  input.wish.signals.push(parsed.data);
  return id;
}

/** The context for one event. */
export function createContext(input: ContextInput): Context {
  const { standing, holder } = input;
  return {
    now: input.now,
    warming: input.warming,
    get state(): Json {
      return holder.strategy;
    },
    set state(next: Json) {
      holder.strategy = next;
    },
    get funds() {
      const equity = toDecimalString(equityOf(standing, input.closes));
      return { equity, free: standing.freeFunds };
    },
    bars(feed) {
      const ring = input.rings.get(feedKey(feed));
      if (ring === undefined) {
        throw new KeelError(
          'NOT_FOUND',
          `${feedKey(feed)} is no feed of this strategy; it asked for ${[...input.rings.keys()].join(', ')}`,
        );
      }
      return ring.view();
    },
    position(symbol) {
      const position = standing.positions[symbol] ?? emptyPosition(symbol);
      const { quantity, realisedPnl } = position;
      return { symbol, quantity, averageCost: averageCost(position), realisedPnl };
    },
    open(symbol) {
      return standing.openOrders.filter((order) => order.symbol === symbol);
    },
    aux(name) {
      return input.aux?.(name, input.now);
    },
    target(symbol: string, size: Size, options: OrderOptions): SignalId {
      const quantity = quantityFor(input, symbol, size, options);
      return express(input, symbol, { kind: 'target', quantity }, options);
    },
    order(symbol: string, side: Side, size: Size, options: OrderOptions): SignalId {
      const quantity = quantityFor(input, symbol, size, options);
      if (decimal(quantity).lte(0)) {
        // Without funds every warm-up order is of size zero, and none is sent.
        if (input.warming) return express(input, symbol, { kind: 'target', quantity }, options);
        throw new KeelError(
          'INVALID_INPUT',
          `an order needs a size above zero, ${JSON.stringify(size)} comes to ${quantity} ${symbol}; to close a position use target(symbol, 'flat', …)`,
        );
      }
      return express(input, symbol, { kind: 'order', side, quantity }, options);
    },
    cancel(id: SignalId): void {
      if (!input.warming) input.wish.cancels.push(id);
    },
  };
}
