/**
 * The tables of migrations/ as Kysely sees them. `numeric` columns are decimal strings,
 * `bigint` columns safe integers (milliseconds UTC or counters), `date` columns `YYYY-MM-DD`, `jsonb`
 * columns are written as JSON text and read parsed.
 */
import type { ColumnType, Generated } from 'kysely';
import type { FailurePolicy } from '../../core/failure-policy.ts';
import type { RecordedAdmission } from '../../core/decision.ts';
import type { Side } from '../../core/fill.ts';
import type { Guard } from '../../core/guard.ts';
import type { IntentState, LegState, OrderStatus } from '../../core/order.ts';
import type { Route } from '../../core/execution/route.ts';
import type { FindingKind } from '../../core/reconciliation.ts';
import type { RiskReport } from '../../core/risk/rule.ts';
import type { OrderType, Signal, SignalSource, TimeInForce } from '../../core/signal.ts';
import type { Interval } from '../../core/time.ts';
import type { AccountRecord, Halt, Role } from '../repositories.ts';
import type { Json } from '../../core/json.ts';
import type { Leg } from '../order-repository.ts';
import type { Finding } from '../reconciliation-repository.ts';
import type { StrategyStatus } from '../strategy-repository.ts';

/** jsonb: parsed when read, `JSON.stringify`-ed by us when written (pg would turn an array into a PG array). */
type JsonColumn<T> = ColumnType<T, string, string>;
type DefaultString = ColumnType<string, string | undefined, string>;
type DefaultNumber = ColumnType<number, number | undefined, number>;

export interface AccountsTable {
  id: string;
  exchange: string;
  mode: AccountRecord['mode'];
  fee_in: string;
  created_at: number;
  opened_at: ColumnType<number | null, number | null | undefined, number | null>;
}

export interface OpeningBalancesTable {
  account_id: string;
  asset: string;
  amount: string;
  recorded_at: number;
}

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

export interface OrdersTable {
  order_id: string;
  workflow_run_id: string;
  strategy_id: string;
  strategy_type: string;
  run_id: string;
  source_kind: SignalSource['kind'];
  source_name: string;
  account_id: string;
  exchange: string;
  symbol: string;
  sequence: number;
  side: Side;
  type: OrderType;
  price: string | null;
  quantity: string;
  filled_quantity: DefaultString;
  filled_quote: DefaultString;
  reserved_quote: DefaultString;
  reserve_price: DefaultString;
  reducing: boolean;
  state: IntentState;
  status: OrderStatus;
  reason_code: string | null;
  reason: string | null;
  approval: ColumnType<'approved' | 'rejected' | null, 'approved' | 'rejected' | undefined>;
  approved_by: ColumnType<string | null, string | undefined>;
  approved_at: ColumnType<number | null, number | undefined>;
  approval_note: ColumnType<string | null, string | null | undefined>;
  more_legs: ColumnType<boolean, boolean | undefined>;
  risk: ColumnType<RiskReport | null, string | null, string | null>;
  admission: ColumnType<RecordedAdmission | null, string | undefined, never>;
  route: ColumnType<Route | null, string | null | undefined, string | null>;
  signal: JsonColumn<Signal>;
  tag: string;
  version: DefaultNumber;
  event_time: number;
  valid_until: number;
  trading_day: string;
  created_at: number;
  updated_at: number;
  finished_at: number | null;
}

export interface LegsTable {
  client_order_id: string;
  order_id: string;
  leg_number: number;
  account_id: string;
  exchange: string;
  symbol: string;
  side: Side;
  type: OrderType;
  price: string | null;
  stop_price: ColumnType<string | null, string | null | undefined, string | null>;
  time_in_force: ColumnType<TimeInForce | null, TimeInForce | null | undefined, never>;
  reduce_only: ColumnType<boolean, boolean | undefined, boolean>;
  quantity: string;
  filled_quantity: DefaultString;
  filled_quote: DefaultString;
  venue_order_id: string | null;
  state: LegState;
  send_state: ColumnType<Leg['sendState'], Leg['sendState'] | undefined, Leg['sendState']>;
  send_deadline: number | null;
  send_count: DefaultNumber;
  error_code: string | null;
  error_message: string | null;
  created_at: number;
  updated_at: number;
}

