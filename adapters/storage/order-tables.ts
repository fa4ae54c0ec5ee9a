/** Tables of orders, and of what guards and halts them. How columns are read and written: columns.ts. */
import type { ColumnType, Generated } from 'kysely';
import type { RecordedAdmission } from '../../core/decision.ts';
import type { Route } from '../../core/execution/route.ts';
import type { Side } from '../../core/fill.ts';
import type { Guard } from '../../core/guard.ts';
import type { Json } from '../../core/json.ts';
import type { IntentState, LegState, OrderStatus } from '../../core/order.ts';
import type { RiskReport } from '../../core/risk/rule.ts';
import type { OrderType, Signal, SignalSource, TimeInForce } from '../../core/signal.ts';
import type { Leg } from '../order-repository.ts';
import type { Halt } from '../repositories.ts';
import type { DefaultNull, DefaultNumber, DefaultString, JsonColumn } from './columns.ts';

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
  stop_price: DefaultNull<string>;
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

export interface OrderEventsTable {
  order_id: string;
  version: number;
  status: OrderStatus;
  event: JsonColumn<Json>;
  at: number;
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
