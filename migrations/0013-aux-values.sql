-- Auxiliary data as it was published: what a strategy is told by `ctx.aux(name)`.

create table aux_values (
  -- As in strategies/aux-names.ts: 'funding:binance-usdm:BTC/USDT:USDT'.
  name          text    not null,
  published_at  bigint  not null,
  value         numeric not null,
  primary key (name, published_at)
);
