/**
 * Admission: from what a strategy wants to the one order that is due now. Pure; storage calls it inside the
 * transaction that holds the locks of the strategy's and the position's row, and does as it says.
 *
 * For a target position the order is target − position − what is still open at the venue, so signals that
 * overtake each other or come twice are harmless: held + open always leads to the newest target.
 */
import { growth, initialMargin } from './contract.ts';
import type { ErrorCode } from './errors.ts';
import { checkPlan } from './execution/check.ts';
import { accountsOf } from './execution/plan.ts';
import type { Side } from './fill.ts';
import {
  checkFilters,
  checkNotional,
  exitInstrument,
  fitPrice,
  fitQuantity,
  lotLimits,
} from './filters.ts';
import type { Instrument } from './instrument.ts';
import { Decimal, decimal, toDecimalString } from './money.ts';
import { actionOf, type OrderType, type Signal } from './signal.ts';

/** Another order of the same strategy and symbol that is not final. */
export interface OpenOrder {
  readonly orderId: string;
  readonly runId: string;
  readonly sequence: number;
  readonly side: Side;
  readonly type: OrderType;
  /** Unfilled rest in base, more than zero. */
  readonly remaining: string;
  /** True once a leg of it was claimed for sending: the venue may know it. */
  readonly sent: boolean;
  /** The stop of the position's guard: it counts as open for nobody, and only its guard takes it away. */
  readonly guardStop: boolean;
}

export interface AdmissionInput {
  readonly signal: Signal;
  /** `strategies.status`. */
  readonly strategyStatus: string;
  /** `strategies.run_id`. */
  readonly currentRunId: string | null;
  /** Market time, ms. */
  readonly marketTime: number;
  /** The strategy's signed quantity in base. */
  readonly position: string;
  /** All its open orders in this symbol but the one being admitted. */
  readonly openOrders: readonly OpenOrder[];
  /** Newest sequence of the signal's run and symbol that has an order row already; 0 when there is none. */
  readonly newestSequence: number;
  readonly instrument: Instrument;
  /** Contracts only: the strategy to which the account's position in it belongs. */
  readonly contractOwner?: string;
  /** How far a market order's price may run away before it fills, as a fraction: `"0.01"` is 1 %. */
  readonly buffer: string;
  /** All accounts there are; given where the signal's plan names accounts. */
  readonly knownAccounts?: readonly string[];
}

export type AdmissionDecision =
  /** Write the order with its reservation, and make the orders in `supersede` superseded with it. */
  | {
      readonly verdict: 'admitted';
      readonly side: Side;
      /** In base, on the step. */
      readonly quantity: string;
      /** Limit price on the tick; null for a market order. */
      readonly price: string | null;
      /** The order can only make the position smaller. */
      readonly reducing: boolean;
      /** Quote to hold back: quantity × reservePrice; `"0"` for spot sells and for what reduces a contract. */
      readonly reserveQuote: string;
      /**
       * Quote to hold back per base unit, with buffer and taker fee. Of a contract: margin and fee for the part
       * by which the position grows, spread over the whole quantity.
       */
      readonly reservePrice: string;
      readonly supersede: readonly string[];
    }
  /**
   * Write nothing. Cancel these orders at the venue first, and where a guard's stop is in the way ask the
   * guard to stand aside; then ask again.
   */
  | {
      readonly verdict: 'blocked';
      readonly cancelFirst: readonly string[];
      readonly standAside?: true;
    }
  /** Write a final row. `done` means unneeded: the target is met, and the quantity is `"0"`. */
  | {
      readonly verdict: 'ended';
      readonly state: 'done' | 'denied' | 'expired' | 'superseded';
      readonly code: ErrorCode | null;
      readonly reason: string;
      readonly side: Side;
      readonly quantity: string;
      readonly price: string | null;
      readonly reducing: boolean;
      readonly supersede: readonly string[];
    };

type Ending = Extract<AdmissionDecision, { verdict: 'ended' }>;

const ZERO = new Decimal(0);

function signed(order: Pick<OpenOrder, 'side' | 'remaining'>): Decimal {
  const remaining = decimal(order.remaining);
  return order.side === 'buy' ? remaining : remaining.neg();
}

function sum(values: readonly Decimal[]): Decimal {
  return values.reduce((total, value) => total.plus(value), ZERO);
}

