-- Alerts that were found in readings which came late, and what such readings do to others.
alter table alert add column late boolean not null default false;
alter table alert_transition drop constraint alert_transition_kind_check;
alter table alert_transition add constraint alert_transition_kind_check check (
  kind in ('raised', 'acknowledged', 'returned', 'raised-again', 'closed', 'raised-late', 'amended', 'withdrawn'));

create or replace view api_alert as
select a.id, a.rule, a.rule_version, a.subject, a.site, a.level, a.state, a.set_at, a.returned_at,
  jsonb_build_object(
    'id', a.id, 'rule', a.rule, 'ruleVersion', a.rule_version, 'subject', a.subject, 'site', a.site,
    'level', a.level, 'state', a.state, 'late', a.late, 'title', a.title, 'why', a.why, 'unit', a.unit,
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
