/**
 * Tables of the books: what accounts hold, what strategies hold and gained. How columns are read and written:
 * columns.ts.
 */
import type { ColumnType, Generated } from 'kysely';
import type { AccountRecord } from '../repositories.ts';
import type { DefaultNull, DefaultString } from './columns.ts';

export interface AccountsTable {
  id: string;
  exchange: string;
  mode: AccountRecord['mode'];
  fee_in: string;
  created_at: number;
  opened_at: DefaultNull<number>;
}

export interface OpeningBalancesTable {
  account_id: string;
  asset: string;
  amount: string;
  recorded_at: number;
}

export interface BalancesTable {
  account_id: string;
  asset: string;
  total: string;
  reserved: DefaultString;
  updated_at: number;
}

export interface LedgerEntriesTable {
  id: Generated<number>;
  account_id: string;
  strategy_id: string | null;
  asset: string;
  amount: string;
  kind: 'trade' | 'fee' | 'funding' | 'transfer';
  symbol: string;
  venue_trade_id: string;
  booked_at: number;
}

export interface PositionsTable {
  strategy_id: string;
  account_id: string;
  exchange: string;
  symbol: string;
  quantity: DefaultString;
  cost: DefaultString;
  realised_pnl: DefaultString;
  quote_flow: DefaultString;
  fees: ColumnType<Record<string, string>, string | undefined, string>;
  funding: DefaultString;
  leverage: DefaultString;
  updated_at: number;
}

export interface PositionHistoryTable {
  id: Generated<number>;
  strategy_id: string;
  account_id: string;
  symbol: string;
  venue_trade_id: string;
  quantity: string;
  cost: string;
  realised_pnl: string;
  at: number;
}

export interface FundingPaymentsTable {
  account_id: string;
  symbol: string;
  venue_funding_id: string;
  strategy_id: string;
  asset: string;
  amount: string;
  paid_at: number;
  booked_at: number;
}

export interface ManagerOrdersTable {
  order_id: string;
  version: number;
}

export interface TradesTable {
  strategy_id: string;
  symbol: string;
  trade_number: number;
  side: 'long' | 'short';
  entry_at: number;
  exit_at: number | null;
  entry_tag: string;
  exit_tag: string | null;
  quantity: string;
  entry_price: string;
  exit_price: string | null;
  pnl: string | null;
  fees: string;
  mae: string | null;
  mfe: string | null;
}

export interface EquitySnapshotsTable {
  strategy_id: string;
  at: number;
  equity: string;
  cash: string;
  position_value: string;
  realised_pnl: string;
  unrealised_pnl: string;
  utilisation: string;
}
