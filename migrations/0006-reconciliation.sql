-- Reconciliation: what the venue says of an account against our books.

-- Market time at which the opening balances were read; null for accounts opened before this was kept.
alter table accounts add column opened_at bigint;

-- Null: of the account itself, no strategy's (a foreign trade, a transfer).
alter table ledger_entries alter column strategy_id drop not null;

-- Trades on the account that are not of Keel's orders.
create table account_trades (
  account_id       text    not null references accounts (id),
  exchange         text    not null,
  symbol           text    not null,
  venue_trade_id   text    not null,
  venue_order_id   text    not null,
  -- Null where the venue does not tell it.
  client_order_id  text,
  side             text    not null,
  price            numeric not null,
  quantity         numeric not null,
  fee_amount       numeric not null,
  fee_asset        text    not null,
  liquidity        text    not null,
  executed_at      bigint  not null,
  booked_at        bigint  not null,
  -- Null until the alert is on the bus.
  alerted_at       bigint,
  primary key (account_id, symbol, venue_trade_id)
);
create index account_trades_silent on account_trades (account_id) where alerted_at is null;

-- Market time up to which an account's trades in a symbol have been compared.
create table reconciliation_marks (
  account_id  text   not null references accounts (id),
  symbol      text   not null,
  through     bigint not null,
  primary key (account_id, symbol)
);

create table reconciliation_runs (
  account_id  text   primary key references accounts (id),
  ran_at      bigint not null
);

-- What a person must judge. Rows are never deleted once they are open.
create table reconciliation_findings (
  id            bigint generated always as identity primary key,
  account_id    text    not null references accounts (id),
  exchange      text    not null,
  -- 'stray-order', 'lost-order', 'unknown-trade', 'balance-off', 'position-off'
  kind          text    not null,
  -- What it is about: a client order id, a trade, an asset, a symbol.
  subject       text    not null,
  symbol        text,
  message       text    not null,
  -- Venue − ours, where it is an amount.
  off           numeric,
  -- 'suspected': seen once, may have been in flight.
  state         text    not null check (state in ('suspected', 'open', 'resolved')),
  first_seen_at bigint  not null,
  last_seen_at  bigint  not null,
  alerted_at    bigint,
  resolved_at   bigint,
  resolved_by   text,
  resolution    text
);
create unique index reconciliation_findings_unresolved
  on reconciliation_findings (account_id, kind, subject) where state <> 'resolved';
