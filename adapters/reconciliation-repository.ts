/**
 * The door to the books of reconciliation: what it compares, what it books to an account itself, and the
 * findings a person must judge. Errors as in repositories.ts.
 */
import type { AccountTrade } from '../core/fill.ts';
import type { FindingKind, KnownLeg } from '../core/reconciliation.ts';
import type { NewLeg } from './order-repository.ts';

/** A leg with what is needed to act on it. */
export interface BookedLeg extends KnownLeg {
  readonly orderId: string;
  readonly strategyId: string;
  /** Of the order's last event, and whether it is final. */
  readonly orderVersion: number;
  readonly orderFinal: boolean;
}

/** An order that is not final, with its legs that are not. */
export interface UnfinishedOrder {
  readonly orderId: string;
  readonly strategyId: string;
  readonly version: number;
  readonly createdAt: number;
  readonly liveLegs: readonly NewLeg[];
}

export interface Difference {
  readonly kind: FindingKind;
  readonly subject: string;
  readonly symbol: string | null;
  /** For a person: what is so. */
  readonly message: string;
  /** Venue − ours, where it is an amount. */
  readonly off: string | null;
}

export interface Finding extends Difference {
  readonly id: number;
  readonly accountId: string;
  readonly exchange: string;
  /** `suspected`: seen once; what was in flight is gone at the next look. */
  readonly state: 'suspected' | 'open' | 'resolved';
  readonly firstSeenAt: number;
  readonly lastSeenAt: number;
  readonly resolvedAt: number | null;
  readonly resolvedBy: string | null;
  readonly resolution: string | null;
}

export interface OpenFindings {
  readonly accountId: string;
  readonly kind: FindingKind;
  readonly count: number;
}

export interface ReconciliationRepository {
  /** Every symbol the account had a leg in. */
  symbols(accountId: string): Promise<readonly string[]>;
  /**
   * Market time from which trades are to be compared: the mark less `overlapMs`, or the opening, and never from
   * before the opening. Null where neither is known: from now on.
   */
  compareFrom(accountId: string, symbol: string, overlapMs: number): Promise<number | null>;
  setMark(accountId: string, symbol: string, through: number): Promise<void>;
  /** Legs that are not final, and those named by client or venue order id. */
  legs(
    accountId: string,
    symbol: string,
    named: {
      readonly clientOrderIds: readonly string[];
      readonly venueOrderIds: readonly string[];
    },
  ): Promise<readonly BookedLeg[]>;
  /** Which of these trades are booked, as fill or to the account; as `tradeKey`. */
  bookedTrades(
    accountId: string,
    symbol: string,
    venueTradeIds: readonly string[],
  ): Promise<ReadonlySet<string>>;
  /** Books a trade that is no fill of ours to the account, once. False when it is booked already. */
  bookAccountTrade(accountId: string, trade: AccountTrade): Promise<boolean>;
  unfinishedOrders(accountId: string): Promise<readonly UnfinishedOrder[]>;
  /**
   * What the account must hold, by asset: opening balances and ledger; by symbol what its strategies hold
   * together, and what others have bought less what they have sold, where they traded. `inFlight`: an order is
   * being sent, or a leg's trades are still to be booked.
   */
  holdings(accountId: string): Promise<{
    readonly balances: Readonly<Record<string, string>>;
    readonly positions: Readonly<Record<string, string>>;
    readonly others: Readonly<Record<string, string>>;
    readonly inFlight: boolean;
  }>;
  /**
   * Takes in what a look at `kinds` found. A difference is `suspected` first, and `open` once the next look
   * finds the same amount again; one that is not found any more is resolved (or, if only suspected, dropped).
   */
  noteDifferences(
    account: { readonly id: string; readonly exchange: string },
    kinds: readonly FindingKind[],
    found: readonly Difference[],
  ): Promise<void>;
  /** Opens a finding at once: an event that happened and cannot be looked at again. */
  openFinding(
    account: { readonly id: string; readonly exchange: string },
    difference: Difference,
  ): Promise<void>;
  /** Open findings and account trades whose alert is not on the bus yet. */
  unalerted(accountId: string): Promise<{
    readonly findings: readonly Finding[];
    readonly trades: readonly AccountTrade[];
  }>;
  markAlerted(
    accountId: string,
    findings: readonly Finding[],
    trades: readonly AccountTrade[],
  ): Promise<void>;
  /** Newest first; `suspected` ones are not shown. `after`: only those older than this one. */
  findings(query: {
    readonly accountId?: string | undefined;
    readonly state?: 'open' | 'resolved' | undefined;
    readonly limit: number;
    readonly after?: number | undefined;
  }): Promise<readonly Finding[]>;
  /** Open findings of each account and kind that has any; `accountId`: only of this account. */
  openFindings(accountId?: string): Promise<readonly OpenFindings[]>;
  /**
   * A person closes a finding. `book` takes the venue's word for a balance: the amount it is off is booked to
   * the account as a transfer. Throws NOT_FOUND, or CONFLICT where it is not open or there is nothing to book.
   */
  resolve(
    id: number,
    by: string,
    how: { readonly reason: string; readonly book: boolean },
  ): Promise<Finding>;
  ran(accountId: string): Promise<void>;
  /** Account → wall time of its last completed reconciliation. */
  lastRuns(): Promise<Readonly<Record<string, number>>>;
}
