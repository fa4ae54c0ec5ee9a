-- Halts that flatten, that tell why they were lifted, and whether their cleaning up is done; strategies that
-- are paused, and what becomes of them when their code fails.

alter table halts
  -- Positions it covers are closed as well.
  add column flatten     boolean not null default false,
  -- When no order it stops was open any more, and what it had to flatten was flat.
  add column cleaned_at  bigint,
  add column lift_reason text;

drop index halts_active;
-- One halt in force for a scope and target: setting it again is the same halt.
create unique index halts_active on halts (scope, target) where lifted_at is null;

alter table strategies
  add column failure_policy jsonb not null default '{"onFailure": "stop"}';
comment on column strategies.status is 'created, running, paused, stopping, stopped, failed';
