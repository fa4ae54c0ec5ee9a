-- Rate budgets, one row a bucket (an address, an account, an instrument of an account), shared by every process.

create table rate_budgets (
  key          text primary key,
  window_ms    bigint  not null check (window_ms > 0),
  -- Number of the window that count is of; previous is the count of the window before.
  window_index bigint  not null,
  count        bigint  not null default 0,
  previous     bigint  not null default 0,
  -- The venue asked for silence until then, ms UTC by this server's clock; 0: it did not.
  silent_until bigint  not null default 0,
  banned       boolean not null default false
) with (fillfactor = 50);

-- Brings the buckets to the window of now, ms UTC, locked in one order. wanted: [{key, windowMs, …}].
create function roll_rate_budgets(wanted jsonb, at bigint) returns bigint
language plpgsql as $$
declare
  now_ms bigint;
begin
  -- What a crash of the server could lose costs an answer of 429; waiting for the disk would cost every request.
  perform set_config('synchronous_commit', 'off', true);
  insert into rate_budgets (key, window_ms, window_index)
    select w.key, w."windowMs", 0 from jsonb_to_recordset(wanted) w (key text, "windowMs" bigint)
    order by w.key on conflict (key) do nothing;
  perform from rate_budgets
    where key in (select w.key from jsonb_to_recordset(wanted) w (key text)) order by key for no key update;
  -- Read once the locks are held: who waited for them must not count in a window that is over. One clock for all.
  now_ms := coalesce(at, (extract(epoch from clock_timestamp()) * 1000)::bigint);
  update rate_budgets b set
    previous = case when b.window_ms = w."windowMs" and b.window_index = now_ms / w."windowMs" - 1
      then b.count else 0 end,
    count = 0, window_ms = w."windowMs", window_index = now_ms / w."windowMs"
    from jsonb_to_recordset(wanted) w (key text, "windowMs" bigint)
    where b.key = w.key
      and (b.window_ms <> w."windowMs" or b.window_index <> now_ms / w."windowMs");
  return now_ms;
end $$;

-- Counts a request in all its buckets or in none.
-- wanted: [{key, windowMs, limit, rolling, cost}]. Gives {"at": ms, "used": {key: count}}, or
-- {"at": ms, "refusal": {"why": "silent"|"spent", "key", "waitMs", "banned", "used"}}.
create function take_rate_budget(wanted jsonb, share numeric, at bigint) returns jsonb
language plpgsql as $$
declare
  now_ms bigint := roll_rate_budgets(wanted, at);
  refusal jsonb;
begin
  select jsonb_build_object('why', case when r.silent then 'silent' else 'spent' end, 'key', r.key,
      'waitMs', r.wait_ms, 'banned', r.banned, 'used', r.used) into refusal
    from (
      select b.key, b.banned, b.silent_until > now_ms as silent,
        case when b.silent_until > now_ms then b.silent_until - now_ms
          else (b.window_index + 1) * b.window_ms - now_ms end as wait_ms,
        b.count + case when w.rolling then b.previous else 0 end as used, w.cost, w."limit"
      from jsonb_to_recordset(wanted) w (key text, "limit" numeric, rolling boolean, cost bigint)
      join rate_budgets b on b.key = w.key
    ) r
    where r.silent or r.used + r.cost > r."limit" * share
    order by r.wait_ms desc limit 1;
  if refusal is not null then
    return jsonb_build_object('at', now_ms, 'refusal', refusal);
  end if;
  update rate_budgets b set count = b.count + w.cost
    from jsonb_to_recordset(wanted) w (key text, cost bigint) where b.key = w.key;
  return jsonb_build_object('at', now_ms, 'used', (
    select jsonb_object_agg(b.key, b.count) from rate_budgets b
    join jsonb_to_recordset(wanted) w (key text) on b.key = w.key));
end $$;

-- Writes down what the venue told after a request that was counted at taken_at.
-- news: [{key, windowMs, used, silentMs, banned}], where used and silentMs may be null.
create function hear_rate_budget(news jsonb, taken_at bigint, at bigint) returns void
language plpgsql as $$
declare
  now_ms bigint := roll_rate_budgets(news, at);
begin
  update rate_budgets b set
    -- A count of a window that is over says nothing of this one.
    count = case when taken_at / b.window_ms = b.window_index
      then greatest(b.count, n.used) else b.count end,
    banned = case when now_ms + n."silentMs" > b.silent_until then n.banned else b.banned end,
    silent_until = greatest(b.silent_until, now_ms + n."silentMs")
    from jsonb_to_recordset(news) n (key text, used bigint, "silentMs" bigint, banned boolean)
    where b.key = n.key;
end $$;