/** True when a change by `delta` can only make `position` smaller. */
function reduces(position: Decimal, delta: Decimal): boolean {
  if (position.isZero() || delta.isZero()) return false;
  return position.isNegative() !== delta.isNegative() && delta.abs().lte(position.abs());
}

function ending(
  input: AdmissionInput,
  state: Ending['state'],
  code: ErrorCode | null,
  reason: string,
  more: Partial<Pick<Ending, 'side' | 'quantity' | 'reducing' | 'supersede'>> = {},
): Ending {
  return {
    verdict: 'ended',
    state,
    code,
    reason,
    side: actionOf(input.signal) === 'buy' ? 'buy' : 'sell',
    quantity: '0',
    price: input.signal.limitPrice ?? null,
    reducing: false,
    supersede: [],
    ...more,
  };
}

/**
 * The sent orders that stand in the way of a target: those on the other side of what is due, and all of
 * them when they have already overshot it.
 * @param without target − position
 * @param due target − position − what is open at the venue
 */
function inTheWay(sent: readonly OpenOrder[], without: Decimal, due: Decimal): OpenOrder[] {
  const direction = due.isZero() ? without : due;
  const overshot =
    direction.isZero() || (!due.isZero() && due.isNegative() !== without.isNegative());
  if (overshot || without.isZero()) return [...sent];
  return sent.filter((order) => signed(order).isNegative() !== direction.isNegative());
}

/** What is due for the signal, in signed base units, before flooring; or the verdict that ends it. */
function due(
  input: AdmissionInput,
  sent: readonly OpenOrder[],
): { readonly delta: Decimal; readonly reducing: boolean } | { readonly block: readonly string[] } {
  const { wanted } = input.signal;
  const position = decimal(input.position);
  if (wanted.kind === 'target') {
    const without = decimal(wanted.quantity).minus(position);
    const delta = without.minus(sum(sent.map(signed)));
    const blocking = inTheWay(sent, without, delta);
    // A close at market is not met by a limit order that may rest for ever, such as a take-profit.
    if (input.signal.type === 'market' && reduces(position, without)) {
      blocking.push(...sent.filter((order) => order.type === 'limit' && !blocking.includes(order)));
    }
    if (blocking.length > 0) return { block: blocking.map((order) => order.orderId) };
    return { delta, reducing: reduces(position, delta) };
  }
  const delta = signed({ side: wanted.side, remaining: wanted.quantity });
  const opens = delta.gt(0) ? position.gte(0) : position.lte(0);
  // What it guarded is gone, by a liquidation say: a guard never opens a position.
  if (opens && input.signal.source.kind === 'guard') return { delta: ZERO, reducing: true };
  if (opens) return { delta, reducing: false };
  // A closing order takes what others have not spoken for: min(held, held − open orders on its side).
  const spokenFor = sum(
    input.openOrders.filter((order) => order.side === wanted.side).map((order) => signed(order)),
  );
  const free = Decimal.max(position.abs().minus(spokenFor.abs()), 0);
  const spot = input.instrument.contract === undefined;
  const mayTurn = !spot && input.signal.source.kind !== 'guard';
  if (mayTurn && delta.abs().gt(free)) return { delta, reducing: false };
  const capped = Decimal.min(delta.abs(), free);
  return { delta: delta.isNegative() ? capped.neg() : capped, reducing: true };
}

/**
 * Whether the stop of the position's guard is in the way: it is of whatever sells what is held (or buys back
 * what is short), for it may have locked the asset. An entry does not touch it.
 */
function meetsGuard(position: Decimal, change: Decimal, stops: readonly OpenOrder[]): boolean {
  const leaves = !position.isZero() && !change.isZero();
  return stops.length > 0 && leaves && position.isNegative() !== change.isNegative();
}

/** The guard's own orders take its older stop away themselves. */
function blockedByGuard(
  signal: Signal,
  stops: readonly OpenOrder[],
  cancelFirst: readonly string[],
): AdmissionDecision {
  return signal.source.kind === 'guard'
    ? { verdict: 'blocked', cancelFirst: [...cancelFirst, ...stops.map((stop) => stop.orderId)] }
    : { verdict: 'blocked', cancelFirst, standAside: true };
}

