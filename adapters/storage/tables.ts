/** The database of migrations/ as Kysely sees it. How columns are read and written: columns.ts. */
import type { ColumnType, Generated } from 'kysely';
import type { Json } from '../../core/json.ts';
import type { Interval } from '../../core/time.ts';
import type { Role } from '../repositories.ts';
import type { JsonColumn } from './columns.ts';
import type {
  AccountsTable,
  BalancesTable,
  EquitySnapshotsTable,
  FundingPaymentsTable,
  LedgerEntriesTable,
  ManagerOrdersTable,
  OpeningBalancesTable,
  PositionHistoryTable,
  PositionsTable,
  TradesTable,
} from './book-tables.ts';
import type {
  FillsTable,
  GuardsTable,
  HaltsTable,
  LegsTable,
  OrderEventsTable,
  OrdersTable,
} from './order-tables.ts';
import type {
  AccountTradesTable,
  ReconciliationFindingsTable,
  ReconciliationMarksTable,
  ReconciliationRunsTable,
} from './reconciliation-tables.ts';
import type {
  OutboxTable,
  StrategiesTable,
  StrategyCheckpointsTable,
  StrategyPerpetualsTable,
  StrategyQuotasTable,
} from './strategy-tables.ts';
import type { StudiesTable, StudyTrialsTable } from './study-tables.ts';

export interface AuxValuesTable {
  name: string;
  published_at: number;
  value: string;
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
  aux_values: AuxValuesTable;
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
  studies: StudiesTable;
  study_trials: StudyTrialsTable;
}
