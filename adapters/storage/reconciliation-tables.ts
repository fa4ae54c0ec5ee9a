/** Tables of reconciliation: what venues tell, and what did not agree. How columns are read and written: columns.ts. */
import type { Generated } from 'kysely';
import type { Side } from '../../core/fill.ts';
import type { FindingKind } from '../../core/reconciliation.ts';
import type { Finding } from '../reconciliation-repository.ts';
import type { DefaultNull } from './columns.ts';

export interface AccountTradesTable {
  account_id: string;
  exchange: string;
  symbol: string;
  venue_trade_id: string;
  venue_order_id: string;
  client_order_id: string | null;
  side: Side;
  price: string;
  quantity: string;
  fee_amount: string;
  fee_asset: string;
  liquidity: 'maker' | 'taker';
  realised_pnl: string | null;
  executed_at: number;
  booked_at: number;
  alerted_at: DefaultNull<number>;
}

export interface ReconciliationMarksTable {
  account_id: string;
  symbol: string;
  through: number;
}

export interface ReconciliationRunsTable {
  account_id: string;
  ran_at: number;
}

export interface ReconciliationFindingsTable {
  id: Generated<number>;
  account_id: string;
  exchange: string;
  kind: FindingKind;
  subject: string;
  symbol: string | null;
  message: string;
  off: string | null;
  state: Finding['state'];
  first_seen_at: number;
  last_seen_at: number;
  alerted_at: DefaultNull<number>;
  resolved_at: DefaultNull<number>;
  resolved_by: DefaultNull<string>;
  resolution: DefaultNull<string>;
}
