-- What admission decided on and what it decided (core/decision.ts), so that other rules can decide it again.
alter table orders add column admission jsonb;
