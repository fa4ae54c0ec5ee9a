/** Tables of strategies, their runs and the signals they send. How columns are read and written: columns.ts. */
import type { ColumnType } from 'kysely';
import type { FailurePolicy } from '../../core/failure-policy.ts';
import type { Json } from '../../core/json.ts';
import type { Signal } from '../../core/signal.ts';
import type { StrategyStatus } from '../strategy-repository.ts';
import type { JsonColumn } from './columns.ts';

export interface StrategiesTable {
  id: string;
  name: string;
  type: string;
  account_id: string;
  exchange: string;
  config: JsonColumn<Record<string, Json>>;
  status: StrategyStatus;
  status_reason: string | null;
  failure_policy: ColumnType<FailurePolicy, string | undefined, string>;
  run_id: string | null;
  created_by: string;
  created_at: number;
  updated_at: number;
}

export interface StrategyQuotasTable {
  strategy_id: string;
  allocation: string;
  max_position: string | null;
  max_order_notional: string | null;
  max_orders_per_day: number | null;
  approval_notional: string | null;
}

export interface StrategyCheckpointsTable {
  strategy_id: string;
  run_id: string;
  epoch: number;
  anchor_at: number | null;
  offsets: JsonColumn<Record<string, number>>;
  sequences: JsonColumn<Record<string, number>>;
  state: ColumnType<Json, string | null, string | null>;
  snapshot: ColumnType<Json, string | null, string | null>;
  updated_at: number;
}

export interface StrategyPerpetualsTable {
  account_id: string;
  symbol: string;
  strategy_id: string;
  claimed_at: number;
}

export interface OutboxTable {
  signal_id: string;
  strategy_id: string;
  run_id: string;
  symbol: string;
  sequence: number;
  signal: JsonColumn<Signal>;
  created_at: number;
  published_at: number | null;
}