/** Whether the run, the sequence or the strategy's status end the signal before any arithmetic. */
function endedByStanding(input: AdmissionInput): Ending | null {
  const { signal } = input;
  if (signal.source.kind === 'strategy' && signal.runId !== input.currentRunId) {
    return ending(
      input,
      'superseded',
      'SIGNAL_SUPERSEDED',
      `run ${signal.runId} is over; the strategy's run is now ${input.currentRunId ?? 'none'}`,
    );
  }
  if (signal.wanted.kind === 'target' && signal.sequence <= input.newestSequence) {
    return ending(
      input,
      'superseded',
      'SIGNAL_SUPERSEDED',
      `signal ${String(signal.sequence)} is older than signal ${String(input.newestSequence)} of the same run`,
    );
  }
  const { contractOwner } = input;
  if (contractOwner !== undefined && contractOwner !== signal.strategyId) {
    return ending(
      input,
      'denied',
      'CONFLICT',
      `${signal.symbol} of account ${signal.accountId} belongs to strategy "${contractOwner}": one strategy a contract`,
    );
  }
  const spot = input.instrument.contract === undefined;
  if (spot && signal.wanted.kind === 'target' && signal.wanted.quantity.startsWith('-')) {
    if (!decimal(signal.wanted.quantity).isZero()) {
      return ending(
        input,
        'denied',
        'SHORT_NOT_SUPPORTED',
        `a target of ${signal.wanted.quantity} ${input.instrument.base} is short; on spot the least is 0`,
      );
    }
  }
  return null;
}

/** The order for a non-zero delta, or why there is none. */
function size(
  input: AdmissionInput,
  delta: Decimal,
  reducing: boolean,
  supersede: readonly string[],
): AdmissionDecision {
  const { signal } = input;
  const instrument = reducing ? exitInstrument(input.instrument) : input.instrument;
  const side: Side = delta.isNegative() ? 'sell' : 'buy';
  const raw = toDecimalString(delta.abs());
  const price =
    signal.limitPrice === undefined ? null : fitPrice(instrument, side, signal.limitPrice);
  const quantity = fitQuantity(instrument, signal.type, raw);
  const end = (
    state: Ending['state'],
    code: ErrorCode | null,
    reason: string,
    stated = quantity,
  ): Ending => ({
    ...ending(input, state, code, reason),
    side,
    quantity: stated,
    price,
    reducing,
    supersede,
  });

  const limits = lotLimits(instrument, signal.type);
  const notional = checkNotional(instrument, quantity, price ?? signal.referencePrice);
  const tooSmall = decimal(quantity).isZero() || decimal(quantity).lt(limits.min) || !notional.ok;
  if (tooSmall) {
    const least = `the least is ${limits.min} ${instrument.base} (step ${limits.step}) and ${instrument.minNotional} ${instrument.quote}`;
    const closes = signal.wanted.kind === 'order' || decimal(signal.wanted.quantity).isZero();
    const underWay = input.openOrders.some((order) => order.sent);
    if (reducing && closes && !underWay) {
      return end('denied', 'NOTHING_TO_SELL', `${raw} ${instrument.base} is dust: ${least}`);
    }
    const nearTarget = signal.wanted.kind === 'target' && !decimal(input.position).isZero();
    if (nearTarget || (signal.wanted.kind === 'target' && decimal(quantity).isZero())) {
      return end(
        'done',
        null,
        `the target is met but for ${raw} ${instrument.base}: ${least}`,
        '0',
      );
    }
  }
  const filters = checkFilters(
    instrument,
    { side, type: signal.type, quantity, price, stopPrice: signal.stopPrice ?? null },
    signal.referencePrice,
  );
  if (!filters.ok) return end('denied', filters.code, filters.reason);
  // An exit is never refused for how it is worked.
  if (signal.execution !== undefined && !reducing) {
    const { type, referencePrice } = signal;
    const terms = { side, type, price, quantity, referencePrice };
    const plan = checkPlan(signal.execution, terms, instrument);
    if (!plan.ok) return end('denied', plan.code, plan.reason);
    const known = input.knownAccounts ?? [];
    const unknown = accountsOf(signal.execution).filter((account) => !known.includes(account));
    if (unknown.length > 0) {
      const reason = `the plan names unknown accounts: ${unknown.join(', ')}; known: ${known.join(', ')}`;
      return end('denied', 'NOT_FOUND', reason);
    }
  }

  // A chase may pay as much as its limit.
  const dearest =
    price !== null && signal.execution?.kind === 'chase'
      ? toDecimalString(Decimal.max(price, signal.execution.priceLimit))
      : price;
  const perUnit = reservePrice(input, { side, quantity, price: dearest, reducing });
  return {
    verdict: 'admitted',
    side,
    quantity,
    price,
    reducing,
    reserveQuote: toDecimalString(perUnit.mul(quantity)),
    reservePrice: toDecimalString(perUnit),
    supersede,
  };
}