export interface FillsTable {
  exchange: string;
  account_id: string;
  symbol: string;
  venue_trade_id: string;
  client_order_id: string;
  order_id: string;
  strategy_id: string;
  venue_order_id: string;
  side: Side;
  price: string;
  quantity: string;
  fee_amount: string;
  fee_asset: string;
  liquidity: 'maker' | 'taker';
  executed_at: number;
  booked_at: number;
  booked_by: string;
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

export interface StrategyPerpetualsTable {
  account_id: string;
  symbol: string;
  strategy_id: string;
  claimed_at: number;
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

export interface OrderEventsTable {
  order_id: string;
  version: number;
  status: OrderStatus;
  event: JsonColumn<Json>;
  at: number;
}

export interface BalancesTable {
  account_id: string;
  asset: string;
  total: string;
  reserved: DefaultString;
  updated_at: number;
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

export interface KlinesTable {
  exchange: string;
  symbol: string;
  interval: Interval;
  open_at: number;
  close_at: number;
  open: string;
  high: string;
  low: string;
  close: string;
  volume: string;
}

export interface HaltsTable {
  id: Generated<number>;
  scope: Halt['scope'];
  target: string;
  reason: string;
  set_by: string;
  set_at: number;
  flatten: boolean;
  cleaned_at: number | null;
  lifted_by: string | null;
  lifted_at: number | null;
  lift_reason: string | null;
}

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
  executed_at: number;
  booked_at: number;
  alerted_at: ColumnType<number | null, number | null | undefined, number | null>;
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

type DefaultNull<T> = ColumnType<T | null, T | null | undefined, T | null>;

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

export interface GuardsTable {
  strategy_id: string;
  symbol: string;
  account_id: string;
  exchange: string;
  spec: JsonColumn<Guard['spec']>;
  set_by: string;
  entry_at: number;
  state: Guard['state'];
  ending: Guard['ending'];
  side: Guard['side'];
  quantity: DefaultString;
  stop_price: string | null;
  stop_kind: Guard['levels']['stopKind'];
  profit_price: string | null;
  best_price: string;
  generation: DefaultNumber;
  orders_made: DefaultNumber;
  working: ColumnType<Guard['order'], string | null | undefined, string | null>;
  exit: Guard['exit'];
  clearing: boolean;
  failures: number;
  retry_at: number | null;
  reason: string | null;
  opened_at: number;
  updated_at: number;
}

export interface UsersTable {
  name: string;
  role: Role;
  password_hash: string;
  created_at: number;
}

export interface AuditLogTable {
  id: Generated<number>;
  at: number;
  actor: string;
  action: string;
  target: string;
  detail: ColumnType<Json, string | undefined, string>;
}

export interface SettingsTable {
  key: string;
  value: string;
}

export interface PaperOrdersTable {
  account_id: string;
  client_order_id: string;
  payload: JsonColumn<Json>;
  updated_at: number;
}

export interface PaperBalancesTable {
  account_id: string;
  asset: string;
  amount: string;
}

export interface Database {
  accounts: AccountsTable;
  opening_balances: OpeningBalancesTable;
  strategies: StrategiesTable;
  strategy_quotas: StrategyQuotasTable;
  strategy_checkpoints: StrategyCheckpointsTable;
  outbox: OutboxTable;
  orders: OrdersTable;
  legs: LegsTable;
  fills: FillsTable;
  ledger_entries: LedgerEntriesTable;
  positions: PositionsTable;
  position_history: PositionHistoryTable;
  strategy_perpetuals: StrategyPerpetualsTable;
  funding_payments: FundingPaymentsTable;
  order_events: OrderEventsTable;
  balances: BalancesTable;
  manager_orders: ManagerOrdersTable;
  trades: TradesTable;
  equity_snapshots: EquitySnapshotsTable;
  klines: KlinesTable;
  halts: HaltsTable;
  account_trades: AccountTradesTable;
  reconciliation_marks: ReconciliationMarksTable;
  reconciliation_runs: ReconciliationRunsTable;
  reconciliation_findings: ReconciliationFindingsTable;
  guards: GuardsTable;
  users: UsersTable;
  audit_log: AuditLogTable;
  settings: SettingsTable;
  paper_orders: PaperOrdersTable;
  paper_balances: PaperBalancesTable;
}
