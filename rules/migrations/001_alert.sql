-- Alerts and every step of their lives. Written only by the projector of the alert journal, which may do it again.
create table alert (
  id text primary key,
  rule text not null,
  rule_version integer not null,
  subject text not null,
  site text not null,
  level text not null check (level in ('red', 'orange', 'yellow', 'blue')),
  state text not null check (state in ('unacknowledged', 'acknowledged', 'returned-unacknowledged', 'normal')),
  title jsonb not null,
  why jsonb not null,
  unit text not null,
  limit_value double precision,
  value double precision,
  worst double precision,
  -- Effective time of the condition's set and return.
  set_at timestamptz not null,
  returned_at timestamptz,
  -- Number of the newest transition: an older state never replaces a newer one.
  last_n integer not null
);

-- The backstop of "one open alert per rule and subject"; the engine's memory is what keeps it.
create unique index alert_one_open on alert (rule, subject) where state <> 'normal';
create index alert_by_time on alert (set_at desc);
create index alert_by_site on alert (site, set_at desc);

create table alert_transition (
  alert text not null references alert (id),
  n integer not null,
  kind text not null check (kind in ('raised', 'acknowledged', 'returned', 'raised-again', 'closed')),
  state text not null,
  at timestamptz not null,
  recorded_at timestamptz not null,
  by text,
  comment text,
  value double precision,
  primary key (alert, n)
);

-- One row an alert for the console; the column alert is the model's Alert as JSON, with all of its transitions.
create view api_alert as
select a.id, a.rule, a.rule_version, a.subject, a.site, a.level, a.state, a.set_at, a.returned_at,
  jsonb_build_object(
    'id', a.id, 'rule', a.rule, 'ruleVersion', a.rule_version, 'subject', a.subject, 'site', a.site,
    'level', a.level, 'state', a.state, 'title', a.title, 'why', a.why, 'unit', a.unit,
    'limit', a.limit_value, 'value', a.value, 'worst', a.worst,
    'setMs', round(extract(epoch from a.set_at) * 1000)::bigint,
    'returnedMs', round(extract(epoch from a.returned_at) * 1000)::bigint,
    'transitions', (
      select jsonb_agg(jsonb_build_object(
        'n', t.n, 'kind', t.kind, 'state', t.state,
        'atMs', round(extract(epoch from t.at) * 1000)::bigint,
        'recordedMs', round(extract(epoch from t.recorded_at) * 1000)::bigint,
        'by', t.by, 'comment', t.comment, 'value', t.value) order by t.n)
      from alert_transition t where t.alert = a.id)
  ) as alert
from alert a;
