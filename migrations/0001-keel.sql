-- Keel's tables. Amounts are numeric, times are milliseconds UTC in bigint.

create table accounts (
  id          text primary key,
  exchange    text   not null,
  mode        text   not null check (mode in ('paper', 'sandbox', 'live')),
  -- 'received', 'quote' or an asset's name: what the venue takes its fee in.
  fee_in      text   not null,
  created_at  bigint not null
);

-- What the account held before Keel's first order; the ledger adds to it.
create table opening_balances (
  account_id  text    not null references accounts (id),
  asset       text    not null,
  amount      numeric not null,
  recorded_at bigint  not null,
  primary key (account_id, asset)
);

create table strategies (
  id          text primary key,
  name        text   not null,
  type        text   not null,
  account_id  text   not null references accounts (id),
  exchange    text   not null,
  config      jsonb  not null,
  -- 'created', 'running', 'stopping', 'stopped', 'failed'
  status      text   not null,
  status_reason text,
  -- New each time a person starts it.
  run_id      text,
  created_by  text   not null,
  created_at  bigint not null,
  updated_at  bigint not null
);

create table strategy_quotas (
  strategy_id        text primary key references strategies (id) on delete cascade,
  -- Quote the strategy may work with.
  allocation         numeric not null check (allocation >= 0),
  -- Largest position per symbol, in base; null: no limit.
  max_position       numeric,
  -- Largest single order, in quote; null: no limit.
  max_order_notional numeric,
  max_orders_per_day integer
);

-- The runner's memory: one row an instance, rewritten after each bar by the holder of the epoch.
create table strategy_checkpoints (
  strategy_id  text primary key references strategies (id) on delete cascade,
  run_id       text   not null,
  epoch        bigint not null,
  -- Fixed when the run began: bars closed up to here only warm up. Null until the first claim.
  anchor_at    bigint,
  -- feed key → closeAt of the last bar handled.
  offsets      jsonb  not null,
  -- symbol → last sequence number given out.
  sequences    jsonb  not null,
  state        jsonb,
  -- The positions and funds the last bar was decided on.
  snapshot     jsonb,
  updated_at   bigint not null
);

create table outbox (
  signal_id    text primary key,
  strategy_id  text   not null,
  run_id       text   not null,
  symbol       text   not null,
  sequence     integer not null,
  signal       jsonb  not null,
  created_at   bigint not null,
  published_at bigint
);
create index outbox_unpublished on outbox (created_at) where published_at is null;
create index outbox_run on outbox (strategy_id, run_id);

-- Intents: one row a signal, for ever. The primary key refuses a second run even past Temporal's retention.
create table orders (
  order_id           text primary key,
  workflow_run_id    text    not null,
  strategy_id        text    not null references strategies (id),
  strategy_type      text    not null,
  run_id             text    not null,
  source_kind        text    not null,
  source_name        text    not null,
  account_id         text    not null references accounts (id),
  exchange           text    not null,
  symbol             text    not null,
  sequence           integer not null,
  side               text    not null check (side in ('buy', 'sell')),
  type               text    not null,
  price              numeric,
  quantity           numeric not null check (quantity >= 0),
  filled_quantity    numeric not null default 0,
  filled_quote       numeric not null default 0,
  -- Quote still held back for the unfilled rest; zero for sells and once final.
  reserved_quote     numeric not null default 0,
  -- Quote held back per base unit, so that a fill releases its share.
  reserve_price      numeric not null default 0,
  reducing           boolean not null,
  state              text    not null,
  status             text    not null,
  reason_code        text,
  reason             text,
  -- What checkRisk saw and said: inputs, rule versions, verdicts.
  risk               jsonb,
  signal             jsonb   not null,
  tag                text    not null,
  version            integer not null default 0,
  event_time         bigint  not null,
  valid_until        bigint  not null,
  trading_day        date    not null,
  created_at         bigint  not null,
  updated_at         bigint  not null,
  finished_at        bigint
);
create index orders_strategy on orders (strategy_id, symbol);
create index orders_created on orders (created_at, order_id);
create index orders_status on orders (status);
create index orders_open on orders (strategy_id, symbol) where finished_at is null;
create index orders_reserving on orders (account_id) where finished_at is null;
create index orders_day on orders (strategy_id, trading_day);

create table legs (
  client_order_id  text primary key,
  order_id         text    not null references orders (order_id),
  leg_number       integer not null,
  account_id       text    not null,
  exchange         text    not null,
  symbol           text    not null,
  side             text    not null,
  type             text    not null,
  price            numeric,
  quantity         numeric not null check (quantity > 0),
  filled_quantity  numeric not null default 0,
  filled_quote     numeric not null default 0,
  venue_order_id   text,
  state            text    not null,
  -- 'new' → 'sending' → 'sent'; only a compare-and-set moves it.
  send_state       text    not null default 'new' check (send_state in ('new', 'sending', 'sent')),
  -- Ms by the venue's clock, after which neither we nor the venue may act on the request in flight.
  send_deadline    bigint,
  send_count       integer not null default 0,
  error_code       text,
  error_message    text,
  created_at       bigint  not null,
  updated_at       bigint  not null,
  unique (order_id, leg_number)
);
create index legs_live on legs (account_id, symbol)
  where state not in ('filled', 'cancelled', 'expired', 'rejected');

