-- What stands between a position and its losses: one row a strategy and symbol, for ever. A guard is live while
-- its state is not 'ended'. Live guards and positions belong together: see GuardRepository.unguarded.
create table guards (
  strategy_id   text    not null references strategies (id),
  symbol        text    not null,
  account_id    text    not null,
  exchange      text    not null,
  -- The stops as they were asked for: fractions of the average cost, or prices.
  spec          jsonb   not null,
  -- 'order:<id>' of the entry that brought them, or 'person:<name>'.
  set_by        text    not null,
  -- created_at of the newest entry that brought stops: an older one's later fills change nothing.
  entry_at      bigint  not null,
  state         text    not null check (state in ('arming', 'armed', 'standing_aside', 'closing', 'ended')),
  ending        text    check (ending in ('flat', 'dust', 'cleared')),
  side          text    check (side in ('long', 'short')),
  -- Held, unsigned, in base, at the last look; of an ended guard what it left.
  quantity      numeric not null default 0,
  stop_price    numeric,
  stop_kind     text    check (stop_kind in ('stop-loss', 'trailing')),
  profit_price  numeric,
  best_price    numeric not null,
  -- Counts the sets of levels; a price trigger names the one it saw.
  generation    integer not null default 0,
  -- Orders it ever made; the next one's id follows from it.
  orders_made   integer not null default 0,
  -- {kind, signal, withdrawn} of the order by which it acts now.
  working       jsonb,
  exit          text    check (exit in ('stop-loss', 'trailing', 'take-profit')),
  clearing      boolean not null default false,
  failures      integer not null default 0,
  retry_at      bigint,
  reason        text,
  -- Market time from which prices count.
  opened_at     bigint  not null,
  updated_at    bigint  not null,
  primary key (strategy_id, symbol),
  check ((state = 'ended') = (ending is not null))
);
create index guards_live on guards (exchange, symbol) where state <> 'ended';
