/**
 * The door to what only linear contracts have: funding, orders the venue makes itself, and the one strategy
 * that owns an account's position in a contract. Each method is a transaction of its own; errors as in
 * repositories.ts.
 */
import type { OrderView } from '../core/order.ts';
import type { FundingPayment, VenueMadeOrder } from './trade-adapter.ts';

export interface ContractOwner {
  readonly symbol: string;
  readonly strategyId: string;
}

export interface BookedFunding {
  /** Whose position it changed; null where no strategy owns the contract: nothing was booked, tell a person. */
  readonly strategyId: string | null;
  /** Venue funding ids booked by this call; empty when all were known. */
  readonly booked: readonly string[];
}

export interface BookedVenueOrder {
  /** The order row made for it; null where no strategy owns the contract: nothing was booked, tell a person. */
  readonly order: OrderView | null;
  /** Venue trade ids booked by this call; empty when all were known. */
  readonly booked: readonly string[];
}

export interface ContractRepository {
  /** The account's contracts and their owners. */
  owners(accountId: string): Promise<readonly ContractOwner[]>;
  /** Books each payment once, by its venue id: position, its history and ledger together. */
  bookFunding(
    accountId: string,
    symbol: string,
    payments: readonly FundingPayment[],
  ): Promise<BookedFunding>;
  /**
   * Books an order that the venue made itself (a liquidation) as a final order of the owner's, with its fills:
   * each venue trade once, whoever saw it first.
   */
  bookVenueOrder(accountId: string, made: VenueMadeOrder): Promise<BookedVenueOrder>;
}
