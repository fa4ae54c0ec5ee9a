-- What a trade of somebody else on a contract realised, by the venue's word.

alter table account_trades add column realised_pnl numeric;
comment on column account_trades.realised_pnl is 'settlement asset, without the fee; null on spot';
comment on column reconciliation_findings.kind is
  'stray-order, lost-order, unknown-trade, foreign-contract-trade, balance-off, position-off';
