-- A split order leaves a position on several accounts: one row an account.
alter table positions drop constraint positions_pkey;
alter table positions add primary key (strategy_id, symbol, account_id);

alter table position_history add column account_id text;
update position_history h set account_id = s.account_id from strategies s where s.id = h.strategy_id;
alter table position_history alter column account_id set not null;

-- Where an order with an execution plan is worked, and why there; null for an order of one leg.
alter table orders add column route jsonb;
