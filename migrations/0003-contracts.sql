-- Linear contracts: funding, margin, and the strategy to which an account's position in a contract belongs.

-- Funding received (+) or paid (−) so far, in the settlement asset. It is part of realised_pnl.
alter table positions add column funding numeric not null default 0;
-- Notional per margin, as it was at the account when the strategy last ordered. Spot: 1, and not read.
alter table positions add column leverage numeric not null default 1 check (leverage >= 1);

-- A one-way account has one position a contract; the primary key gives it to one strategy, whoever races.
create table strategy_perpetuals (
  account_id   text   not null references accounts (id),
  symbol       text   not null,
  strategy_id  text   not null references strategies (id) on delete cascade,
  claimed_at   bigint not null,
  primary key (account_id, symbol)
);
create index strategy_perpetuals_strategy on strategy_perpetuals (strategy_id);

-- Each funding payment of the venue, once.
create table funding_payments (
  account_id       text    not null references accounts (id),
  symbol           text    not null,
  venue_funding_id text    not null,
  strategy_id      text    not null references strategies (id),
  asset            text    not null,
  amount           numeric not null,
  paid_at          bigint  not null,
  booked_at        bigint  not null,
  primary key (account_id, symbol, venue_funding_id)
);
create index funding_payments_strategy on funding_payments (strategy_id, symbol, paid_at);
