-- Legs of stop orders, and legs that must not open or turn a position.
alter table legs add column stop_price numeric;
alter table legs add column reduce_only boolean not null default false;
