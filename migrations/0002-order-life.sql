-- The whole life of an order: stop legs, approval by a person, amending, several legs one after another.

alter table legs add column stop_price numeric;
-- The venue must not open or turn a position with it.
alter table legs add column reduce_only boolean not null default false;

-- An order worth more, in quote, waits for a person; null: the configured limit.
alter table strategy_quotas add column approval_notional numeric;

-- 'approved' or 'rejected', by whom, when (wall clock) and with what note; null while nobody has decided.
alter table orders add column approval text check (approval in ('approved', 'rejected'));
alter table orders add column approved_by text;
alter table orders add column approved_at bigint;
alter table orders add column approval_note text;
-- Its workflow will send another leg: that all legs have ended does not mean that the order ends.
alter table orders add column more_legs boolean not null default false;
