/** What admission is asked and what it answers: the words of core/admission.ts. */
import type { ErrorCode } from './errors.ts';
import type { Side } from './fill.ts';
import type { Instrument } from './instrument.ts';
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

/** A verdict that ends the order. */
export type Ending = Extract<AdmissionDecision, { verdict: 'ended' }>;

/** Ends the signal; what is not said otherwise is nothing: no quantity, nothing superseded. */
export function ending(
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
