-- Studies: searches of parameters that Temporal carries out, and every trial of theirs.

create table studies (
  id          text    primary key,
  -- What was asked for; workers read strategy, data and search from it.
  spec        jsonb   not null,
  asked_by    text    not null,
  status      text    not null check (status in ('running', 'paused', 'done', 'failed', 'cancelled')),
  -- Why it is paused, failed or cancelled, and of a failure the code.
  reason      text,
  reason_code text,
  -- Of the bars it began with: every worker's must be the same. Null until a worker has read them.
  fingerprint text,
  -- The report; null until it is done.
  report      jsonb,
  created_at  bigint  not null,
  ended_at    bigint
);
create index studies_newest on studies (created_at desc);

create table study_trials (
  study_id      text    not null references studies (id),
  -- In the order asked for, from 1.
  number        integer not null,
  parameters    jsonb   not null,
  -- Of the run in sample; all null until it has been made. A failure is what the strategy threw.
  outcome       jsonb,
  score         double precision,
  failure       text,
  -- Of the run out of sample, which only the best have.
  out_of_sample jsonb,
  primary key (study_id, number)
);