create table fills (
  exchange         text    not null,
  account_id       text    not null,
  symbol           text    not null,
  venue_trade_id   text    not null,
  client_order_id  text    not null references legs (client_order_id),
  order_id         text    not null references orders (order_id),
  strategy_id      text    not null references strategies (id),
  venue_order_id   text    not null,
  side             text    not null,
  price            numeric not null,
  quantity         numeric not null,
  fee_amount       numeric not null,
  fee_asset        text    not null,
  liquidity        text    not null,
  executed_at      bigint  not null,
  booked_at        bigint  not null,
  -- 'placeOrder', 'trackOrder', 'reconcile' …: who saw it first.
  booked_by        text    not null,
  primary key (account_id, symbol, venue_trade_id)
);
create index fills_order on fills (order_id);
create index fills_strategy on fills (strategy_id, symbol, executed_at);

-- Every movement of an account's assets. Balances are its sum.
create table ledger_entries (
  id           bigint generated always as identity primary key,
  account_id   text    not null,
  strategy_id  text    not null,
  asset        text    not null,
  amount       numeric not null,
  -- 'trade' or 'fee'
  kind         text    not null,
  symbol       text    not null,
  venue_trade_id text  not null,
  booked_at    bigint  not null,
  unique (account_id, symbol, venue_trade_id, asset, kind)
);
-- Carries the amount, so that a sum reads the index alone.
create index ledger_account on ledger_entries (account_id, asset) include (amount);

-- The row that admission locks: one a strategy and symbol.
create table positions (
  strategy_id   text    not null references strategies (id),
  account_id    text    not null,
  exchange      text    not null,
  symbol        text    not null,
  quantity      numeric not null default 0,
  cost          numeric not null default 0,
  realised_pnl  numeric not null default 0,
  quote_flow    numeric not null default 0,
  fees          jsonb   not null default '{}',
  updated_at    bigint  not null,
  primary key (strategy_id, symbol)
);

create table position_history (
  id             bigint generated always as identity primary key,
  strategy_id    text    not null,
  symbol         text    not null,
  venue_trade_id text    not null,
  quantity       numeric not null,
  cost           numeric not null,
  realised_pnl   numeric not null,
  at             bigint  not null
);
create index position_history_strategy on position_history (strategy_id, symbol, id);

-- An order's life as its workflow told it; also what the bus carried.
create table order_events (
  order_id  text    not null references orders (order_id),
  version   integer not null,
  status    text    not null,
  event     jsonb   not null,
  at        bigint  not null,
  primary key (order_id, version)
);

-- Derived by the manager; can be rebuilt from the ledger.
create table balances (
  account_id  text    not null references accounts (id),
  asset       text    not null,
  total       numeric not null,
  reserved    numeric not null default 0,
  updated_at  bigint  not null,
  primary key (account_id, asset)
);

create table manager_orders (
  order_id  text primary key,
  version   integer not null
);

create table trades (
  strategy_id  text    not null,
  symbol       text    not null,
  trade_number integer not null,
  side         text    not null,
  entry_at     bigint  not null,
  exit_at      bigint,
  entry_tag    text    not null,
  exit_tag     text,
  quantity     numeric not null,
  entry_price  numeric not null,
  exit_price   numeric,
  pnl          numeric,
  fees         numeric not null,
  mae          numeric,
  mfe          numeric,
  primary key (strategy_id, symbol, trade_number)
);

create table equity_snapshots (
  strategy_id    text    not null,
  at             bigint  not null,
  equity         numeric not null,
  cash           numeric not null,
  position_value numeric not null,
  realised_pnl   numeric not null,
  unrealised_pnl numeric not null,
  utilisation    numeric not null,
  primary key (strategy_id, at)
);

create table klines (
  exchange  text    not null,
  symbol    text    not null,
  interval  text    not null,
  open_at   bigint  not null,
  close_at  bigint  not null,
  open      numeric not null,
  high      numeric not null,
  low       numeric not null,
  close     numeric not null,
  volume    numeric not null,
  primary key (exchange, symbol, interval, open_at)
);

-- A halt in force has no lifted_at. The step that sends reads it in the statement that claims the send.
create table halts (
  id         bigint generated always as identity primary key,
  -- 'all', 'strategy', 'exchange' or 'symbol'; target names which.
  scope      text   not null check (scope in ('all', 'strategy', 'exchange', 'symbol')),
  target     text   not null default '',
  reason     text   not null,
  set_by     text   not null,
  set_at     bigint not null,
  lifted_by  text,
  lifted_at  bigint
);
create index halts_active on halts (scope, target) where lifted_at is null;

create table users (
  name          text primary key,
  -- 'viewer', 'trader', 'risk', 'admin'
  role          text   not null,
  password_hash text   not null,
  created_at    bigint not null
);

create table audit_log (
  id      bigint generated always as identity primary key,
  at      bigint not null,
  actor   text   not null,
  action  text   not null,
  target  text   not null,
  detail  jsonb  not null default '{}'
);

-- Small facts the stack keeps for itself, such as the token-signing secret of an embedded run.
create table settings (
  key   text primary key,
  value text not null
);

-- The paper venue's own books, when paper trading.
create table paper_orders (
  account_id       text    not null,
  client_order_id  text    not null,
  payload          jsonb   not null,
  updated_at       bigint  not null,
  primary key (account_id, client_order_id)
);
create table paper_balances (
  account_id  text    not null,
  asset       text    not null,
  amount      numeric not null,
  primary key (account_id, asset)
);