/** Quote to hold back per base unit: see `AdmissionDecision`. */
function reservePrice(
  { signal, instrument, buffer, position }: AdmissionInput,
  order: {
    readonly side: Side;
    readonly quantity: string;
    readonly price: string | null;
    readonly reducing: boolean;
  },
): Decimal {
  const reference = signal.stopPrice ?? signal.referencePrice;
  const worst =
    order.price === null ? decimal(reference).mul(decimal(buffer).plus(1)) : decimal(order.price);
  if (instrument.contract === undefined) {
    return order.side === 'sell' ? ZERO : worst.mul(decimal(instrument.takerFeeRate).plus(1));
  }
  if (order.reducing) return ZERO;
  const grown = growth(position, order.side, order.quantity);
  const margin = decimal(initialMargin(worst.mul(grown), instrument.leverage ?? '1'));
  return margin.div(order.quantity).plus(worst.mul(instrument.takerFeeRate));
}

/**
 * Decides on a signal, in this order:
 * 1. A strategy's signal of another run, or a target not newer than the run's newest, is superseded.
 * 2. A spot target below zero is denied, and a contract that belongs to another strategy.
 * 3. An entry past `validUntil` is expired. What reduces the position never expires.
 * 4. A target for which orders at the venue are in the way is blocked until they are cancelled, and so is a
 *    close at market while limit orders rest. Orders not yet sent do not count: a target supersedes them.
 *    What leaves the position is blocked by the stop of its guard too, until the guard has stood aside.
 * 5. An entry of a strategy that does not run is denied; an exit is not.
 * 6. A met target is unneeded. The rest is floored to the step; dust ends with the reason told.
 *
 * Plain orders neither supersede nor block, and a plain order that closes is cut to what is held and not
 * spoken for. Never throws on valid input.
 */
export function decideAdmission(asked: AdmissionInput): AdmissionDecision {
  const standing = endedByStanding(asked);
  if (standing !== null) return standing;

  const stops = asked.openOrders.filter((order) => order.guardStop);
  const input = { ...asked, openOrders: asked.openOrders.filter((order) => !order.guardStop) };
  const { signal, marketTime } = input;
  const isTarget = signal.wanted.kind === 'target';
  const position = decimal(input.position);
  const supersede = isTarget
    ? input.openOrders.filter((order) => !order.sent).map((order) => order.orderId)
    : [];
  const found = due(
    input,
    input.openOrders.filter((order) => order.sent),
  );

  const late = marketTime > signal.validUntil;
  const expired = (): Ending =>
    ending(
      input,
      'expired',
      'SIGNAL_EXPIRED',
      `market time ${String(marketTime)} is past validUntil ${String(signal.validUntil)}`,
    );
  if ('block' in found) {
    const without = decimal(signal.wanted.quantity).minus(position);
    if (late && !without.isZero() && !reduces(position, without)) return expired();
    return meetsGuard(position, without, stops)
      ? blockedByGuard(signal, stops, found.block)
      : { verdict: 'blocked', cancelFirst: found.block };
  }

  const { delta, reducing } = found;
  if (isTarget && delta.isZero()) {
    return ending(input, 'done', null, 'the target is met by what is held and open', { supersede });
  }
  if (delta.isZero()) {
    return ending(
      input,
      'denied',
      'NOTHING_TO_SELL',
      `all of the ${input.position} ${input.instrument.base} held is spoken for by open orders`,
      { reducing },
    );
  }
  if (!reducing && late) return expired();
  if (!reducing && input.strategyStatus !== 'running') {
    return ending(
      input,
      'denied',
      'STRATEGY_NOT_RUNNING',
      `the strategy is ${input.strategyStatus}; start it, or ask only for what closes its position`,
      { supersede },
    );
  }
  if (meetsGuard(position, delta, stops)) return blockedByGuard(signal, stops, []);
  const spotShort = input.instrument.contract === undefined && delta.isNegative() && !reducing;
  if (spotShort) {
    return ending(
      input,
      'denied',
      'NOTHING_TO_SELL',
      `no ${input.instrument.base} is held to sell (position ${input.position})`,
    );
  }
  return size(input, delta, reducing, supersede);
}
