/**
 * Risk rules are pure: a context in, a verdict out. `checkRisk` records context, rule versions and verdicts
 * with the order, so that any denial can be explained later.
 */
import type { ErrorCode } from '../errors.ts';
import type { Side } from '../fill.ts';
import type { Instrument } from '../instrument.ts';
import type { SignalSource } from '../signal.ts';

/** Everything the rules may look at. Amounts are decimal strings; times are market time, ms. */
export interface RiskContext {
  readonly order: {
    readonly orderId: string;
    readonly strategyId: string;
    readonly symbol: string;
    readonly side: Side;
    readonly quantity: string;
    /** Limit price, or for a market order the reference price. */
    readonly price: string;
    readonly reducing: boolean;
    readonly source: SignalSource;
  };
  readonly instrument: Instrument;
  readonly marketTime: number;
  readonly position: {
    /** Signed, in base. */
    readonly quantity: string;
    /** Unfilled rest of the strategy's other open orders in this symbol, signed. */
    readonly openQuantity: string;
  };
  readonly funds: {
    readonly allocation: string;
    /** Quote that is free with this order's own reservation counted as free. */
    readonly free: string;
    /** The account's free balance of the asset to be paid with (base for spot sells, else quote), likewise. */
    readonly accountFree: string;
    /** What the order needs of that asset, with fees and price buffer. */
    readonly required: string;
  };
  /** The strategy's orders admitted on this trading day, this one included. */
  readonly ordersToday: number;
  /** Halts in force that cover this order, as `scope:target: reason`. */
  readonly halts: readonly string[];
  readonly limits: {
    readonly maxPosition: string | null;
    readonly maxOrderNotional: string | null;
    readonly maxOrdersPerDay: number | null;
    /** Quote an order may be worth without a person's approval. No rule: see core/approval.ts. */
    readonly approvalNotional: string | null;
  };
}

export type RiskVerdict =
  | { readonly passed: true }
  | { readonly passed: false; readonly code: ErrorCode; readonly reason: string };

export interface RiskRule {
  readonly name: string;
  /** Raised whenever the rule's meaning changes. */
  readonly version: number;
  /** True for the few rules that an exit must pass too (filters, balance, self-cross). */
  readonly bindsExits: boolean;
  check(context: RiskContext): RiskVerdict;
}

export interface RiskReport {
  readonly approved: boolean;
  readonly context: RiskContext;
  readonly results: readonly {
    readonly rule: string;
    readonly version: number;
    readonly verdict: RiskVerdict | { readonly passed: true; readonly skipped: string };
  }[];
}
